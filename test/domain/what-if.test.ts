import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Verdict } from '../../domain/verdict.ts';
import {
  changeOf,
  countedOf,
  type Flip,
  isByCode,
  isFailure,
  type RecordedRuling,
  widens,
} from '../../domain/what-if.ts';
import { ALLOW, ASK, aProposal, DENY } from './builders.ts';

const KINDS = { allow: ALLOW, ask: ASK, deny: DENY } as const;

test('a verdict that becomes another kind changes, and widens where more can happen or people are asked for it at last', () => {
  const found = Object.values(KINDS).flatMap((before) =>
    Object.values(KINDS).map((after) => [before.kind, after.kind, changeOf(before, after)] as const),
  );
  for (const [before, after, change] of found)
    assert.equal(change, before === after ? undefined : `${before}_to_${after}`);
  const wide = found.flatMap(([, , change]) => (change !== undefined && widens(change) ? [change] : []));
  assert.deepEqual(wide.toSorted(), ['ask_to_allow', 'deny_to_allow', 'deny_to_ask']);
});

test('another rule, version or reason for the same verdict is no change', () => {
  for (const one of Object.values(KINDS))
    assert.equal(changeOf(one, { ...one, ruleId: 'other', ruleVersion: 'v2', reason: 'another' }), undefined);
});

const amount = { currency: 'EUR', minorUnits: 7_200 };
const escalation = [{ group: 'leads', afterMs: 10_000 }];
const BETWEEN_ASKS: readonly (readonly [what: string, before: object, after: object, change: string | undefined])[] = [
  ['other people', {}, { group: 'support' }, 'asks_less'],
  ['fewer people', { quorum: 2 }, {}, 'asks_less'],
  ['more people', {}, { quorum: 2 }, 'asks_more'],
  ['other people, and more of them', {}, { group: 'support', quorum: 2 }, 'asks_less'],
  ['more time', {}, { withinMs: ASK.withinMs + 1 }, 'asks_less'],
  ['less time', {}, { withinMs: ASK.withinMs - 1 }, 'asks_more'],
  ['an amount that limits people', {}, { amount }, 'asks_more'],
  ['no amount any more', { amount }, {}, 'asks_less'],
  ['a smaller amount', { amount }, { amount: { ...amount, minorUnits: 1 } }, 'asks_less'],
  ['a larger amount', { amount }, { amount: { ...amount, minorUnits: 9_000 } }, 'asks_more'],
  ['an amount of another currency', { amount }, { amount: { ...amount, currency: 'JPY' } }, 'asks_less'],
  ['a group more, later', {}, { escalation }, 'asks_less'],
  ['a group less', { escalation }, {}, 'asks_more'],
  ['a group later', { escalation }, { escalation: [{ group: 'leads', afterMs: 20_000 }] }, 'asks_more'],
  ['a group sooner', { escalation }, { escalation: [{ group: 'leads', afterMs: 5_000 }] }, 'asks_less'],
  ['the same', { amount, escalation }, { amount, escalation }, undefined],
  ['more people, and more time', {}, { quorum: 2, withinMs: ASK.withinMs + 1 }, 'asks_less'],
];

for (const [what, before, after, change] of BETWEEN_ASKS) {
  test(`asking with ${what} is ${change ?? 'no change'}`, () => {
    assert.equal(changeOf({ ...ASK, ...before }, { ...ASK, ...after }), change);
  });
}

test('what code denied before any rule was asked is told apart from a rule of the same name', () => {
  const verdict: Verdict = { ...DENY, ruleId: 'already-open' };
  const inputs = { kind: 'whole', proposal: aProposal(), evidence: null, given: null } as const;
  assert.equal(isByCode({ verdict, inputs }), true);
  assert.equal(isByCode({ verdict, inputs: { kind: 'erased' } }), true);
  assert.equal(isByCode({ verdict, inputs: { ...inputs, given: { groups: [], nowMs: 1 } } }), false);
  assert.equal(isByCode({ verdict: DENY, inputs }), false);
});

const flip = (before: Verdict, after: Verdict): Flip => {
  const about: Pick<RecordedRuling, 'seq' | 'step' | 'atMs' | 'actionId' | 'conversationId' | 'agent' | 'url'> = {
    ...{ seq: 1, step: 's', atMs: 1, actionId: 'c:1:0', conversationId: 'c', agent: 'a', url: null },
  };
  const change = changeOf(before, after);
  if (change === undefined) throw new Error('it must change');
  return { ...about, change, tool: 't', summary: 's', before, after, isApproximate: false };
};

test('only what widens fails where widening must not pass; any change fails where none may', () => {
  const [wide, narrow] = [flip(DENY, ALLOW), flip(ALLOW, DENY)];
  assert.equal(isFailure({ flips: [narrow] }, 'widen'), false);
  assert.equal(isFailure({ flips: [narrow, wide] }, 'widen'), true);
  assert.equal(isFailure({ flips: [narrow] }, 'any'), true);
  assert.equal(isFailure({ flips: [] }, 'any'), false);
  assert.equal(isFailure({ flips: [wide] }, undefined), false);
});

test('changes are counted by the rules of before and after, what widens most first', () => {
  const other = flip(DENY, { ...ALLOW, ruleId: 'other' });
  const counted = countedOf([flip(ALLOW, DENY), flip(DENY, ALLOW), other, other, flip(ASK, ALLOW)]);
  assert.deepEqual(
    counted.map(({ change, widens: wide, count }) => [change, wide, count]),
    [
      ['deny_to_allow', true, 3],
      ['ask_to_allow', true, 1],
      ['allow_to_deny', false, 1],
    ],
  );
  assert.deepEqual(counted[0]?.rules, [
    { before: 'no', after: 'other', count: 2 },
    { before: 'no', after: 'read.own', count: 1 },
  ]);
});
