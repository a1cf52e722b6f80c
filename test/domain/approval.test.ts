import { deepEqual, equal } from 'node:assert/strict';
import { test } from 'node:test';
import { endApproval, expireIfDue, openApproval, stillStands } from '../../domain/approval.ts';
import { applyDecision } from '../../domain/decision.ts';
import { TOOL_CHANGED } from '../../domain/verdict.ts';
import { ALLOW, aDecision, anApproval, anEvidence, aProposal, ASK, DENY } from './builders.ts';

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

test('doing nothing denies: at its deadline an open approval is expired, and a click after it changes nothing', () => {
  const open = anApproval();
  equal(expireIfDue(open, open.deadlineMs - 1).end, 'open');
  equal(expireIfDue(open, open.deadlineMs).end, 'expired');
  const late = applyDecision(expireIfDue(open, open.deadlineMs), aDecision({ atMs: open.deadlineMs }));
  deepEqual([late.approval.end, late.receipt.counted], ['expired', false]);
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
  const more = { ...ASK, amount: { currency: 'EUR', minorUnits: 100 } };
  equal(stillStands(approval, { ...same, verdict: more }, []).kind, 'ask_anew');
  const forMore = { ...approval, amount: { currency: 'EUR', minorUnits: 100 } };
  equal(stillStands(forMore, { ...same, verdict: more }, []).kind, 'stands');
  equal(
    stillStands(forMore, { ...same, verdict: { ...more, amount: { currency: 'EUR', minorUnits: 101 } } }, []).kind,
    'ask_anew',
  );
  equal(
    stillStands(forMore, { ...same, verdict: { ...more, amount: { currency: 'USD', minorUnits: 1 } } }, []).kind,
    'ask_anew',
  );
  const escalated = { ...approval, escalation: [{ group: 'board', fromMs: 2_000 }] };
  equal(stillStands(escalated, same, []).kind, 'ask_anew');
  const changed = { ...DENY, ruleId: TOOL_CHANGED };
  equal(stillStands(approval, { ...same, verdict: changed }, []).kind, 'tool_changed');
});
