// Starting a procedure: from a turn, which waits for it a little and no longer, or from the batch in which its start waited
// for leave. May import domain and @temporalio/workflow.
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import {
  CancellationScope,
  ChildWorkflowFailure,
  type ChildWorkflowHandle,
  getExternalWorkflowHandle,
  log,
  ParentClosePolicy,
  startChild,
} from '@temporalio/workflow';
import { type Proposal, settledOf } from '../domain/action.ts';
import type { ActionEnd } from '../domain/activity-ports.ts';
import {
  awaitReport,
  type BatchReport,
  type ConversationState,
  noteNews,
  takeReportOf,
} from '../domain/conversation.ts';
import type { ProcedureEnd, ProcedureInput } from '../domain/procedure-run.ts';
import { procedureId, TASK_QUEUES, waitingWorkflowId, WORKFLOW_TASK_TIMEOUT } from '../domain/ids.ts';
import { PROCEDURE } from '../domain/protocol.ts';
import { PROCEDURE_LIFE_MS } from '../domain/steps.ts';
import { attributesOfBatch, describeConversation } from './desk.ts';
import { inOneLine, workflowsRole } from './effects.ts';
import { type Held, whilePassingOn } from './hold.ts';
import { condition } from './in-turn.ts';
import { tellWhatHolds } from './phase.ts';
import { startQuestion } from './question.ts';

// 10 s: some reads and a write or two. Whoever asked is told within half a minute that it goes on, and a model that knows
// how it ended says so in its first words.
const PROCEDURE_INLINE_MS = 10_000;

type Code = (input: ProcedureInput) => Promise<ProcedureEnd>;

/**
 * Start it, and wait until it has ended, waits for people, or its time in this turn is over. Its report, where it came by
 * then; else it opens a turn of its own.
 */
export async function procedureInTurn(
  state: ConversationState,
  { proposal, principal }: ProcedureInput,
): Promise<BatchReport | undefined> {
  const batchId = procedureId(proposal.actionId);
  const deadlineMs = Date.now() + PROCEDURE_LIFE_MS;
  const batch = { batchId, principal, summaries: [proposal.summary], group: '', deadlineMs };
  // Before it is there: its report may come together with the news that it has begun.
  awaitReport(state, batch);
  describeConversation(state);
  // Not cut off by a stop: what was started must be known, so that it can be told to end.
  const isNew = await CancellationScope.nonCancellable(async () => {
    // Continue-As-New counts as a close of the parent: it must live on.
    const child = await startOnce({ proposal, principal }, ParentClosePolicy.ABANDON);
    await tellWhatHolds(state, batch);
    return child !== undefined;
  });
  // What an earlier run of this conversation was told of it is not told again: soon it is known as lost.
  if (!isNew) noteNews(state, { batchId, group: '', deadlineMs: Date.now() });
  const isNews = () =>
    state.reports.some((one) => one.batchId === batchId) ||
    state.waiting.some((one) => one.batchId === batchId && one.group !== '');
  if (isNew) await condition(isNews, PROCEDURE_INLINE_MS, { summary: inOneLine(`procedure: ${proposal.summary}`) });
  return takeReportOf(state, batchId);
}

/** Start it, and wait for its end, whatever that takes. */
export async function procedureInBatch(input: ProcedureInput, waiting: Held): Promise<ProcedureEnd> {
  const workflowId = waitingWorkflowId(procedureId(input.proposal.actionId));
  // Where an operator ends the batch, nobody waits for it any more: it is cancelled, and undone.
  const child = await startOnce(input, ParentClosePolicy.REQUEST_CANCEL);
  return whilePassingOn(waiting, { workflowId, cancels: true }, async () => {
    try {
      if (child !== undefined) return await child.result();
    } catch (error) {
      if (!(error instanceof ChildWorkflowFailure)) throw error;
      log.warn('a procedure ended without telling how', { workflowId, error: String(error) });
    }
    const { proposal } = input;
    const { ending, quotes } = await endOnRecord(proposal, procedureId(proposal.actionId));
    return { settled: [settledOf(proposal, ending)], quotes };
  });
}

async function startOnce(
  input: ProcedureInput,
  parentClosePolicy: ParentClosePolicy,
): Promise<ChildWorkflowHandle<Code> | undefined> {
  const { proposal } = input;
  const workflowId = waitingWorkflowId(procedureId(proposal.actionId));
  try {
    return await startChild<Code>(PROCEDURE.type, {
      workflowId,
      taskQueue: TASK_QUEUES.workflows,
      workflowTaskTimeout: WORKFLOW_TASK_TIMEOUT,
      parentClosePolicy,
      // It runs once: after a Reset of whoever started it the first run stands, and so does what it did.
      workflowIdReusePolicy: 'REJECT_DUPLICATE',
      args: [input],
      staticSummary: inOneLine(proposal.summary),
      typedSearchAttributes: attributesOfBatch('', 'acting'),
    });
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    log.warn('this procedure was started by an earlier run', { workflowId });
    return undefined;
  }
}

// 1 h: for what can be told of in no other way, after a Reset; a look costs three events of history.
const LOOK_AGAIN_MS = 3_600_000;

/**
 * How an action ended that another Workflow carries out, from the record. Where an operator has ended that Workflow it is
 * closed here, and people are asked about what may have happened. `news`: grows when it is worth another look.
 */
export async function endOnRecord(
  { actionId, conversationId, agent, tenant, turn }: Proposal,
  batchId: string,
  news: () => number = () => 0,
): Promise<ActionEnd> {
  const of = { conversationId, agent, tenant, turn };
  for (;;) {
    const seen = news();
    const end = await workflowsRole.readEnd({ actionId });
    if (end !== null) return end;
    const gone = await workflowsRole.closeGone({ of, waiting: [{ batchId, deadlineMs: Date.now() }] });
    for (const asked of gone.flatMap(({ questions }) => questions)) await startQuestion(asked);
    const closed = gone.length === 0 ? null : await workflowsRole.readEnd({ actionId });
    if (closed !== null) return closed;
    await condition(() => news() > seen, LOOK_AGAIN_MS, { summary: inOneLine(`until ${actionId} has ended`) });
  }
}

/** Tell a procedure that a step has ended. One that has ended is logged, never thrown. */
export async function tellProcedure(actionOfStart: string): Promise<void> {
  await getExternalWorkflowHandle(waitingWorkflowId(procedureId(actionOfStart)))
    .signal(PROCEDURE.stepSettled)
    .catch((error: unknown) => log.warn('the procedure has ended before its step', { error: String(error) }));
}
