// The people of the proof `ttl`: those of the other proofs.
export { default } from '../../agents/directory.ts';
