// The state of a conversation and its pure transitions: what is queued, what waits, what comes next. The state is one
// printable JSON object and the input of Continue-As-New. Pure. May import domain only.
import type { Proposal, RuledAction } from './action.ts';
import type { ConversationChannel } from './channel.ts';
import { type Delivering, nothingSaid } from './delivering.ts';
import { isQuestionId } from './ids.ts';
import type { Priority } from './intake.ts';
import type { ItemRef } from './item.ts';
import type { ProcedureNews, StepOf } from './procedure-run.ts';
import { type ShutBudget, shutFor } from './reserving.ts';
import { MAX_HEARD_PER_RUN } from './run-bounds.ts';
import type { MessageStatement, ReportStatement, Signed } from './signed.ts';
import type { Summed } from './summed.ts';
import { utf8Bytes } from './text.ts';

/** `stopped` refuses messages until resume; `paused` queues them; `closed` is final. */
export type ConversationPhase = 'open' | 'paused' | 'stopped' | 'handed_over' | 'closed';

/** A message as the API submits it. `principalId` orders the queue; the proof is `signed`, verified before use. */
export interface SubmittedMessage {
  readonly id: string;
  readonly text: string;
  readonly principalId: string;
  readonly signed: Signed<MessageStatement>;
}

/** What the sender of a message learns at once. */
export interface Ticket {
  readonly messageId: string;
  /** How many messages stood before it in the queue. */
  readonly ahead: number;
  readonly phase: ConversationPhase;
  readonly duplicate: boolean;
  /** It waits for a budget that is shut: when that opens by itself, null where only people open it. */
  readonly shutUntilMs?: number | null;
  /** Of a duplicate: it stands in the queue still, with this very text. */
  readonly queued?: boolean;
}

/** How a batch of waiting actions ended, on its way back to the conversation. Counts once, if the batch is waiting. */
export interface BatchReport {
  readonly batchId: string;
  readonly signed: Signed<ReportStatement>;
}

/** A batch that waits elsewhere, or a question or a procedure there, with what its later turn needs. */
export interface WaitingBatch {
  readonly batchId: string;
  readonly principal: Signed<MessageStatement>;
  readonly summaries: readonly string[];
  /** '' while a procedure goes on by itself. */
  readonly group: string;
  readonly deadlineMs: number;
  /** Somebody asked back, and sees on a card what the requester says. */
  readonly asksBack?: true;
}

/** What the `action` Workflow is started with: the actions of one model call from the first that asks on. */
export interface BatchInput {
  readonly batchId: string;
  readonly conversationId: string;
  readonly agent: string;
  readonly tenant: string;
  readonly principal: Signed<MessageStatement>;
  readonly actions: readonly RuledAction[];
  /** Of a step: its procedure, which hears of it in the place of the conversation. Absent in batches of a model call. */
  readonly stepOf?: StepOf;
}

/** What the `question` Workflow is started with: an action that may or may not have happened. */
export interface QuestionInput {
  readonly questionId: string;
  readonly proposal: Pick<
    Proposal,
    | ('actionId' | 'conversationId' | 'agent' | 'tenant' | 'tool' | 'args' | 'digest' | 'summary' | 'principal')
    | ('forWhom' | 'howMuch' | 'critical' | 'provenance')
  >;
  readonly reason: string;
}

export interface ConversationState extends Summed {
  readonly conversationId: string;
  readonly agent: string;
  readonly tenant: string;
  phase: ConversationPhase;
  /** Where `resume` leads: a conversation that a person had taken over stays theirs. */
  resumesTo: 'open' | 'handed_over';
  /** The phase that the store and the waiting actions know of, and the changes that they do not know of yet. */
  knownPhase: ConversationPhase;
  changes: ConversationPhase[];
  /** Changes are announced beside the turns; false in a run that began under 0.1.0. */
  announcer: boolean;
  /** The last commands obeyed, by the end of their signature: each is obeyed once. */
  obeyed: string[];
  /** What the columns of the operators' list say, so that only a change is written. */
  shown: string;
  turn: number;
  inbox: SubmittedMessage[];
  reports: BatchReport[];
  /** Ids of the last messages taken in, oldest first: a late duplicate is answered, not queued. */
  seen: string[];
  waiting: WaitingBatch[];
  /** The last items of the transcript, oldest first: what a model call may show. */
  recent: ItemRef[];
  /** The worst label of what fell out of them; absent where nothing did. */
  forgotten?: 'clean' | 'untrusted';
  /** Whether more than one principal has ever spoken: what one said is a stranger's word to the other. */
  speakers: string[];
  /** Signals taken in this run; the server does not count them for us. */
  signals: number;
  /** Messages taken in this run; absent before the first. */
  heard?: number;
  /** When the last one came, by Temporal's clock; absent where none came since that is kept. */
  heardMs?: number;
  /** The number of the last word to what waits here, and of the changes that wait to be told; absent before the first. */
  told?: number;
  numbers?: number[];
  /** Whom reports on the transcript quote (see quoted.ts). */
  quoted?: readonly { readonly itemId: string; readonly people: readonly string[] }[];
  /** Absent where only the API speaks in it. */
  delivery?: Delivering;
  /** Batches whose own Workflow is gone and whose cards do not show it yet; absent where there was none. */
  goneCards?: readonly string[];
  /** For how long the turn that runs was held while paused; absent between turns. */
  heldMs?: number;
  /** Budgets that have no room for a call; absent where all have. */
  shut?: readonly ShutBudget[];
  /** What the intake came to, and how often a model has looked for facts; absent before the first. */
  intake?: { readonly priority: Priority; readonly queue: string; readonly looks: number };
  /** Maintenance has asked whether it is idle; or it has ended because it was. */
  idle?: 'asked' | 'over';
}

