// The agent of the proof `secrets`: tools that show their secrets to a far side, and hand on whatever it says. Each does
// what a careless tool does. May import countersign and this folder.
import { allow, ask, defineAgent, rule } from 'countersign';
import { books } from '../prover/books.ts';
import { consult, deposit, knock, tell, vault } from './tools.ts';

export default defineAgent({
  name: 'confidant',
  owner: 'olga',
  team: 'support',
  purpose: 'Is told secrets, and must not pass them on.',
  instructions: 'You are the agent of a proof.',
  models: ['model-of-the-proofs'],
  tools: [consult, deposit, knock, tell],
  systems: [vault, books],
  rules: [
    rule('consult', consult, () => allow()),
    rule('knock', knock, () => allow()),
    rule('tell', tell, () => allow()),
    rule('deposit', deposit, () => ask({ group: 'finance' })),
  ],
});
