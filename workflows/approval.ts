// Waiting for people. Decisions are verified and counted by their handler; the waiting code only watches the count and
// the clock, and never polls. May import domain and @temporalio/workflow.
import { ApplicationFailure } from '@temporalio/common';
import {
  defineQuery,
  defineSignal,
  defineUpdate,
  getExternalWorkflowHandle,
  log,
  setHandler,
} from '@temporalio/workflow';
import { type Approval, askedBy, tenantOf } from '../domain/approval.ts';
import { applyDecision, type Receipt } from '../domain/decision.ts';
import { groupsAt } from '../domain/entitlement.ts';
import type { BatchInput, BatchReport } from '../domain/conversation.ts';
import { conversationWorkflowId } from '../domain/ids.ts';
import { ACTION, CONVERSATION } from '../domain/protocol.ts';
import type { DecisionStatement, Signed } from '../domain/signed.ts';
import { inOneLine, workflowsRole } from './effects.ts';
import { listenForHold, LOOK_FOR_CONVERSATION_MS } from './hold.ts';
import { condition } from './in-turn.ts';
import {
  endDue,
  find,
  flush,
  nextDueMs,
  note,
  noteChange,
  noticeDue,
  replace,
  showBatch,
  type Waiting,
} from './waiting.ts';

const decideApproval = defineUpdate<Receipt, [Signed<DecisionStatement>]>(ACTION.decideApproval);
const approvalDecision = defineSignal<[Signed<DecisionStatement>]>(ACTION.approvalDecision);
const actionQuery = defineQuery<Pick<Waiting, 'batchId' | 'approvals' | 'settled' | 'hold'>>(ACTION.query);

// 16 characters of a signature: who sends the same again is noted once.
const MARK_CHARS = 16;
// 100: far more than the people of a group times their clicks; what comes past it by Signal is dropped and logged.
const MAX_DELIVERED = 100;

/** Listen for decisions and for what the conversation passes on. Signal handlers never throw. */
export function listenForPeople(waiting: Waiting): void {
  // An Update: who decides must learn at once whether it counted. It never waits for the main code. The Signal that brought
  // the same decision before, to be durable, has nothing left to count then.
  const hear = (signed: Signed<DecisionStatement>): Promise<Receipt> => {
    waiting.delivered = waiting.delivered.filter((one) => one !== signed);
    return decide(waiting, signed);
  };
  setHandler(decideApproval, hear, { description: 'A decision signed by the API' });
  setHandler(
    approvalDecision,
    (signed) => {
      const takes = typeof signed === 'string' && waiting.delivered.length < MAX_DELIVERED;
      if (takes) waiting.delivered.push(signed);
      else log.warn('ignored a malformed or surplus decision');
    },
    { description: 'The same signed decision, delivered by a bot or by hand' },
  );
  listenForHold(waiting, () => noteChange(waiting));
  setHandler(actionQuery, () => ({
    batchId: waiting.batchId,
    approvals: waiting.approvals,
    settled: waiting.settled,
    hold: waiting.hold,
  }));
}

/** Wait until the approval has ended, one way or another. Doing nothing ends it as `expired`, which denies. */
export async function waitForPeople(waiting: Waiting, id: string): Promise<Approval> {
  for (;;) {
    await keepUp(waiting);
    const approval = find(waiting, id);
    if (approval.end !== 'open') return approval;
    const groups = groupsAt(askedBy(approval), Date.now()).join(', ');
    showBatch(waiting, 'waiting', groups);
    const news = () =>
      waiting.delivered.length + waiting.unrecorded.length + waiting.asksBack.length > 0 ||
      waiting.hold === 'cancelled' ||
      find(waiting, id).end !== 'open';
    const summary = inOneLine(`approval of ${groups}: ${approval.summary}`);
    await condition(news, Math.max(1, nextDueMs(waiting) - Date.now()), { summary });
  }
}

/** Count what came, end and tell what is due, have it on record, and pass on what approvers ask. */
async function keepUp(waiting: Waiting): Promise<void> {
  await countDelivered(waiting);
  endDue(waiting);
  noticeDue(waiting);
  await flush(waiting);
  for (let asked = waiting.asksBack.shift(); asked !== undefined; asked = waiting.asksBack.shift()) {
    const { reportsAs: batchId } = waiting;
    const signed = await workflowsRole.signAskBack(batchId === waiting.batchId ? asked : { ...asked, as: batchId });
    await tellConversation(asked.approval.conversationId, { batchId, signed });
  }
}

