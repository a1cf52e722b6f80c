// Names of the Workflow messages, one for the API, the Workflows and people in the Temporal UI. May import nothing.

export const CONVERSATION = {
  type: 'conversation',
  /** Update (SubmittedMessage) → Ticket: the sender must learn at once whether the message is taken. */
  submitMessage: 'submitMessage',
  /** Updates () → ConversationView. The Signals of the same names exist for when ten Updates are in flight. */
  pause: 'pause',
  stop: 'stop',
  /** Updates (Signed<CommandStatement>) → ConversationView. What opens something again must be signed by the API. */
  resume: 'resume',
  handover: 'handover',
  handback: 'handback',
  /** Update () → ConversationView: ends the conversation for good. */
  close: 'close',
  /** Signals. */
  pauseSignal: 'pauseNow',
  stopSignal: 'stopNow',
  actionSettled: 'actionSettled',
  /** Signal (ProcedureNews): for whom a procedure of this conversation waits now. For show; it opens nothing. */
  procedureWaits: 'procedureWaits',
  /** Signal (question id): people have opened more of a budget. It opens nothing: the conversation looks. */
  budgetOpened: 'budgetOpened',
  /** Signal (): look whether you are idle for as long as your agent keeps what is. It ends nothing that is not. */
  lookIfIdle: 'lookIfIdle',
  /** Query () → ConversationView. */
  query: 'conversation',
} as const;

export const ACTION = {
  type: 'action',
  /** Update (Signed<DecisionStatement>) → Receipt. */
  decideApproval: 'decideApproval',
  /** Signal (Signed<DecisionStatement>): the same decision, delivered by a bot or by hand. */
  approvalDecision: 'approvalDecision',
  /**
   * Signals () from an operator, or (number) from the conversation: Temporal may deliver two of them in the other order, so
   * each has a higher number than the one before, and what comes after a higher one changes nothing.
   */
  pause: 'pause',
  resume: 'resume',
  cancel: 'cancel',
  /** Signal () from the conversation: whoever asked back sees what is said there. */
  said: 'said',
  /** Query () → what waits: approvals, what has ended, and whether it is held. */
  query: 'action',
} as const;

/** A procedure listens to what its conversation passes on, as a batch does. */
export const PROCEDURE = {
  type: 'procedure',
  /** Signal () from the batch of a step: it has ended; how, the store says. */
  stepSettled: 'stepSettled',
  /** Query () → its steps so far, what it waits for, and whether it is held. */
  query: 'procedure',
} as const;

/** A question listens to the same messages as a batch. */
export const QUESTION = { type: 'question' } as const;

/** Does what is due, and has no messages: () → DoneWork[]. The Schedule starts it, or an operator under an id of its own. */
export const MAINTENANCE = {
  type: 'maintenance',
  scheduleId: 'maintenance',
  byHandId: 'maintenance-by-hand',
} as const;

/** Search attributes: Keyword, but `waitsFor` (KeywordList) and `priority` (Int). Never encrypted: no personal data. */
export const SEARCH_ATTRIBUTES = {
  agent: 'CountersignAgent',
  owner: 'CountersignOwner',
  phase: 'CountersignPhase',
  waitsFor: 'CountersignWaitsFor',
  priority: 'CountersignPriority',
  queue: 'CountersignQueue',
  tenant: 'CountersignTenant',
} as const;
