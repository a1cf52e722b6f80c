// What one model call asked for: ruled on, carried out in order, or sent to wait for people. The model is told what
// came of each call. May import domain and @temporalio/workflow.
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import { CancellationScope, type ChildWorkflowOptions, log, ParentClosePolicy, startChild } from '@temporalio/workflow';
import { type Ending, endingText, type RuledAction } from '../domain/action.ts';
import type { TurnOf } from '../domain/activity-ports.ts';
import { inSteps, isRead, type RefusedCall, splitAtFirstAsk } from '../domain/batch.ts';
import { type ConversationState, remember, type WaitingBatch } from '../domain/conversation.ts';
import { waitingWorkflowId, resultKey, TASK_QUEUES, WORKFLOW_TASK_TIMEOUT } from '../domain/ids.ts';
import type { NewItem } from '../domain/item.ts';
import { ACTION } from '../domain/protocol.ts';
import type { MessageStatement, Signed } from '../domain/signed.ts';
import type { action as actionWorkflow } from './action.ts';
import { attributesOfBatch, describeConversation, time } from './desk.ts';
import { inOneLine, workflowsRole } from './effects.ts';
import { entriesOf, performAction, ruleAgain, ruleOn, settledEntry } from './life.ts';
import { holdWhilePaused } from './phase.ts';

/** What the rest of the turn must know. */
export interface Told {
  /** Something waits, or a person has taken over: the turn ends with the model's next words. */
  readonly mustSpeak: boolean;
}

export async function carryOut(
  state: ConversationState,
  of: TurnOf,
  principal: Signed<MessageStatement>,
  from: { readonly itemId: string; readonly firstIndex: number },
): Promise<Told> {
  const cases = await ruleOn({ of, principal, ...from });
  const { refused, runNow, waiting } = splitAtFirstAsk(cases);
  const entries = cases.flatMap((one) => (one.kind === 'ruled' ? entriesOf(one.action) : []));
  const denied = refused.flatMap(({ action, reason }) =>
    action === null ? [] : [settledEntry(action.proposal, { kind: 'denied', reason })],
  );
  const items = refused.map((one) => toolResult(of, one, `Not done. denied: ${one.reason}`));
  remember(state, await workflowsRole.record({ entries: [...entries, ...denied], items }));

  const ran = await runInOrder(state, of, principal, runNow);
  const rest = [...ran.asking, ...waiting];
  if (ran.broken) await cancelRest(state, of, rest);
  // Not cut off by a stop: what was started must be known, so that it can be told to end.
  else if (rest.length > 0) await CancellationScope.nonCancellable(() => startWaiting(state, of, principal, rest));
  const waits = !ran.broken && rest.length > 0;
  return { mustSpeak: waits || state.phase === 'handed_over' };
}

/** Reads side by side, writes one after the other; a write that did not succeed ends the order for those after it. */
async function runInOrder(
  state: ConversationState,
  of: TurnOf,
  principal: Signed<MessageStatement>,
  actions: readonly RuledAction[],
): Promise<{ readonly broken: boolean; readonly asking: readonly RuledAction[] }> {
  const steps = inSteps(actions);
  let wrote = false;
  for (const [at, planned] of steps.entries()) {
    await holdWhilePaused(state);
    // What stands behind a write is ruled on again: the write may have used up what it relied on.
    const step: readonly RuledAction[] = wrote
      ? await Promise.all(planned.map((action) => ruleAgain(action, principal, null)))
      : planned;
    if (step.some(({ verdict }) => verdict.kind === 'ask')) {
      return { broken: false, asking: [...step, ...steps.slice(at + 1).flat()] };
    }
    const endings = await Promise.all(step.map((action) => runOne(state, of, principal, action)));
    const isWrite = step.some((action) => !isRead(action));
    wrote ||= isWrite;
    if (isWrite && endings.some((ending) => ending.kind !== 'succeeded')) {
      await cancelRest(state, of, steps.slice(at + 1).flat());
      return { broken: true, asking: [] };
    }
  }
  return { broken: false, asking: [] };
}

