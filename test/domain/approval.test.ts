import { deepEqual, equal, match } from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  answersTo,
  type Approval,
  applyDecision,
  endApproval,
  expireIfDue,
  openApproval,
  stillStands,
} from '../../domain/approval.ts';
import { ALLOW, aDecision, anApproval, anEvidence, aProposal, ASK, DENY } from './builders.ts';

test('one approval of an entitled person is enough for a quorum of one', () => {
  const { approval, receipt } = applyDecision(anApproval(), aDecision());
  equal(approval.end, 'approved');
  deepEqual([receipt.counted, receipt.end], [true, 'approved']);
});

test('an approval says to people what its proposal says, and one of before is as it was', () => {
  const open = (over: Parameters<typeof aProposal>[0]) =>
    openApproval('c1:1:0.0.0', 'c1:1:0', aProposal(over), anEvidence(), ASK, 1_000);
  const says = { forWhom: 'customer Ada', howMuch: '72.00 EUR', critical: ['order'] };
  deepEqual(open(says), { ...open({}), ...says });
  deepEqual(
    Object.keys(says).filter((name) => name in open({})),
    [],
  );
});

test('one person counts once, whatever they send', () => {
  const first = applyDecision(anApproval({ quorum: 2 }), aDecision()).approval;
  const again = applyDecision(first, aDecision({ decisionId: 'd-2' }));
  equal(again.approval, first);
  equal(again.approval.end, 'open');
});

test('a second click gets the first receipt', () => {
  const first = applyDecision(anApproval(), aDecision());
  const second = applyDecision(first.approval, aDecision());
  deepEqual([second.receipt.decisionId, second.receipt.counted, second.receipt.end], ['d-1', true, 'approved']);
});

test('a denial is terminal: an approval after it changes nothing', () => {
  const denied = applyDecision(anApproval({ quorum: 2 }), aDecision({ answer: 'deny', reason: 'no' })).approval;
  equal(denied.end, 'denied');
  const late = applyDecision(denied, aDecision({ decisionId: 'd-2', personId: 'olga' }));
  deepEqual([late.approval.end, late.receipt.counted], ['denied', false]);
});

test('doing nothing denies: at its deadline an open approval is expired, and a click after it changes nothing', () => {
  const open = anApproval();
  equal(expireIfDue(open, open.deadlineMs - 1).end, 'open');
  equal(expireIfDue(open, open.deadlineMs).end, 'expired');
  const late = applyDecision(expireIfDue(open, open.deadlineMs), aDecision({ atMs: open.deadlineMs }));
  deepEqual([late.approval.end, late.receipt.counted], ['expired', false]);
});

test('what was signed before the deadline counts, however late it arrives while the approval is open', () => {
  const open = anApproval();
  const slow = applyDecision(open, aDecision({ atMs: open.deadlineMs - 1 }));
  deepEqual([slow.approval.end, slow.receipt.counted], ['approved', true]);
  // It ends nothing: the clock that signed it may be wrong, and others still have their time.
  const late = applyDecision(open, aDecision({ atMs: open.deadlineMs + 1 }));
  deepEqual([late.approval.end, late.approval.decisions, late.receipt.counted], ['open', [], false]);
  const over = applyDecision(expireIfDue(open, open.deadlineMs), aDecision({ atMs: open.deadlineMs - 1 }));
  deepEqual([over.approval.end, over.receipt.counted], ['expired', false]);
});

test('who asked for an action may say whether it happened: four eyes are for leave', () => {
  const question = anApproval({ question: 'unknown', group: '@customer-ada' });
  const said = applyDecision(question, aDecision({ personId: question.requester, answer: 'did_not_happen' }));
  deepEqual([said.approval.end, said.receipt.counted], ['did_not_happen', true]);
});

test('another word of the same person does not count; the same one gets its receipt again', () => {
  const first = applyDecision(anApproval({ quorum: 2 }), aDecision()).approval;
  for (const decisionId of ['d-1', 'd-2']) {
    const other = applyDecision(first, aDecision({ decisionId, answer: 'deny', reason: 'no' }));
    deepEqual([other.approval, other.receipt.counted, other.receipt.end], [first, false, 'open']);
    const same = applyDecision(first, aDecision({ decisionId }));
    deepEqual([same.approval, same.receipt.counted, same.receipt.decisionId], [first, true, 'd-1']);
  }
});

