import { deepEqual, equal, match } from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Approval, expireIfDue } from '../../domain/approval.ts';
import { answersTo, applyDecision, editOf } from '../../domain/decision.ts';
import { aDecision, anApproval } from './builders.ts';

test('one approval of an entitled person is enough for a quorum of one', () => {
  const { approval, receipt } = applyDecision(anApproval(), aDecision());
  equal(approval.end, 'approved');
  deepEqual([receipt.counted, receipt.end], [true, 'approved']);
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
  deepEqual(second.receipt, first.receipt);
  const byAnotherTap = applyDecision(first.approval, aDecision({ decisionId: 'd-2' }));
  deepEqual(byAnotherTap.receipt, first.receipt);
  for (const answer of ['ask_back', 'deny'] as const) {
    const said = applyDecision(anApproval({ quorum: 2 }), aDecision({ answer, reason: 'why' }));
    deepEqual(applyDecision(said.approval, aDecision({ answer, reason: 'why' })).receipt, said.receipt);
  }
});

test('a denial is terminal: an approval after it changes nothing', () => {
  const denied = applyDecision(anApproval({ quorum: 2 }), aDecision({ answer: 'deny', reason: 'no' })).approval;
  equal(denied.end, 'denied');
  const late = applyDecision(denied, aDecision({ decisionId: 'd-2', personId: 'olga' }));
  deepEqual([late.approval.end, late.receipt.counted], ['denied', false]);
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

test('the same word of the same person gets its receipt again; another one under the same id is not taken for it', () => {
  const first = applyDecision(anApproval({ quorum: 2 }), aDecision()).approval;
  for (const decisionId of ['d-1', 'd-2']) {
    const same = applyDecision(first, aDecision({ decisionId }));
    deepEqual([same.approval, same.receipt.counted, same.receipt.decisionId], [first, true, 'd-1']);
  }
  const other = applyDecision(first, aDecision({ answer: 'deny', reason: 'no' }));
  deepEqual([other.approval, other.receipt.counted, other.receipt.end], [first, false, 'open']);
});

test('who has approved and sees better may still deny it, while it is open', () => {
  const first = applyDecision(anApproval({ quorum: 2 }), aDecision()).approval;
  const denied = applyDecision(first, aDecision({ decisionId: 'd-2', answer: 'deny', reason: 'no' })).approval;
  deepEqual([denied.end, denied.decisions.map((one) => one.answer)], ['denied', ['deny']]);
  deepEqual(
    denied.asides?.map((one) => one.decisionId),
    ['d-1'],
  );
});

test('an approval is taken back only while more are needed, and then counts no more', () => {
  const first = applyDecision(anApproval({ quorum: 2 }), aDecision()).approval;
  const back = applyDecision(first, aDecision({ decisionId: 'd-2', answer: 'withdraw' }));
  deepEqual([back.approval.end, back.approval.decisions, back.receipt.counted], ['open', [], true]);
  const olga = applyDecision(back.approval, aDecision({ decisionId: 'd-3', personId: 'olga' }));
  equal(olga.approval.end, 'open');
  // The first click, sent once more, is still taken back; a new one counts.
  const stale = applyDecision(olga.approval, aDecision());
  deepEqual([stale.approval, stale.receipt.counted], [olga.approval, false]);
  const again = applyDecision(olga.approval, aDecision({ decisionId: 'd-4' }));
  deepEqual([again.approval.end, again.receipt.counted], ['approved', true]);
  const late = applyDecision(again.approval, aDecision({ decisionId: 'd-5', answer: 'withdraw' }));
  deepEqual([late.approval, late.receipt.counted], [again.approval, false]);
  const nothing = applyDecision(anApproval(), aDecision({ answer: 'withdraw' }));
  deepEqual([nothing.approval.end, nothing.receipt.counted], ['open', false]);
});

test('an edit ends the approval as superseded and is no approval; what was asked back changes nothing', () => {
  const asked = applyDecision(anApproval(), aDecision({ answer: 'ask_back', reason: 'why?' }));
  deepEqual([asked.approval.end, asked.approval.decisions, asked.receipt.counted], ['open', [], true]);
  const again = applyDecision(asked.approval, aDecision({ answer: 'ask_back', reason: 'why?' }));
  deepEqual([again.approval, again.receipt.counted], [asked.approval, true]);
  const edited = applyDecision(asked.approval, aDecision({ decisionId: 'd-2', answer: 'edit', args: '{"order":1}' }));
  deepEqual([edited.approval.end, editOf(edited.approval)?.args], ['superseded', '{"order":1}']);
});

test('who wrote the arguments decides no more on them than who asked', () => {
  const approval = anApproval({ editors: ['finn'] });
  deepEqual(applyDecision(approval, aDecision()).receipt.counted, false);
  deepEqual(applyDecision(approval, aDecision({ personId: 'olga' })).approval.end, 'approved');
});

test('changes of mind and questions back are bounded; what ends the approval is always heard', () => {
  let approval = anApproval();
  for (let nth = 0; nth < 40; nth++) {
    approval = applyDecision(approval, aDecision({ decisionId: `q-${nth}`, answer: 'ask_back', reason: '?' })).approval;
  }
  equal(approval.asides?.length, 30);
  equal(applyDecision(approval, aDecision({ answer: 'deny', reason: 'no' })).approval.end, 'denied');
});

test('a question is answered by happened or did_not_happen only, leave by no such word', () => {
  const [leave, question] = [anApproval(), anApproval({ question: 'unknown' })];
  const words = ['approve', 'deny', 'edit', 'withdraw', 'ask_back', 'happened', 'did_not_happen'];
  deepEqual([answersTo(leave), answersTo(question)].flat(), words);
  for (const answer of ['happened', 'did_not_happen'] as const) {
    const answered = applyDecision(question, aDecision({ answer }));
    deepEqual([answered.approval.end, answered.receipt.counted], [answer, true]);
    deepEqual(answered.approval.decisions[0]?.answer, answer);
    const wrong = applyDecision(leave, aDecision({ answer }));
    deepEqual([wrong.approval, wrong.receipt.counted], [leave, false]);
    match(wrong.receipt.text, /approve or deny or/);
  }
  for (const answer of ['approve', 'deny', 'edit', 'withdraw', 'ask_back'] as const) {
    const wrong = applyDecision(question, aDecision({ answer }));
    deepEqual([wrong.approval, wrong.receipt.counted], [question, false]);
    match(wrong.receipt.text, /happened or did not happen/);
  }
});

test('the requester never counts', () => {
  const own = applyDecision(anApproval(), aDecision({ personId: 'customer-ada' }));
  deepEqual([own.approval.end, own.receipt.counted], ['open', false]);
});

test('whatever people do in whatever order, an approval ends once and never approves below its quorum', () => {
  const event = fc.record({
    personId: fc.constantFrom('finn', 'olga', 'customer-ada', 'mia'),
    answer: fc.constantFrom(
      'approve' as const,
      'deny' as const,
      'withdraw' as const,
      'ask_back' as const,
      'edit' as const,
    ),
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