/** Waits while the batch is paused; what falls due meanwhile ends all the same. True when it has been cancelled. */
export async function isCancelled(
  waiting: Waiting,
  { conversationId, stepOf }: Pick<BatchInput, 'conversationId' | 'stepOf'>,
): Promise<boolean> {
  while (waiting.hold === 'paused') {
    if (!waiting.keepsUp) {
      await condition(() => waiting.hold !== 'paused');
      continue;
    }
    const untilMs = Math.min(nextDueMs(waiting), Date.now() + LOOK_FOR_CONVERSATION_MS);
    const news = () => waiting.hold !== 'paused' || waiting.delivered.length + waiting.asksBack.length > 0;
    const isNews = await condition(news, Math.max(1, untilMs - Date.now()), { summary: 'paused' });
    await keepUp(waiting); // what was decided in time counts, though nobody acts yet
    // Nobody resumes what belongs to a conversation that was terminated; what undoes something is done all the same.
    if (isNews || (await workflowsRole.conversationRuns(conversationId))) continue;
    waiting.hold = stepOf?.undoes === true ? 'none' : 'cancelled';
  }
  return waiting.hold === 'cancelled';
}

/** Tell the conversation, wherever its run is now. One that has ended is logged, never thrown. */
export async function tellConversation(conversationId: string, report: BatchReport): Promise<void> {
  await getExternalWorkflowHandle(conversationWorkflowId(conversationId))
    .signal(CONVERSATION.actionSettled, report)
    .catch((error: unknown) => log.warn('the conversation has ended before its report', { error: String(error) }));
}

async function decide(waiting: Waiting, signed: Signed<DecisionStatement>): Promise<Receipt> {
  const approvals = waiting.approvals.map((one) => {
    const { id, digest, agent, tool, args } = one;
    return { id, digest, agent, tool, args, tenant: tenantOf(one), asked: askedBy(one) };
  });
  const checked = await workflowsRole.verifyDecision({ signed, approvals });
  if (checked.kind === 'refused') {
    if (waiting.keepsUp) noteRefusal(waiting, signed, checked.reason);
    throw ApplicationFailure.create({ type: 'DecisionRefused', message: checked.reason, nonRetryable: true });
  }
  const before = find(waiting, checked.approvalId);
  const { approval, receipt } = applyDecision(before, checked.decision);
  if (approval !== before) {
    const { decisionId, personId, answer, method = '' } = checked.decision;
    if (answer === 'ask_back') waiting.asksBack.push({ approval, decision: checked.decision });
    const who = { decisionId, personId, answer, method };
    const fact = { kind: 'decided', approvalId: approval.id, ...who, signed, receipt: receipt.text } as const;
    note(waiting, approval, `decided:${decisionId}`, fact);
  }
  // Behind the word that ends it, as it happened.
  replace(waiting, approval);
  // Who gets a receipt finds it on record, whatever the main code waits for just now.
  if (waiting.keepsUp) await flush(waiting);
  return receipt;
}

/** A decision that does not verify is on record once, under its batch: what it says of itself proves nothing. */
function noteRefusal(waiting: Waiting, signed: string, reason: string): void {
  const { batchId, approvals } = waiting;
  const conversationId = approvals[0]?.conversationId;
  if (conversationId === undefined || typeof signed !== 'string') return;
  const fact = { kind: 'decision_refused', approvalId: batchId, reason } as const;
  const step = `decision refused:${signed.slice(-MARK_CHARS)}`;
  waiting.unrecorded.push({ subject: batchId, step, conversationId, atMs: Date.now(), fact });
}

async function countDelivered(waiting: Waiting): Promise<void> {
  for (let signed = waiting.delivered.shift(); signed !== undefined; signed = waiting.delivered.shift()) {
    await decide(waiting, signed).catch((error: unknown) => {
      if (!(error instanceof ApplicationFailure)) throw error;
      log.warn('a delivered decision changed nothing', { reason: error.message });
    });
  }
}
