// A batch that waits: the actions of one model call from the first that asks people. It outlives its turn, and its
// conversation goes on meanwhile. All is carried out in order; what fails ends those behind it.
// May import domain and @temporalio/workflow.
import {
  allHandlersFinished,
  CancellationScope,
  condition,
  getExternalWorkflowHandle,
  log,
} from '@temporalio/workflow';
import type { Ending, RuledAction } from '../domain/action.ts';
import { type Approval, openApproval, stillStands } from '../domain/approval.ts';
import { endingOfApproval } from '../domain/batch.ts';
import type { BatchInput, BatchReport } from '../domain/conversation.ts';
import { approvalId, conversationWorkflowId } from '../domain/ids.ts';
import { CONVERSATION } from '../domain/protocol.ts';
import { endOpen, flush, listenForPeople, request, type Waiting, waitForPeople } from './approval.ts';
import { describeBatch, showBatchPhase } from './desk.ts';
import { workflowsRole } from './effects.ts';
import { performAction, ruleAgain, settledEntry } from './life.ts';

// 3: what changes three times while people look at it is not ready to be approved.
const MAX_ASKS = 3;

export async function action(batch: BatchInput): Promise<void> {
  const waiting: Waiting = {
    batchId: batch.batchId,
    approvals: [],
    settled: [],
    delivered: [],
    unrecorded: [],
    hold: 'none',
  };
  // Temporal's own Cancel, as an operator may press it, means what our Signal means: end in good order.
  CancellationScope.current().cancelRequested.catch(() => {
    waiting.hold = 'cancelled';
  });
  await CancellationScope.nonCancellable(() => runBatch(batch, waiting));
}

async function runBatch(batch: BatchInput, waiting: Waiting): Promise<void> {
  const asked = batch.actions.map((one, index) => askFor(waiting, one, index, 0));
  listenForPeople(waiting);
  await flush(waiting); // on record before anyone sees a card
  describeBatch(waiting.approvals);

  let goesOn = true;
  for (const [index, one] of batch.actions.entries()) {
    const ending: Ending = goesOn
      ? await settle(batch, waiting, one, index, asked[index])
      : cancelled(waiting, asked[index]);
    const { actionId, tool, summary, then } = one.proposal;
    waiting.settled.push({ actionId, tool, summary, ending, then });
    goesOn &&= ending.kind === 'succeeded';
  }
  await recordEndings(batch, waiting);
  await report(batch, waiting);
  showBatchPhase('done');
  describeBatch(waiting.approvals);
  await condition(allHandlersFinished);
  await flush(waiting); // a click that was counted while the report went out
}

/** Bring one action to its end: leave of the people it needs, a fresh ruling, then the act. */
async function settle(
  batch: BatchInput,
  waiting: Waiting,
  one: RuledAction,
  index: number,
  asked: Approval | undefined,
): Promise<Ending> {
  let approval = asked;
  for (let round = 1; round <= MAX_ASKS; round++) {
    const people = approval === undefined ? undefined : await waitForPeople(waiting, approval.id);
    if (people !== undefined && people.end !== 'approved') return endingOfApproval(people);
    await flush(waiting);
    await condition(() => waiting.hold !== 'paused');
    if (waiting.hold === 'cancelled') return { kind: 'cancelled', reason: 'it was stopped before it began' };

    const leave = people === undefined ? null : { id: people.id, deadlineMs: people.deadlineMs };
    const again = await ruleAgain(one, batch.principal, leave);
    const stand = people === undefined ? standOfAllowed(again) : stillStands(people, again, one.proposal.preconditions);
    if (stand.kind === 'denied') return { kind: 'denied', reason: stand.reason };
    if (stand.kind === 'stands') {
      if (!(await workflowsRole.conversationRuns(batch.conversationId))) {
        return { kind: 'cancelled', reason: 'its conversation has ended' };
      }
      showBatchPhase('acting');
      const decisions = people?.decisions.map((decision) => decision.signed) ?? [];
      return (await performAction(again, batch.principal, { approval: leave, decisions, notesResult: false })).ending;
    }
    log.info('asking anew', { actionId: one.proposal.actionId, reason: stand.reason });
    approval = askFor(waiting, again, index, round);
  }
  return { kind: 'denied', reason: `it changed ${MAX_ASKS} times while people looked at it` };
}

/** Open the approval that the verdict asks for; undefined when it asks nobody. */
function askFor(waiting: Waiting, one: RuledAction, index: number, round: number): Approval | undefined {
  const { proposal, evidence, verdict } = one;
  if (verdict.kind !== 'ask') return undefined;
  const id = approvalId(waiting.batchId, index, round);
  const approval = openApproval(id, waiting.batchId, proposal, evidence, verdict, Date.now());
  request(waiting, approval);
  return approval;
}

/** An action that asked nobody goes on only while the rules still allow it. */
function standOfAllowed(again: RuledAction): ReturnType<typeof stillStands> {
  const { verdict } = again;
  if (verdict.kind === 'allow') return { kind: 'stands' };
  return { kind: verdict.kind === 'ask' ? 'ask_anew' : 'denied', reason: verdict.reason };
}

function cancelled(waiting: Waiting, approval: Approval | undefined): Ending {
  if (approval !== undefined) endOpen(waiting, approval.id, 'cancelled');
  return { kind: 'cancelled', reason: 'a step before it in the same order was not done' };
}

/** Put on record how those ended that the actor never saw; the actor's own receipts stand. */
async function recordEndings(batch: BatchInput, waiting: Waiting): Promise<void> {
  for (const [index, { ending }] of waiting.settled.entries()) {
    const proposal = batch.actions[index]?.proposal;
    const known = ending.kind === 'succeeded' || ending.kind === 'unknown' || ending.kind === 'failed';
    if (proposal === undefined || known) continue;
    waiting.unrecorded.push(settledEntry(proposal, { kind: ending.kind, reason: ending.reason }));
  }
  await flush(waiting);
}

/** Tell the conversation, wherever its run is now. One that has ended is logged, never thrown. */
async function report(batch: BatchInput, waiting: Waiting): Promise<void> {
  const { conversationId, batchId } = batch;
  const signed = await workflowsRole.signReport({ conversationId, batchId, settled: waiting.settled });
  const told: BatchReport = { batchId, settled: waiting.settled, signed };
  await getExternalWorkflowHandle(conversationWorkflowId(conversationId))
    .signal(CONVERSATION.actionSettled, told)
    .catch((error: unknown) => log.warn('the conversation has ended before its report', { error: String(error) }));
}
