// The one table of failure types. A type here is a name on the wire: Workflows and the API branch on it, people read it
// in the Temporal UI. May import nothing.

export const FAILURES = {
  /** 429 or overloaded: the provider says later. */
  ModelRateLimited: { retryable: true },
  /** Network, time-out, 408, 409, 5xx, a stream cut in the middle. */
  ModelUnavailable: { retryable: true },
  /** Answered 200 with what no one can use: empty, not JSON, two calls with one id. A fresh try may differ. */
  ModelAnswerUnusable: { retryable: true },
  /** 400, 401, 403, 404, 422, no quota: the same request will not be accepted later. */
  ModelRejectedRequest: { retryable: false },
  /** The warrant does not prove what it must; nothing ran. */
  WarrantRefused: { retryable: false },
  /** An attempt that was cut off may still reach the far side; ask again when its time is over. */
  OutcomeNotKnownYet: { retryable: true },
  /** A channel wants us to wait, or cannot be reached. */
  ChannelRateLimited: { retryable: true },
  ChannelUnavailable: { retryable: true },
  /** What was to be shown in channels is not even of the form of a task; nothing was shown. */
  ChannelTaskRefused: { retryable: false },
  /** The named agent is not loaded in this worker. The workflows role looks again after a while. */
  AgentUnknown: { retryable: false },
  /** The rules cannot be asked just now: their process is being made anew, or too much waits for it. */
  RulesNotReady: { retryable: true },
  /** An Update that the conversation does not accept in its phase. */
  ConversationStopped: { retryable: false },
  ConversationClosed: { retryable: false },
  InboxFull: { retryable: false },
  MessageRejected: { retryable: false },
  CommandRefused: { retryable: false },
  /** A Workflow that somebody started by hand in the name of a procedure. */
  ProcedureRefused: { retryable: false },
  /** A decision that does not verify, or that the person may not give. */
  DecisionRefused: { retryable: false },
} as const satisfies Record<string, { readonly retryable: boolean }>;

/** How the words of a refused warrant begin; the reason follows. */
export const NO_WARRANT = 'no warrant: ';

/** How the reason begins where the task was not even of the form of one. */
export const UNREADABLE_TASK = 'the task cannot be read';

/** How the reason of an outcome goes where the key is that of another action; a rebuild tells by it that nothing ended. */
export const OF_ANOTHER = {
  act: 'the key was claimed for another action, before an operator reset the conversation',
  close: 'its key was claimed for another action',
  then: ', so nothing was run for this one',
} as const;

export type FailureType = keyof typeof FAILURES;
