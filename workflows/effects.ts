// The only proxies of the Workflows, with every timeout and retry and its reason. Nothing else here.
// May import domain types and @temporalio/workflow.
import { ApplicationFailure } from '@temporalio/common';
import {
  ActivityCancellationType,
  ActivityFailure,
  CancellationScope,
  isCancellation,
  type LocalActivityFunctionWithOptions,
  patched,
  proxyActivities,
  proxyLocalActivities,
} from '@temporalio/workflow';
import type { ActResult, Evidence, Proposal } from '../domain/action.ts';
import type { ActorActivities, AssistantActivities, WorkflowsActivities } from '../domain/activity-ports.ts';
import { TASK_QUEUES } from '../domain/ids.ts';
import { cutToBytes } from '../domain/text.ts';

// Bookkeeping is retried until the store is back: giving up would end a conversation because a database restarted.
// 5 s a try: a store that needs longer is down. A local Activity that waits shows as a running Workflow Task.
const bookkeeping = proxyLocalActivities<WorkflowsActivities>({
  startToCloseTimeout: '5s',
  retry: { initialInterval: '200ms', backoffCoefficient: 2, maximumInterval: '5s' },
});

/** The workflows role. Bookkeeping is never cancelled: a stopped turn still says on record what it did. */
export const workflowsRole: WorkflowsActivities = {
  openTurn: (input) => whole(bookkeeping.openTurn, `open turn ${input.of.turn}`, input),
  openReportTurn: (input) => whole(bookkeeping.openReportTurn, `open turn ${input.of.turn} with a report`, input),
  propose: (input) => whole(bookkeeping.propose, 'propose', input),
  proposeAnew: (input) => whole(bookkeeping.proposeAnew, `propose anew: ${summaryOf(input)}`, input),
  decide: (input) => whole(bookkeeping.decide, `decide: ${input.map(summaryOf).join('; ')}`, input),
  record: (input) => whole(bookkeeping.record, 'record', input),
  verifyDecision: (input) => whole(bookkeeping.verifyDecision, 'verify a decision', input),
  verifyCommand: (input) => whole(bookkeeping.verifyCommand, `verify ${input.command}`, input),
  conversationRuns: (input) => whole(bookkeeping.conversationRuns, 'does the conversation still run?', input),
  closeGone: (input) => whole(bookkeeping.closeGone, 'does what waits still run?', input),
  signReport: (input) => whole(bookkeeping.signReport, 'report', input),
  signAskBack: (input) => whole(bookkeeping.signAskBack, `ask back: ${input.approval.summary}`, input),
  poseQuestion: (input) => whole(bookkeeping.poseQuestion, `ask: ${summaryOf(input.question)}`, input),
  closeQuestion: (input) => whole(bookkeeping.closeQuestion, `answer: ${summaryOf(input.question)}`, input),
  closeUnfinished: (input) => whole(bookkeeping.closeUnfinished, `close: ${summaryOf(input)}`, input),
};

const summaryOf = ({ proposal }: { readonly proposal: Pick<Proposal, 'summary'> }): string => proposal.summary;

function whole<Input, Result>(
  activity: LocalActivityFunctionWithOptions<(input: Input) => Promise<Result>>,
  summary: string,
  input: Input,
): Promise<Result> {
  const options = { summary: inOneLine(summary) };
  return inTurn(() => CancellationScope.nonCancellable(() => activity.executeWithOptions(options, [input])));
}

// One local Activity at a time. Those that run side by side resolve in the order in which they end, each by itself; when
// they are replayed, in the order in which they began, all at once. What follows them would then be numbered otherwise
// than in history, and the Workflow would be stuck for good. Each Workflow run has these two of its own.
let last: Promise<unknown> = Promise.resolve();
let takesTurns: boolean | undefined;

function inTurn<T>(work: () => Promise<T>): Promise<T> {
  takesTurns ??= patched('one-at-a-time');
  if (!takesTurns) return work();
  const mine = last.then(work);
  last = mine.catch(() => undefined);
  return mine;
}

