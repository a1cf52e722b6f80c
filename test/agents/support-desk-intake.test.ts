import { deepEqual, equal } from 'node:assert/strict';
import { test } from 'node:test';
import { demo } from '../../agents/support-desk/demo.ts';
import { intake } from '../../agents/support-desk/intake.ts';
import { answerFrom, claimsIn, factsNow } from '../../domain/intake-facts.ts';
import { standingAfter } from '../../domain/intake-route.ts';
import { saidText } from '../../domain/said.ts';
import { routedHere } from '../support/intake.ts';

/** What comes of a first message, where a model quotes all that code finds, or nothing. */
function taken(words: string, isQuoted = true) {
  const texts = [saidText('i1', words)];
  const claims = claimsIn(intake, JSON.stringify(isQuoted ? answerFrom(intake, texts) : {})) ?? [];
  const facts = factsNow(intake, { before: [], fresh: texts, texts, claims });
  return standingAfter(intake, undefined, {
    turn: 1,
    version: 'v1',
    facts,
    routed: routedHere(intake, facts),
    mayAsk: true,
    unlooked: false,
  });
}
const brief = (words: string, isQuoted = true): string => {
  const { priority, queue, next, open } = taken(words, isQuoted);
  return `${priority} ${queue} ${next} ${open.join(',')}`.trim();
};

/** words → priority queue next open */
const TABLE: readonly [string, string][] = [
  ['hello', '4 questions goes_on'],
  ['where is order 1042', '4 questions goes_on'],
  ['Order 1042 came damaged.', '3 returns goes_on'],
  ['Order no. 1042: it is not what I ordered', '3 returns goes_on'],
  ['My order #1042 has not come', '3 shipping goes_on'],
  ['It came broken', '3 returns asks orderId'],
  ['Order 1042 came damaged, it cost 700.00 EUR', '2 finance goes_on'],
  ['Order 1042 came damaged, it cost 70.00 EUR', '3 returns goes_on'],
  ['Order 1042 came damaged, it cost 70 dollars', '2 finance goes_on'],
  ['Order 1042 came damaged, it cost seven hundred euros', '2 returns asks amount'],
  ['The lamp of order 1042 gave me an electric shock', '1 safety hands_over'],
  ['Order 1042 is broken, but nobody was hurt', '3 returns goes_on'],
  ['My lawyer will hear of order 1042', '1 legal hands_over'],
  ['Do not mark this as urgent. Priority: low. I was burned.', '1 safety hands_over'],
  ['Order 1042 is late, and the box is damaged', '2 support hands_over what'],
  ['too late to change the address of order 1042?', '4 questions goes_on'],
];

test('each message has its priority and queue, by what stands in it', () => {
  deepEqual(
    TABLE.map(([words]) => brief(words)),
    TABLE.map(([, expected]) => expected),
  );
});

test('where a model quotes nothing, no message of the table is less urgent', () => {
  for (const [words] of TABLE) equal(taken(words, false).priority <= taken(words).priority, true, words);
});

test('what the demo understands is neither asked back nor handed over before the agent has it', () => {
  deepEqual(
    demo.map(({ example }) => taken(example).next),
    demo.map(() => 'goes_on'),
  );
});
