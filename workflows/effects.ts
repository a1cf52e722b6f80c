// The only proxies of the Workflows, with every timeout and retry and its reason. Nothing else here.
// May import domain types and @temporalio/workflow.
import { ApplicationFailure } from '@temporalio/common';
import {
  ActivityCancellationType,
  ActivityFailure,
  CancellationScope,
  isCancellation,
  type LocalActivityFunctionWithOptions,
  log,
  proxyActivities,
  proxyLocalActivities,
} from '@temporalio/workflow';
import type { ActResult, Evidence, Proposal } from '../domain/action.ts';
import type {
  ActorActivities,
  AssistantActivities,
  DeliverActivities,
  WorkflowsActivities,
} from '../domain/activity-ports.ts';
import { TASK_QUEUES } from '../domain/ids.ts';
import type { MaintenanceActivities } from '../domain/maintenance.ts';
import type { CallModelInput, CallModelResult } from '../domain/model.ts';
import { cutToBytes } from '../domain/text.ts';
import { inTurn } from './in-turn.ts';

// Bookkeeping is retried until the store is back: giving up would end a conversation because a database restarted.
// 5 s a try: a store that needs longer is down. A local Activity that waits shows as a running Workflow Task.
const untilTheStoreIsBack = {
  startToCloseTimeout: '5s',
  retry: { initialInterval: '200ms', backoffCoefficient: 2, maximumInterval: '5s' },
} as const;

/** What writes twice: a store that needs the limit of one for each of both still gets on. */
const both = proxyLocalActivities<Pick<WorkflowsActivities, 'openTurn' | 'ruleOnCalls'>>({
  ...untilTheStoreIsBack,
  startToCloseTimeout: '10s',
});

const bookkeeping = proxyLocalActivities<WorkflowsActivities & Pick<MaintenanceActivities, 'isIdle'>>(
  untilTheStoreIsBack,
);

/** The workflows role. Bookkeeping is never cancelled: a stopped turn still says on record what it did. */
export const workflowsRole: WorkflowsActivities = {
  openTurn: (input) => whole(both.openTurn, `open turn ${input.of.turn}`, input),
  openReportTurn: (input) => whole(bookkeeping.openReportTurn, `open turn ${input.of.turn} with a report`, input),
  takeIntake: (input) => whole(bookkeeping.takeIntake, 'take in', input),
  reserve: (input) => whole(bookkeeping.reserve, `reserve ${input.of.turn}.${input.call}`, input),
  poseBudget: (input) => whole(bookkeeping.poseBudget, 'ask for more of a budget', input),
  closeBudget: (input) => whole(bookkeeping.closeBudget, 'open more of a budget', input),
  waitingForBudget: (input) => whole(bookkeeping.waitingForBudget, 'who waits for the budget?', input),
  openedBudgets: (input) => whole(bookkeeping.openedBudgets, 'was it opened?', input),
  propose: (input) => whole(bookkeeping.propose, 'propose', input),
  ruleOnCalls: (input) => whole(both.ruleOnCalls, 'rule on the calls', input),
  proposeAnew: (input) => whole(bookkeeping.proposeAnew, `propose anew: ${summaryOf(input)}`, input),
  proposeStep: (input) => whole(bookkeeping.proposeStep, `propose the step ${input.step}`, input),
  readEnd: (input) => whole(bookkeeping.readEnd, 'how did it end?', input),
  takeReport: (input) => whole(bookkeeping.takeReport, 'take a report', input),
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

/** Of the role as well; beside those of a turn, since it is asked by the one that ends itself alone. */
export const isIdle: MaintenanceActivities['isIdle'] = (id) => whole(bookkeeping.isIdle, 'is it idle?', id);
const committed = proxyActivities<Pick<WorkflowsActivities, 'record'>>({
  ...untilTheStoreIsBack,
  taskQueue: TASK_QUEUES.workflows,
});

/**
 * Record what an Update has caused, once that is in history: a Workflow Task that Temporal discards takes the Update along,
 * but not what a local Activity has written; and where the Update then reaches the next run, it would be written again.
 */
export const recordCommitted: WorkflowsActivities['record'] = (input) =>
  CancellationScope.nonCancellable(() => committed.record.executeWithOptions({ summary: 'record' }, [input]));

const summaryOf = ({ proposal }: { readonly proposal: Pick<Proposal, 'summary'> }): string => proposal.summary;

function whole<Input, Result>(
  activity: LocalActivityFunctionWithOptions<(input: Input) => Promise<Result>>,
  summary: string,
  input: Input,
): Promise<Result> {
  const options = { summary: inOneLine(summary) };
  return inTurn(() => CancellationScope.nonCancellable(() => activity.executeWithOptions(options, [input])));
}

const upkeep = proxyActivities<Omit<MaintenanceActivities, 'isIdle'>>({
  taskQueue: TASK_QUEUES.workflows,
  // 10 min: a few hundred conversations of each task, of which the longest take a second each; 1 h in all: then the next run
  // begins where this one is.
  startToCloseTimeout: '10 minutes',
  scheduleToCloseTimeout: '1 hour',
  // 10 s, with a beat every 500 ms: nobody waits for what a killed worker has begun.
  heartbeatTimeout: '10s',
  retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '1 minute' },
});

