// The agent of the proofs: one tool for each kind of far side, and a rule for each, so that one message leads to reads,
// writes that are allowed and writes that people are asked about. May import countersign and this folder.
import { allow, ask, defineAgent, procedure, rule } from 'countersign';
import { book, books } from './books.ts';
import type { Round } from './procedures/round.ts';
import { input as ofOrder, look, note, pay, send, shout } from './tools.ts';

// 6 s for 9,999 cents: an approval that falls due while the proof watches.
const SOON_CENTS = 9_999;
const SOON_MS = 6_000;

const round = procedure<Round>({
  name: 'round',
  version: '1',
  description: 'Note something on an order, twice',
  input: ofOrder,
  critical: ['order', 'cents'],
});

export default defineAgent({
  name: 'prover',
  owner: 'olga',
  team: 'support',
  purpose: 'Is killed, cut off and overloaded, and must lose nothing.',
  instructions: 'You are the agent of a proof.',
  models: ['model-of-the-proofs'],
  tools: [look, note, book, pay, send, shout],
  procedures: [round],
  systems: [{ kind: 'secrets', name: 'far', secrets: ['PROOF_FAR_SIDE_URL'] }, books],
  rules: [
    rule('look', look, () => allow()),
    rule('note', note, () => allow()),
    rule('book', book, () => allow()),
    rule('pay', pay, () => ask({ group: 'finance' })),
    rule('send', send, () => ask({ group: 'finance' })),
    rule('shout', shout, ({ input }) =>
      input.cents === SOON_CENTS ? ask({ group: 'finance', withinMs: SOON_MS }) : ask({ group: 'finance' }),
    ),
  ],
});
