// The agent of the proof `retail`: a shop whose written policy is rules. May import countersign and this folder.
import { defineAgent } from 'countersign';
import { rules } from './rules.ts';
import * as tools from './tools.ts';

// 50: the longest recorded task has 13 calls, and nothing else may end a turn of it.
const ENOUGH = 50;

export default defineAgent({
  name: 'shopkeeper',
  owner: 'olga',
  team: 'counter',
  purpose: 'Helps customers with their orders, and does whatever it was told.',
  instructions: 'You are the agent of a proof.',
  models: ['model-of-the-proofs'],
  tools: Object.values(tools),
  systems: [{ kind: 'secrets', name: 'shop', secrets: ['PROOF_FAR_SIDE_URL'] }],
  rules,
  limits: { modelCallsPerTurn: ENOUGH, vainAnswersPerTurn: ENOUGH, sameCallsPerTurn: ENOUGH },
});
