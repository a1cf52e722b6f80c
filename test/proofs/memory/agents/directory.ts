// The people of the proof `memory`: those of the other proofs.
export { default } from '../../agents/directory.ts';