test('a question is answered by happened or did_not_happen only, leave is approved or denied only', () => {
  const [leave, question] = [anApproval(), anApproval({ question: 'unknown' })];
  deepEqual([answersTo(leave), answersTo(question)].flat(), ['approve', 'deny', 'happened', 'did_not_happen']);
  for (const answer of ['happened', 'did_not_happen'] as const) {
    const answered = applyDecision(question, aDecision({ answer }));
    deepEqual([answered.approval.end, answered.receipt.counted], [answer, true]);
    deepEqual(answered.approval.decisions[0]?.answer, answer);
    const wrong = applyDecision(leave, aDecision({ answer }));
    deepEqual([wrong.approval, wrong.receipt.counted], [leave, false]);
    match(wrong.receipt.text, /approve or deny/);
  }
  for (const answer of ['approve', 'deny'] as const) {
    const wrong = applyDecision(question, aDecision({ answer }));
    deepEqual([wrong.approval, wrong.receipt.counted], [question, false]);
    match(wrong.receipt.text, /happened or did_not_happen/);
  }
});

test('the requester never counts', () => {
  const own = applyDecision(anApproval(), aDecision({ personId: 'customer-ada' }));
  deepEqual([own.approval.end, own.receipt.counted], ['open', false]);
});

test('an ended approval stays as it ended', () => {
  const approved = applyDecision(anApproval(), aDecision()).approval;
  equal(endApproval(approved, 'cancelled').end, 'approved');
  equal(expireIfDue(approved, 1e15).end, 'approved');
});

test('the approvals stand while the rules ask the same people and no named field has changed', () => {
  const approval = anApproval();
  const same = { verdict: ASK, evidence: anEvidence() };
  equal(stillStands(approval, same, ['state']).kind, 'stands');
  equal(stillStands(approval, { ...same, verdict: ALLOW }, ['state']).kind, 'stands');
  equal(stillStands(approval, { ...same, verdict: DENY }, ['state']).kind, 'denied');
  equal(stillStands(approval, { ...same, evidence: anEvidence({ state: 'refunded' }) }, ['state']).kind, 'ask_anew');
  equal(
    stillStands(approval, { ...same, evidence: anEvidence({ state: 'delivered', other: 1 }) }, ['state']).kind,
    'stands',
  );
  equal(stillStands(approval, { ...same, verdict: { ...ASK, group: 'board' } }, []).kind, 'ask_anew');
  equal(stillStands(approval, { ...same, verdict: { ...ASK, quorum: 2 } }, []).kind, 'ask_anew');
});

test('whatever people do in whatever order, an approval ends once and never approves below its quorum', () => {
  const event = fc.record({
    personId: fc.constantFrom('finn', 'olga', 'customer-ada', 'mia'),
    answer: fc.constantFrom('approve' as const, 'deny' as const),
    atMs: fc.integer({ min: 1_000, max: 70_000 }),
    decisionId: fc.uuid(),
  });
  fc.assert(
    fc.property(fc.array(event, { maxLength: 12 }), fc.integer({ min: 1, max: 3 }), (events, quorum) => {
      let approval: Approval = anApproval({ quorum });
      let ended: Approval['end'] = 'open';
      for (const one of events.toSorted((a, b) => a.atMs - b.atMs)) {
        approval = applyDecision(approval, aDecision(one)).approval;
        if (ended !== 'open') equal(approval.end, ended);
        ended = approval.end;
      }
      if (approval.end !== 'approved') return;
      const approvers = new Set(approval.decisions.map((one) => one.personId));
      equal(approvers.size >= quorum && !approvers.has('customer-ada'), true);
      equal(
        approval.decisions.every((one) => one.answer === 'approve' && one.atMs < approval.deadlineMs),
        true,
      );
    }),
  );
});