export interface ConversationInput {
  readonly conversationId: string;
  readonly agent: string;
  readonly tenant: string;
  /** The channel that it stands in, for a rebuild alone; `true` where it began before that was handed along. */
  readonly inChannel?: ConversationChannel | true;
  /** Set on Continue-As-New. */
  readonly state?: ConversationState;
}

/** What the Query `conversation` answers: the state without texts. */
export interface ConversationView {
  readonly conversationId: string;
  readonly agent: string;
  readonly phase: ConversationPhase;
  readonly turn: number;
  readonly queued: number;
  readonly waiting: readonly WaitingBatch[];
  /** Budgets that messages wait for; absent where they wait for none. */
  readonly shut?: readonly ShutBudget[];
}

/** One turn's work: the queued messages of one sender, or one report. */
export type Work =
  | { readonly kind: 'messages'; readonly messages: readonly SubmittedMessage[] }
  | { readonly kind: 'report'; readonly report: BatchReport; readonly batch: WaitingBatch };

// 100: an hour of a busy person's messages while paused; past it the sender is told to come back.
export const MAX_INBOX = 100;
// 192 KB of JSON in UTF-8, a dozen long messages: the state is the input of Continue-As-New, and with what else it holds it
// stays below 256 KB, where Temporal warns.
export const MAX_INBOX_BYTES = 192 * 1024;
// 10: what one person types while a turn runs; the rest opens the next turn.
export const MAX_MESSAGES_PER_TURN = 10;
// 1,000: twice the Updates that one run takes (MAX_HEARD_PER_RUN), so that what is sent again after a renewal is known.
export const MAX_SEEN = 1_000;
// 20: a person reads no longer list of waiting batches; a model that piles up more is told to wait.
export const MAX_WAITING = 20;
// 50: one for each batch that may wait, and for its questions; more come only from somebody who makes them up.
export const MAX_REPORTS = 50;
// 16,384 characters of a signed report: its text has at most 9,000 bytes of JSON, and base64 and what is around it add half.
export const MAX_REPORT_CHARS = 16_384;
export function openConversation(input: ConversationInput): ConversationState {
  const { conversationId, agent, tenant } = input;
  const lists = { inbox: [], reports: [], seen: [], waiting: [], recent: [], changes: [], obeyed: [], speakers: [] };
  const phases = { phase: 'open', knownPhase: 'open', resumesTo: 'open', announcer: false } as const;
  // A state that an earlier version wrote lacks what came later.
  const { heard: _, ...past } = input.state ?? {};
  const before = { ...(input.inChannel && { delivery: nothingSaid() }), ...past };
  const fresh = { conversationId, agent, tenant, ...phases, shown: 'open · ', turn: 0, signals: 0 };
  const state = { ...fresh, ...lists, ...before };
  // What fell out under an earlier version is on no label.
  if (input.state !== undefined && input.state.speakers === undefined) state.forgotten = 'untrusted';
  const isUntold = state.changes.length === 0 && state.phase !== state.knownPhase;
  return { ...state, changes: isUntold ? [state.phase] : state.changes, signals: 0 };
}

/** A batch, or a question when its id is one, that the conversation hears of again. */
export function awaitReport(state: ConversationState, batch: WaitingBatch): void {
  if (!state.waiting.some((one) => one.batchId === batch.batchId)) state.waiting.push(batch);
}

/** Why a message cannot be taken now, by failure type; undefined when it can. A known id needs room in the run alone. */
export function refusalOf(
  state: ConversationState,
  message: Pick<SubmittedMessage, 'id' | 'text'> & Partial<SubmittedMessage>,
): 'ConversationStopped' | 'ConversationClosed' | 'InboxFull' | 'MessageRejected' | undefined {
  if (state.phase === 'closed') return 'ConversationClosed';
  if ((state.heard ?? 0) >= MAX_HEARD_PER_RUN) return 'InboxFull';
  const queued = state.inbox.find((one) => one.id === message.id);
  if (queued !== undefined && queued.text !== message.text) return 'MessageRejected';
  if (state.seen.includes(message.id)) return undefined;
  if (state.phase === 'stopped') return 'ConversationStopped';
  const isFull =
    state.inbox.length >= MAX_INBOX || utf8Bytes(JSON.stringify([...state.inbox, message])) > MAX_INBOX_BYTES;
  return isFull ? 'InboxFull' : undefined;
}

