// Another agent of the proof `approvals`, with a tool of the same name: leave for the one is no leave for the other.
// May import countersign and the petitioner beside it.
import { ask, defineAgent, rule } from 'countersign';
import { transfer } from '../petitioner/tools.ts';

export default defineAgent({
  name: 'imitator',
  owner: 'otto',
  team: 'support',
  purpose: 'Calls its tool as another agent does.',
  instructions: 'You are the agent of a proof.',
  models: ['model-of-the-proofs'],
  tools: [transfer],
  systems: [{ kind: 'secrets', name: 'far', secrets: ['PROOF_FAR_SIDE_URL'] }],
  rules: [rule('transfer', transfer, () => ask({ group: 'leads' }))],
});
