// The agent of the proof `drift`: it has the support desk's own intake, and says a word where nothing is to be asked. May
// import countersign, this folder and the intake on trial.
import { allow, defineAgent, rule } from 'countersign';
import { intake } from '../../../../agents/support-desk/intake.ts';
import { look } from '../prover/tools.ts';

export default defineAgent({
  name: 'clerk',
  owner: 'olga',
  team: 'support',
  purpose: 'Takes in what people write, whatever its model makes of it.',
  instructions: 'You are the agent of a proof.',
  models: ['model-of-the-proofs'],
  tools: [look],
  systems: [{ kind: 'secrets', name: 'far', secrets: ['PROOF_FAR_SIDE_URL'] }],
  rules: [rule('look', look, () => allow())],
  intake,
});
