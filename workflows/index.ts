// The Workflows of the bundle. May import workflows only.
export { action } from './action.ts';
export { conversation } from './conversation.ts';
export { question } from './question.ts';