export const maintain: MaintenanceActivities['maintain'] = (input = {}) =>
  upkeep.maintain.executeWithOptions({ summary: 'do what is due' }, [input]);

export const noteAsked: MaintenanceActivities['noteAsked'] = (told) =>
  upkeep.noteAsked.executeWithOptions({ summary: 'note who was asked' }, [told]);

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

// 10 min, as `scheduleToCloseTimeout` above.
const MODEL_CALL_MS = 600_000;

/** `withinMs`: how much time is left of the turn. */
export function callModel(input: CallModelInput, withinMs: number): Promise<CallModelResult> {
  return assistantQueue.callModel.executeWithOptions(
    {
      summary: `model call ${input.turn}.${input.call + 1}`,
      scheduleToCloseTimeout: Math.min(MODEL_CALL_MS, Math.max(SHORTEST_MS, withinMs)),
    },
    [input],
  );
}

const quickAssistant = proxyActivities<Pick<AssistantActivities, 'fillFacts'>>({
  taskQueue: TASK_QUEUES.assistant,
  // 1 min, and 2 in all: somebody waits for an answer, and code goes on without the facts that no model finds.
  startToCloseTimeout: '1 minute',
  scheduleToCloseTimeout: '2 minutes',
  heartbeatTimeout: '2s',
  cancellationType: ActivityCancellationType.TRY_CANCEL,
  retry: { initialInterval: '500ms', backoffCoefficient: 2, maximumAttempts: 3 },
});

export const fillFacts: AssistantActivities['fillFacts'] = (input) =>
  quickAssistant.fillFacts.executeWithOptions({ summary: `facts of turn ${input.turn}` }, [input]);

const patientAssistant = proxyActivities<Pick<AssistantActivities, 'sumUp'>>({
  taskQueue: TASK_QUEUES.assistant,
  // As a model call; 1 h in all, for nobody waits for it: an assistant that is gone for longer is tried after the next turn.
  startToCloseTimeout: '2 minutes',
  scheduleToCloseTimeout: '1 hour',
  heartbeatTimeout: '2s',
  cancellationType: ActivityCancellationType.TRY_CANCEL,
  retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '1 minute' },
});

export const sumUp: AssistantActivities['sumUp'] = (input) =>
  patientAssistant.sumUp.executeWithOptions({ summary: `sum up after turn ${input.turn}` }, [input]);

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

const channelOptions = {
  taskQueue: TASK_QUEUES.actor,
  // 2 min: a hundred people, one call of a fifth of a second after the other, with room. What was shown by then is not
  // shown again, so a longer list goes on in the next attempt.
  startToCloseTimeout: '2 minutes',
  // 2 s, with a beat every 500 ms: how soon the sending of a killed worker is taken over.
  heartbeatTimeout: '2s',
  // Whoever ends waits for no channel.
  cancellationType: ActivityCancellationType.TRY_CANCEL,
  // 1 s and then up to 30 s, without end within its time: a platform that was away for an hour has the card half a minute
  // after it is back, and one try costs it one call for each place.
  retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '30s' },
} as const;

const cardChannels = proxyActivities<Pick<DeliverActivities, 'showCards'>>({
  ...channelOptions,
  // 24 h: a platform that is away for a day is an outage that people know of; the next change of the approval tries again.
  scheduleToCloseTimeout: '24 hours',
});

export const showCards: DeliverActivities['showCards'] = (input) =>
  cardChannels.showCards.executeWithOptions({ summary: 'show cards' }, [input]);

const reminderChannels = proxyActivities<Pick<DeliverActivities, 'remind'>>({
  ...channelOptions,
  // 1 h: what reminds later than that comes as a surprise; the card stands there all the same.
  scheduleToCloseTimeout: '1 hour',
});

export const remind: DeliverActivities['remind'] = (input) =>
  reminderChannels.remind.executeWithOptions({ summary: 'remind' }, [input]);

const replyChannels = proxyActivities<Pick<DeliverActivities, 'deliverReplies'>>({
  ...channelOptions,
  // 24 h: as for cards; what was not delivered by then goes out with the next reply.
  scheduleToCloseTimeout: '24 hours',
});

export const deliverReplies: DeliverActivities['deliverReplies'] = (input) =>
  replyChannels.deliverReplies.executeWithOptions({ summary: 'deliver replies' }, [input]);

// 2 h: how long a Workflow that has ended stays open to show the last state. Chats are seldom away for an hour; past it the
// card keeps what it said before, and a click on it tells how it ended.
export const SHOW_LAST_MS = 2 * 3_600_000;

/** Tell a channel, and go on in any case: one that fails is logged, for the record says all that it would have shown. */
export async function inChannels(what: string, work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!isActivityFailure(error)) throw error;
    log.warn(`${what}: a channel could not be reached in time`, { reason: whyFailed(error) });
  }
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
