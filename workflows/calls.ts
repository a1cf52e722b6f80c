// What one model call asked for: ruled on, carried out in order, or sent to wait for people. The model is told what
// came of each call. May import domain and @temporalio/workflow.
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import { CancellationScope, type ChildWorkflowOptions, log, ParentClosePolicy, startChild } from '@temporalio/workflow';
import type { Ending, RuledAction } from '../domain/action.ts';
import { endingResult, settledEntry, toolResult } from '../domain/action-record.ts';
import type { TurnOf } from '../domain/activity-ports.ts';
import { countCalls, noteEnding, reachedBefore, type Reached, type TurnBudget } from '../domain/budget.ts';
import { groupsAsked, inSteps, isRead, isStart, splitAtFirstAsk } from '../domain/batch.ts';
import { awaitReport, type ConversationState, type WaitingBatch } from '../domain/conversation.ts';
import { enterPhase } from '../domain/phase.ts';
import { PEOPLE_FIRST, procedureId, TASK_QUEUES, waitingWorkflowId, WORKFLOW_TASK_TIMEOUT } from '../domain/ids.ts';
import { type NewItem, refsIn } from '../domain/item.ts';
import { ACTION } from '../domain/protocol.ts';
import { noteQuoted } from '../domain/quoted.ts';
import { remember } from '../domain/recent.ts';
import type { Seen } from '../domain/sources.ts';
import type { MessageStatement, Signed } from '../domain/signed.ts';
import { timeText } from '../domain/text.ts';
import type { action as actionWorkflow } from './action.ts';
import { attributesOfBatch, describeConversation } from './desk.ts';
import { inOneLine, workflowsRole } from './effects.ts';
import { performAction, ruleAgain, ruleOn } from './life.ts';
import { holdWhilePaused, tellWhatHolds, workedMs } from './phase.ts';
import { askWhetherItHappened } from './question.ts';
import { awaitAnswer, hearReport } from './reports.ts';
import { procedureInTurn } from './starting.ts';

/** What the rest of the turn must know. */
export interface Told {
  /** Something waits or goes on, or a person has taken over: the turn ends with the model's next words. */
  mustSpeak: boolean;
  /** How many of the calls were denied by the rules, steps of procedures among them. */
  denials: number;
  /** The people whose words stand in what the model was told. */
  quotes: readonly string[];
  /** A limit of the turn, for which none of the calls was made. */
  reached?: Reached;
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
  { budget, ...from }: From & { readonly budget: TurnBudget },
  undone: Undone,
): Promise<Told> {
  const { cases, told: refusals } = await ruleOn({ of, principal, ...from });
  remember(state, refusals);
  const reached = countCalls(budget, cases);
  const { refused, runNow, waiting } = splitAtFirstAsk(cases);

  undone.open = [...runNow, ...waiting];
  const denials = refused.filter(({ action }) => action !== null).length;
  const told: Told = { mustSpeak: false, denials, quotes: [] };
  if (reached !== undefined) {
    await cancelRest(state, of, undone.open, undone, USED_UP);
    return { ...told, reached };
  }
  const ran = await runInOrder({ state, of, principal, undone, told, budget }, runNow);
  const rest = [...ran.asking, ...waiting];
  if (ran.broken !== undefined) await cancelRest(state, of, rest, undone, ran.broken);
  // Not cut off by a stop: what was started must be known, so that it can be told to end.
  else if (rest.length > 0) await CancellationScope.nonCancellable(() => startWaiting(state, of, principal, rest));
  undone.open = [];
  told.mustSpeak ||= (ran.broken === undefined && rest.length > 0) || state.phase === 'handed_over';
  return told;
}

/** Of the turn, the call and what is told of it. */
interface Calling {
  readonly state: ConversationState;
  readonly of: TurnOf;
  readonly principal: Signed<MessageStatement>;
  readonly undone: Undone;
  readonly told: Told;
  readonly budget: TurnBudget;
}

/**
 * Reads side by side, writes one after the other; a write that did not succeed ends the order for those after it, which
 * `broken` says in words.
 */
