// The agent with a memory is that of the proof `memory`.
export { default } from '../../../memory/agents/keeper/index.ts';
