// What one model call asked for: ruled on, carried out in order, or sent to wait for people. The model is told what
// came of each call. May import domain and @temporalio/workflow.
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import {
  CancellationScope,
  type ChildWorkflowOptions,
  log,
  ParentClosePolicy,
  patched,
  startChild,
} from '@temporalio/workflow';
import { type Ending, endingText, type RuledAction, trustOfEnding } from '../domain/action.ts';
import type { TurnOf } from '../domain/activity-ports.ts';
import { groupsAsked, inSteps, isRead, type RefusedCall, splitAtFirstAsk } from '../domain/batch.ts';
import { awaitReport, type ConversationState, type WaitingBatch } from '../domain/conversation.ts';
import { enterPhase } from '../domain/phase.ts';
import { waitingWorkflowId, resultKey, TASK_QUEUES, WORKFLOW_TASK_TIMEOUT } from '../domain/ids.ts';
import { type NewItem, refsIn, type Trust } from '../domain/item.ts';
import { ACTION } from '../domain/protocol.ts';
import { remember } from '../domain/recent.ts';
import type { Seen } from '../domain/sources.ts';
import type { MessageStatement, Signed } from '../domain/signed.ts';
import { timeText } from '../domain/text.ts';
import type { action as actionWorkflow } from './action.ts';
import { attributesOfBatch, describeConversation } from './desk.ts';
import { inOneLine, workflowsRole } from './effects.ts';
import { entriesOf, performAction, ruleAgain, ruleOn, settledEntry } from './life.ts';
import { holdWhilePaused, tellNew } from './phase.ts';
import { askWhetherItHappened } from './question.ts';

/** What the rest of the turn must know. */
export interface Told {
  /** Something waits, or a person has taken over: the turn ends with the model's next words. */
  readonly mustSpeak: boolean;
  /** How many of the calls were denied by the rules. */
  readonly denials: number;
}

/** What a stop finds not done: what had not begun, and the summaries of what it ended. */
export interface Undone {
  open: readonly RuledAction[];
  readonly summaries: string[];
}

/** Calls that were made, and upon what. */
interface From {
  readonly itemId: string;
  readonly firstIndex: number;
  readonly seen: Seen;
  readonly quotes?: readonly string[] | undefined;
}

export async function carryOut(
  state: ConversationState,
  of: TurnOf,
  principal: Signed<MessageStatement>,
  from: From,
  undone: Undone,
): Promise<Told> {
  const cases = await ruleOn({ of, principal, ...from });
  const { refused, runNow, waiting } = splitAtFirstAsk(cases);
  const entries = cases.flatMap((one) => (one.kind === 'ruled' ? entriesOf(one.action) : []));
  const denied = refused.flatMap(({ action, reason }) =>
    action === null ? [] : [settledEntry(action.proposal, { kind: 'denied', reason })],
  );
  const items = refused.map((one) => toolResult(of, one, `Not done. denied: ${one.reason}`));
  remember(state, refsIn(await workflowsRole.record({ entries: [...entries, ...denied], items })));

  undone.open = [...runNow, ...waiting];
  const ran = await runInOrder(state, of, principal, runNow, undone);
  const rest = [...ran.asking, ...waiting];
  if (ran.broken) await cancelRest(state, of, rest, undone);
  // Not cut off by a stop: what was started must be known, so that it can be told to end.
  else if (rest.length > 0) await CancellationScope.nonCancellable(() => startWaiting(state, of, principal, rest));
  undone.open = [];
  const waits = !ran.broken && rest.length > 0;
  return { mustSpeak: waits || state.phase === 'handed_over', denials: denied.length };
}

