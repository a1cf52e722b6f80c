// The Workflows of the bundle, but for that of procedures: its code comes from agents, and the bundle's own entry lists it.
// May import workflows only.
export { action } from './action.ts';
export { conversation } from './conversation.ts';
export { maintenance } from './maintenance.ts';
export { question } from './question.ts';