async function runOne(
  state: ConversationState,
  of: TurnOf,
  principal: Signed<MessageStatement>,
  action: RuledAction,
): Promise<Ending> {
  const { proposal } = action;
  const done = await performAction(action, principal, { approval: null, decisions: [], notesResult: true });
  if (done.item !== null) remember(state, [done.item]);
  else await tell(state, [toolResult(of, proposal, endingText(done.ending))]);
  if (done.ending.kind === 'succeeded' && proposal.then === 'handover') state.phase = 'handed_over';
  return done.ending;
}

async function cancelRest(state: ConversationState, of: TurnOf, rest: readonly RuledAction[]): Promise<void> {
  if (rest.length === 0) return;
  const reason = 'an earlier step of the same order did not succeed';
  const entries = rest.map(({ proposal }) => settledEntry(proposal, { kind: 'cancelled', reason }));
  const items = rest.map(({ proposal }) => toolResult(of, proposal, endingText({ kind: 'cancelled', reason })));
  remember(state, await workflowsRole.record({ entries, items }));
}

/** Hand the rest to a Workflow of its own, which outlives this turn, this run and even this conversation's Worker. */
async function startWaiting(
  state: ConversationState,
  of: TurnOf,
  principal: Signed<MessageStatement>,
  rest: readonly RuledAction[],
): Promise<void> {
  const batch = batchOf(rest, principal);
  const { conversationId, agent, tenant } = of;
  await startBatch(batch.batchId, {
    workflowId: waitingWorkflowId(batch.batchId),
    taskQueue: TASK_QUEUES.workflows,
    workflowTaskTimeout: WORKFLOW_TASK_TIMEOUT,
    // Continue-As-New counts as a close of the parent: the batch must live on.
    parentClosePolicy: ParentClosePolicy.ABANDON,
    // A batch is asked once: after a Reset of the conversation its first run stands, and so does what it reported.
    workflowIdReusePolicy: 'REJECT_DUPLICATE',
    args: [{ batchId: batch.batchId, conversationId, agent, tenant, principal, actions: rest }],
    staticSummary: inOneLine(`${batch.group} decides: ${batch.summaries.join('; ')}`),
    typedSearchAttributes: attributesOfBatch(batch.group),
  });
  state.waiting.push(batch);
  describeConversation(state);
  await tell(
    state,
    rest.map(({ proposal, verdict }) =>
      toolResult(
        of,
        proposal,
        verdict.kind === 'ask'
          ? `Not done yet: it waits for ${verdict.group} (${verdict.quorum} must approve) until ` +
              `${time(Date.now() + verdict.withinMs)}. The conversation goes on; the outcome will be reported.`
          : 'Not done yet: it is allowed, and waits for the step before it.',
      ),
    ),
  );
}

async function startBatch(
  batchId: string,
  options: ChildWorkflowOptions & { readonly args: Parameters<typeof actionWorkflow> },
): Promise<void> {
  try {
    await startChild<typeof actionWorkflow>(ACTION.type, options);
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    log.warn('this batch was started by an earlier run of this conversation', { batchId });
  }
}

function batchOf(rest: readonly RuledAction[], principal: Signed<MessageStatement>): WaitingBatch {
  const asking = rest.flatMap(({ verdict }) => (verdict.kind === 'ask' ? [verdict] : []));
  return {
    batchId: rest[0]?.proposal.actionId ?? '',
    principal,
    summaries: rest.map(({ proposal }) => proposal.summary),
    group: [...new Set(asking.map((verdict) => verdict.group))].join(', '),
    deadlineMs: Date.now() + Math.max(...asking.map((verdict) => verdict.withinMs)),
  };
}

async function tell(state: ConversationState, items: readonly NewItem[]): Promise<void> {
  remember(state, await workflowsRole.record({ entries: [], items }));
}

function toolResult(of: TurnOf, call: Pick<RefusedCall, 'actionId' | 'callId' | 'tool'>, text: string): NewItem {
  const { conversationId, turn } = of;
  const { actionId, callId, tool } = call;
  const body = { kind: 'tool_result', callId, tool, text } as const;
  return { key: resultKey(actionId), conversationId, turn, trust: 'record', body };
}