/** Reads side by side, writes one after the other; a write that did not succeed ends the order for those after it. */
async function runInOrder(
  state: ConversationState,
  of: TurnOf,
  principal: Signed<MessageStatement>,
  actions: readonly RuledAction[],
  undone: Undone,
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
      // What is denied joins nothing that waits: it is told at once.
      const denied = step.filter(({ verdict }) => verdict.kind === 'deny');
      for (const action of denied) await runOne(state, of, principal, action, undone);
      const asking = step.filter((action) => !denied.includes(action));
      return { broken: false, asking: [...asking, ...steps.slice(at + 1).flat()] };
    }
    const endings = await Promise.all(step.map((action) => runOne(state, of, principal, action, undone)));
    const isWrite = step.some((action) => !isRead(action));
    wrote ||= isWrite;
    if (isWrite && endings.some((ending) => ending.kind !== 'succeeded')) {
      await cancelRest(state, of, steps.slice(at + 1).flat(), undone);
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
  undone: Undone,
): Promise<Ending> {
  const { proposal } = action;
  const done = await performAction(action, principal);
  undone.open = undone.open.filter((one) => one.proposal.actionId !== proposal.actionId);
  if (done.ending.kind === 'cancelled') undone.summaries.push(proposal.summary);
  if (done.item !== null) remember(state, [done.item]);
  else await tell(state, [endingResult(of, proposal, done.ending)]);
  const asked = await askWhetherItHappened(proposal, done.ending);
  if (asked !== undefined) awaitAnswer(state, principal, asked, proposal.summary);
  if (done.ending.kind === 'succeeded' && proposal.then === 'handover') enterPhase(state, 'tool_handover');
  return done.ending;
}

// 76 h: the owner's time and the team's; for show only, the question keeps its own deadlines.
const ANSWER_WITHIN_MS = 76 * 3_600_000;

/** Wait for the answer of people to the question about an action. */
export function awaitAnswer(
  state: ConversationState,
  principal: Signed<MessageStatement>,
  batchId: string,
  summary: string,
): void {
  const deadlineMs = Date.now() + ANSWER_WITHIN_MS;
  const summaries = [`whether it happened: ${summary}`];
  awaitReport(state, { batchId, principal, summaries, group: 'the agent’s owner or team', deadlineMs });
  describeConversation(state);
}

async function cancelRest(
  state: ConversationState,
  of: TurnOf,
  rest: readonly RuledAction[],
  undone: Undone,
): Promise<void> {
  if (rest.length === 0) return;
  undone.open = undone.open.filter((one) => !rest.includes(one));
  undone.summaries.push(...rest.map(({ proposal }) => proposal.summary));
  const reason = 'an earlier step of the same order did not succeed';
  const entries = rest.map(({ proposal }) => settledEntry(proposal, { kind: 'cancelled', reason }));
  const items = rest.map(({ proposal }) => endingResult(of, proposal, { kind: 'cancelled', reason }));
  remember(state, refsIn(await workflowsRole.record({ entries, items })));
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
  awaitReport(state, batch);
  describeConversation(state);
  // What was announced before this batch was there does not reach it by itself; a stop that is over already neither.
  const wasStopped = CancellationScope.current().parent?.consideredCancelled === true;
  if (state.announcer && state.phase !== 'open') await tellNew(state, batch, state.phase);
  else if (wasStopped && patched('tell-of-stop')) await tellNew(state, batch, 'stopped');
  await tell(
    state,
    rest.map(({ proposal, verdict }) =>
      toolResult(
        of,
        proposal,
        verdict.kind === 'ask'
          ? `Not done yet: it waits for ${verdict.group} (${verdict.quorum} must approve) until ` +
              `${timeText(Date.now() + verdict.withinMs)}. The conversation goes on; the outcome will be reported.`
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
    group: groupsAsked(rest),
    deadlineMs: Date.now() + Math.max(...asking.map((verdict) => verdict.withinMs)),
  };
}

async function tell(state: ConversationState, items: readonly NewItem[]): Promise<void> {
  remember(state, refsIn(await workflowsRole.record({ entries: [], items })));
}

type Called = Pick<RefusedCall, 'actionId' | 'callId' | 'tool'>;

/** Words of code, which may repeat the model's arguments: so they are worth what the model's are. */
function toolResult(of: TurnOf, call: Called, text: string, trust: Trust = 'model'): NewItem {
  const { conversationId, turn } = of;
  const { actionId, callId, tool } = call;
  const body = { kind: 'tool_result', callId, tool, text } as const;
  return { key: resultKey(actionId), conversationId, turn, trust, body };
}

/** How an action ended, for the model. */
export const endingResult = (of: TurnOf, call: Called, ending: Ending): NewItem =>
  toolResult(of, call, endingText(ending), trustOfEnding(ending));