async function runInOrder(
  calling: Calling,
  actions: readonly RuledAction[],
): Promise<{ readonly broken: string | undefined; readonly asking: readonly RuledAction[] }> {
  const { state, of, principal, undone, budget } = calling;
  const steps = inSteps(actions);
  let wrote = false;
  for (const [at, planned] of steps.entries()) {
    await holdWhilePaused(state);
    if (reachedBefore(budget, workedMs(state, budget.use))?.limit === 'work_time') {
      await cancelRest(state, of, steps.slice(at).flat(), undone, USED_UP);
      return { broken: USED_UP, asking: [] };
    }
    // What stands behind a write is ruled on again: the write may have used up what it relied on.
    const step: readonly RuledAction[] = wrote
      ? await Promise.all(planned.map((action) => ruleAgain(action, principal, null)))
      : planned;
    if (step.some(({ verdict }) => verdict.kind === 'ask')) {
      // What is denied joins nothing that waits: it is told at once.
      const denied = step.filter(({ verdict }) => verdict.kind === 'deny');
      for (const action of denied) await runOne(calling, action);
      const asking = step.filter((action) => !denied.includes(action));
      return { broken: undefined, asking: [...asking, ...steps.slice(at + 1).flat()] };
    }
    const endings = await Promise.all(step.map((action) => runOne(calling, action)));
    const isWrite = step.some((action) => !isRead(action));
    wrote ||= isWrite;
    if (isWrite && endings.some((ending) => ending?.kind !== 'succeeded')) {
      const broken = endings.includes(undefined) ? GOES_ON : BROKEN;
      await cancelRest(state, of, steps.slice(at + 1).flat(), undone, broken);
      return { broken, asking: [] };
    }
  }
  return { broken: undefined, asking: [] };
}

const BROKEN = 'an earlier step of the same order did not succeed';
const USED_UP = 'the turn had used up what one turn may use';
const GOES_ON = 'a procedure before it in the same order goes on; ask for it again when that has ended';

/** How it ended; undefined where it goes on. */
async function runOne(calling: Calling, action: RuledAction): Promise<Ending | undefined> {
  if (isStart(action) && action.verdict.kind === 'allow') return runStart(calling, action);
  const { state, of, principal, undone, budget } = calling;
  const { proposal } = action;
  const done = await performAction(action, principal);
  undone.open = undone.open.filter((one) => one.proposal.actionId !== proposal.actionId);
  if (done.ending.kind === 'cancelled') undone.summaries.push(proposal.summary);
  if (!isRead(action)) noteEnding(budget.use, proposal.summary, done.ending);
  if (done.item !== null) remember(state, [done.item]);
  else await tell(state, [endingResult(of, proposal, done.ending)]);
  const asked = await askWhetherItHappened(proposal, done.ending);
  if (asked !== undefined) awaitAnswer(state, principal, asked, proposal.summary);
  if (done.ending.kind === 'succeeded' && proposal.then === 'handover') enterPhase(state, 'tool_handover');
  return done.ending;
}

/** Start a procedure. What is known of it by the end of this turn's patience is the result of the call. */
async function runStart(
  { state, of, principal, undone, told, budget }: Calling,
  action: RuledAction,
): Promise<Ending | undefined> {
  const { proposal } = action;
  const { actionId, callId, tool } = proposal;
  // A stop reaches it by itself from here on.
  undone.open = undone.open.filter((one) => one.proposal.actionId !== proposal.actionId);
  const report = await procedureInTurn(state, { proposal, principal });
  const call = { actionId, callId, tool };
  const taken = report && (await workflowsRole.takeReport({ of, ...report, call }));
  if (taken?.kind === 'taken') {
    hearReport(state, { batchId: procedureId(actionId), principal }, taken);
    remember(state, taken.items);
    noteEnding(budget.use, proposal.summary, taken.ending);
    noteQuoted(state, taken.items[0]?.id ?? '', taken.quotes);
    told.denials += taken.denials;
    told.quotes = [...told.quotes, ...taken.quotes];
    return taken.ending;
  }
  told.mustSpeak = true;
  const waits = state.waiting.find((one) => one.batchId === procedureId(actionId));
  const how = waits === undefined || waits.group === '' ? 'It goes on by itself' : `It waits for ${waits.group}`;
  await tell(state, [toolResult(of, proposal, `Started, and not done yet. ${how}; the outcome will be reported.`)]);
  return undefined;
}

async function cancelRest(
  state: ConversationState,
  of: TurnOf,
  rest: readonly RuledAction[],
  undone: Undone,
  reason: string,
): Promise<void> {
  if (rest.length === 0) return;
  undone.open = undone.open.filter((one) => !rest.includes(one));
  undone.summaries.push(...rest.map(({ proposal }) => proposal.summary));
  const entries = rest.map(({ proposal }) => settledEntry(proposal, { kind: 'cancelled', reason }, Date.now()));
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
    priority: PEOPLE_FIRST,
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
  await tellWhatHolds(state, batch);
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