const assistantQueue = proxyActivities<AssistantActivities>({
  taskQueue: TASK_QUEUES.assistant,
  // 2 min: a long answer of a reasoning model; 10 min in all: then the sender gets an honest reply instead.
  startToCloseTimeout: '2 minutes',
  scheduleToCloseTimeout: '10 minutes',
  // 2 s, with a beat every 500 ms: how soon the call of a killed worker is taken over.
  heartbeatTimeout: '2s',
  // A model call has no effect, so a stopped turn need not wait for it.
  cancellationType: ActivityCancellationType.TRY_CANCEL,
  retry: { initialInterval: '500ms', backoffCoefficient: 2, maximumInterval: '30s', maximumAttempts: 6 },
});

export const callModel: AssistantActivities['callModel'] = (input) =>
  assistantQueue.callModel.executeWithOptions({ summary: `model call ${input.turn}.${input.call + 1}` }, [input]);

// 10 s beyond the tool's own time: verifying, claiming and the receipt.
const ACT_OVERHEAD_MS = 10_000;

const actorOptions = {
  taskQueue: TASK_QUEUES.actor,
  // 15 min: an actor gone for longer is an outage, and whoever asked has long been told to wait.
  scheduleToCloseTimeout: '15 minutes',
  heartbeatTimeout: '2s',
  // An effect that began is waited for: its true outcome is worth more than a quick stop.
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
} as const;

// 5: three to read, and two that a frozen actor's open polls may swallow (see workers/actor.ts).
const INSPECT_ATTEMPTS = 5;

/** Read the evidence. A few tries: what cannot be read is denied, and may be proposed again. `untilMs` as for `act`. */
export function inspect(input: Parameters<ActorActivities['inspect']>[0], untilMs?: number): Promise<Evidence> {
  return proxyActivities<ActorActivities>({
    ...actorOptions,
    ...endingAt(untilMs),
    startToCloseTimeout: input.proposal.timeoutMs + ACT_OVERHEAD_MS,
    retry: { initialInterval: '200ms', maximumAttempts: INSPECT_ATTEMPTS },
  }).inspect.executeWithOptions({ summary: inOneLine(`inspect: ${input.proposal.summary}`) }, [input]);
}

/**
 * Act. Retried without end within its time: the claim, not a count of attempts, keeps an effect from happening twice.
 * `untilMs`: when nobody may begin it any more, where people gave leave for a time.
 */
export function act(input: Parameters<ActorActivities['act']>[0], untilMs?: number): Promise<ActResult> {
  return proxyActivities<ActorActivities>({
    ...actorOptions,
    // What was begun in time may also end: the actor begins nothing later than `untilMs`.
    ...endingAt(untilMs && untilMs + input.proposal.timeoutMs + ACT_OVERHEAD_MS),
    startToCloseTimeout: input.proposal.timeoutMs + ACT_OVERHEAD_MS,
    retry: { initialInterval: '200ms', backoffCoefficient: 2, maximumInterval: '5s' },
  }).act.executeWithOptions({ summary: inOneLine(input.proposal.summary) }, [input]);
}

// 1 s: an Activity needs some time; the actor refuses by its own clock what comes too late.
const SHORTEST_MS = 1_000;

const endingAt = (untilMs: number | undefined) =>
  untilMs === undefined ? {} : { scheduleToCloseTimeout: Math.max(SHORTEST_MS, untilMs - Date.now()) };

// 190 bytes: the server refuses a summary of more than 200, and with it the whole Workflow Task. The words may be the
// model's, so this is a bound that must hold and not a matter of looks.
const SUMMARY_BYTES = 190;

/** A summary as the server takes it. */
export const inOneLine = (text: string): string => cutToBytes(text, SUMMARY_BYTES);

/** True for a failed Activity that is not a cancellation: the caller has an answer for it. */
export function isActivityFailure(error: unknown): error is ActivityFailure {
  return error instanceof ActivityFailure && !isCancellation(error);
}

/** The type of what failed the Activity; '' where it has none, as a time-out. */
export function typeOfFailure({ cause }: ActivityFailure): string {
  return cause instanceof ApplicationFailure ? (cause.type ?? '') : 'ModelUnavailable';
}

/** The words of a failed Activity, for people. */
export function whyFailed(error: ActivityFailure): string {
  return error.cause?.message ?? error.message;
}
