// The state of a conversation and its pure transitions: what is queued, what waits, what comes next. The state is one
// printable JSON object and the input of Continue-As-New. Pure. May import domain types only.
import type { SettledAction } from './action.ts';
import type { ItemRef } from './item.ts';
import type { CommandStatement, MessageStatement, ReportStatement, Signed } from './signed.ts';

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
}

/** How a batch of waiting actions ended, on its way back to the conversation. Counts once, if the batch is waiting. */
export interface BatchReport {
  readonly batchId: string;
  readonly settled: readonly SettledAction[];
  readonly signed: Signed<ReportStatement>;
}

/** A batch that waits elsewhere, with what its later turn needs. */
export interface WaitingBatch {
  readonly batchId: string;
  readonly turn: number;
  readonly principal: Signed<MessageStatement>;
  readonly summaries: readonly string[];
  readonly group: string;
  readonly deadlineMs: number;
}

export interface ConversationState {
  readonly conversationId: string;
  readonly agent: string;
  readonly tenant: string;
  phase: ConversationPhase;
  turn: number;
  inbox: SubmittedMessage[];
  reports: BatchReport[];
  /** Ids of the last messages taken in, oldest first: a late duplicate is answered, not queued. */
  seen: string[];
  waiting: WaitingBatch[];
  /** The last items of the transcript, oldest first: what a model call may show. */
  recent: ItemRef[];
  /** Commands waiting for their proof to be verified by the loop. */
  commands: Signed<CommandStatement>[];
  /** Signals taken in this run; the server does not count them for us. */
  signals: number;
}

export interface ConversationInput {
  readonly conversationId: string;
  readonly agent: string;
  readonly tenant: string;
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
  readonly busy: boolean;
  readonly waiting: readonly WaitingBatch[];
}