/** Queue a message once. */
export function enqueue(state: ConversationState, message: SubmittedMessage): Ticket {
  state.heard = (state.heard ?? 0) + 1;
  const duplicate = state.seen.includes(message.id);
  const held = holdOf(state, message);
  const ticket = {
    ...{ messageId: message.id, ahead: state.inbox.length, phase: state.phase, duplicate },
    ...(held === undefined ? {} : { shutUntilMs: held.untilMs }),
  };
  if (duplicate) return { ...ticket, queued: state.inbox.some((one) => one.id === message.id) };
  state.inbox.push(message);
  if (state.speakers.length < 2 && !state.speakers.includes(message.principalId))
    state.speakers.push(message.principalId);
  state.seen = [...state.seen, message.id].slice(-MAX_SEEN);
  return ticket;
}

/**
 * Take a report in, for a batch that is waiting; whether it is true is verified when its turn opens. False when it is
 * for nothing that waits, or one too many or too long to be ours.
 */
export function enqueueReport(state: ConversationState, report: BatchReport): boolean {
  // A question may be answered while the report of its batch, which names it, still waits in this queue.
  const waits = isQuestionId(report.batchId) || state.waiting.some((batch) => batch.batchId === report.batchId);
  const fits = state.reports.length < MAX_REPORTS && report.signed.length <= MAX_REPORT_CHARS;
  if (waits && fits) state.reports.push(report);
  return waits && fits;
}

/** The report of what is waited for in this turn, taken out of the queue; undefined while there is none. */
export function takeReportOf(state: ConversationState, batchId: string): BatchReport | undefined {
  const report = state.reports.find((one) => one.batchId === batchId);
  state.reports = state.reports.filter((one) => one !== report);
  return report;
}

/** For whom a procedure waits now. What is not known to run here is left alone. */
export function noteNews(state: ConversationState, { batchId, group, deadlineMs }: ProcedureNews): void {
  state.waiting = state.waiting.map((one) => (one.batchId === batchId ? { ...one, group, deadlineMs } : one));
}

/** The next turn's work: reports first, since they are news about what was asked before; undefined when idle. */
export function takeNext(state: ConversationState): Work | undefined {
  const at = state.reports.findIndex((one) => batchOf(state, one) !== undefined);
  const [early, report, later] =
    at === -1
      ? [state.reports, undefined, []]
      : [state.reports.slice(0, at), state.reports[at], state.reports.slice(at + 1)];
  // The answer to a question may come before the report that names it: it is kept while such a report may come.
  const mayBeNamed = ({ batchId }: BatchReport) => isQuestionId(batchId) && state.waiting.length > 0;
  state.reports = [...early.filter(mayBeNamed), ...later];
  const batch = report && batchOf(state, report);
  if (report !== undefined && batch !== undefined) return { kind: 'report', report, batch };
  const sender = state.inbox.find((message) => holdOf(state, message) === undefined)?.principalId;
  if (sender === undefined) return undefined;
  const messages = state.inbox.filter((message) => message.principalId === sender).slice(0, MAX_MESSAGES_PER_TURN);
  state.inbox = state.inbox.filter((message) => !messages.includes(message));
  return { kind: 'messages', messages };
}

/** A batch whose report was verified waits no more: a second report of it changes nothing. */
export function settleBatch(state: ConversationState, batchId: string): void {
  state.waiting = state.waiting.filter((one) => one.batchId !== batchId);
}

const batchOf = (state: ConversationState, { batchId }: BatchReport): WaitingBatch | undefined =>
  state.waiting.find((one) => one.batchId === batchId);

/** The shut budget that a message waits for. Only the agent asks models: people who have taken over need none. */
const holdOf = ({ phase, shut }: ConversationState, { principalId }: Pick<SubmittedMessage, 'principalId'>) =>
  phase === 'open' ? shutFor(shut, principalId) : undefined;

/** True when a turn may start: there is work, and the phase lets it run. */
export function hasWork(state: ConversationState): boolean {
  if (state.phase !== 'open' && state.phase !== 'handed_over') return false;
  const isHeard = (message: SubmittedMessage) => holdOf(state, message) === undefined;
  return state.inbox.some(isHeard) || state.reports.some((report) => batchOf(state, report) !== undefined);
}

export function viewOf(state: ConversationState): ConversationView {
  const { conversationId, agent, phase, turn, inbox, waiting, shut } = state;
  const view = { conversationId, agent, phase, turn, queued: inbox.length, waiting };
  return shut === undefined ? view : { ...view, shut };
}
