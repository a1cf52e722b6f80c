// The rules that the proof edits, one line for each thing that it changes. May import countersign and this folder.
import { allow, amountOf, ask, deny, inGroup, isMailTo, destinations, rule } from 'countersign';
import { sendLetter, transfer } from './tools.ts';

const LIMIT_CENTS = 500_000;
const LARGE_CENTS = 50_000;
const SMALL_CENTS = 2_000;
const NIGHT_FROM = 22;
const HOUSE = destinations('house.example');
const LARGE_QUORUM = 2;
const REST_GROUP = 'finance';

const hourOf = (ms: number): number => new Date(ms).getUTCHours();

export const rules = [
  rule('all.frozen', ({ evidence }) =>
    evidence?.record['state'] === 'frozen' ? deny('the account is frozen') : undefined,
  ),
  rule('transfer.stranger', transfer, ({ origin }) =>
    origin('to') === 'untrusted' ? ask({ group: 'security' }) : undefined,
  ),
  rule('transfer.limit', transfer, ({ input }) => (input.cents > LIMIT_CENTS ? deny('above the limit') : undefined)),
  rule('transfer.large', transfer, ({ input }) =>
    input.cents > LARGE_CENTS
      ? ask({ group: 'finance', quorum: LARGE_QUORUM, amount: amountOf(input.cents, input.currency) })
      : undefined,
  ),
  rule('transfer.trusted', transfer, (action) => (inGroup(action, 'trusted') ? allow() : undefined)),
  rule('transfer.night', transfer, ({ nowMs }) => (hourOf(nowMs) >= NIGHT_FROM ? deny('not at night') : undefined)),
  rule('transfer.small', transfer, ({ input }) => (input.cents <= SMALL_CENTS ? allow() : undefined)),
  rule('transfer.rest', transfer, () => ask({ group: REST_GROUP })),
  rule('letter.step', sendLetter, ({ proposedBy }) => (proposedBy?.procedure === 'goodbye' ? allow() : undefined)),
  rule('letter.house', sendLetter, ({ input }) => (isMailTo(HOUSE, input.to) ? allow() : undefined)),
];
