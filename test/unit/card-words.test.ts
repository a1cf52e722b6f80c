// What a card says of an approval in our own words: whom it was escalated to, how it ended, and that it is void.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Outcome } from '../../domain/action.ts';
import type { Approval } from '../../domain/approval.ts';
import { type CardAsk, cardOf } from '../../domain/card.ts';
import { anApproval, anEvidence } from '../domain/builders.ts';

const ROOMY = { valueChars: 500, fields: 50, totalChars: 9_000 };

/** As one approval of its batch stands on a card. */
function askOf(
  approval: Approval,
  nowMs = 3_000,
  { outcome = null, batch = [approval] }: { outcome?: Outcome | null; batch?: readonly Approval[] } = {},
): CardAsk {
  const asks = [{ approval, handle: 'h', outcome }];
  return cardOf({ id: 'c1:1:0', asks, batch, alsoRuns: [], names: {} }, ROOMY, nowMs).asks[0]!;
}

test('an escalated card says that it was escalated, from whom to whom, and why', () => {
  const escalation = [
    { group: 'leads', fromMs: 2_000 },
    { group: '@olga', fromMs: 50_000 },
  ];
  const titles = [1_999, 2_000, 50_000].map((nowMs) => askOf(anApproval({ escalation }), nowMs).title);
  assert.deepEqual(titles, [
    'support-desk asks for leave: finance',
    'Escalated from finance to leads: finance had not decided by 1970-01-01 00:00 UTC. support-desk asks for leave',
    'Escalated from finance, leads to olga: finance, leads had not decided by 1970-01-01 00:00 UTC. support-desk asks for leave',
  ]);
  const denied = askOf(anApproval({ escalation, end: 'denied' }), 50_000).title;
  assert.equal(denied, 'support-desk asked for leave: finance', 'who knows whether it came so far');
});

// What came of an approval that was given, by what asks anew in its place.
const VOIDED: readonly (readonly [
  rule: string,
  over: Partial<Approval>,
  anew: Partial<Approval>,
  ended: RegExp,
  changed: string,
])[] = [
  [
    'the record has changed since',
    { evidence: anEvidence({ state: 'delivered', cents: 7200, paid: true }) },
    { evidence: anEvidence({ state: 'lost\u202e', cents: 7200 }) },
    /^Void: it was approved, and then the record changed\. Nothing has run on it; a new card asks$/,
    'paid, state',
  ],
  ['its tool has changed since', {}, { actionId: 'c1:1:0~1' }, /approved, and then its tool changed\./, ''],
  ['the rules ask others by now', {}, { group: 'leads' }, /approved, and then the rules asked more\./, ''],
  [
    'somebody has edited it',
    { end: 'superseded' },
    { actionId: 'c1:1:0~1' },
    /^Void: somebody has edited it; a new/,
    '',
  ],
];

for (const [rule, over, anew, ended, changed] of VOIDED) {
  test(`an approval is void, and its card says so, once another asks in its place, as ${rule}`, () => {
    const first = anApproval({ end: 'approved', ...over });
    const next = anApproval({ ...anew, id: 'c1:1:0.0.1' });
    const outcome = { kind: 'succeeded', result: {} } as const;
    const of = (batch: readonly Approval[]) => askOf(first, 3_000, { outcome, batch });
    const ask = of([first, next]);
    assert.match(ask.ended, ended);
    assert.deepEqual([ask.changed.text, ask.outcome], [changed, null], 'what came of the new one stands there');
    // Of another action of the batch, or of a round after the next one, nothing is said here.
    for (const id of ['c1:1:0.1.1', 'c1:1:0.0.2', 'c1:1:1.0.1'])
      assert.doesNotMatch(of([first, { ...next, id }]).ended, /a new card asks/);
  });
}

test('what was approved and then stopped, denied or too late is not called approved alone', () => {
  const endedAs = (kind: 'denied' | 'cancelled' | 'expired' | 'unknown') => {
    return askOf(anApproval({ end: 'approved' }), 3_000, { outcome: { kind, reason: 'r' } }).ended;
  };
  assert.deepEqual(
    [endedAs('denied'), endedAs('cancelled'), endedAs('expired'), endedAs('unknown')],
    [...Array.from({ length: 3 }, () => 'Approved, and then not done'), 'Approved'],
  );
});
