// The agent of the proofs: one tool of each kind, and a rule for each, so that one message leads to a read, a write that
// is allowed and one that people are asked about. May import countersign and this folder.
import { allow, ask, defineAgent, rule } from 'countersign';
import { look, note, pay } from './tools.ts';

export default defineAgent({
  name: 'prover',
  owner: 'olga',
  team: 'support',
  purpose: 'Is killed, cut off and overloaded, and must lose nothing.',
  instructions: 'You are the agent of a proof.',
  models: ['model-of-the-proofs'],
  tools: [look, note, pay],
  systems: [{ kind: 'secrets', name: 'far', secrets: ['PROOF_FAR_SIDE_URL'] }],
  rules: [
    rule('look', look, () => allow()),
    rule('note', note, () => allow()),
    rule('pay', pay, () => ask({ group: 'finance' })),
  ],
});
