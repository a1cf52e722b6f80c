// What Workflows ask of the three roles. The Activities implement these; Workflows see only the types.
// May import domain types only.
import type { ActResult, Ending, Evidence, Proposal, RuledAction, SettledAction, Warrant } from './action.ts';
import type { Approval, CountedDecision } from './approval.ts';
import type { QuestionInput, SubmittedMessage } from './conversation.ts';
import type { Entry } from './entry.ts';
import type { ItemRef, NewItem, Recorded } from './item.ts';
import type { Json } from './json.ts';
import type { Asked } from './entitlement.ts';
import type { IntakeTaken, IntakeWork, OpenedTurn } from './opened-turn.ts';
import type { ProposeInput, Proposed, RuledCalls } from './proposing.ts';
import type { BudgetQuestion, FirstCall, Reserved, ReserveInput, ShutBudget } from './reserving.ts';
import type {
  CommandStatement,
  DecisionStatement,
  LeaveAsked,
  MessageStatement,
  ReportStatement,
  Signed,
} from './signed.ts';

/** Where a turn belongs. */
export interface TurnOf {
  readonly conversationId: string;
  readonly agent: string;
  readonly tenant: string;
  readonly turn: number;
}

/** A proposal and what its system of record said; null evidence where the record could not be read. */
export interface Inspected {
  readonly proposal: Proposal;
  readonly evidence: Evidence | null;
  readonly approval: LeaveAsked | null;
  /** What the record said when people gave their leave: where it has changed, their leave is not in the verdict. */
  readonly seen?: Evidence | null;
  /** Its evidence could be read, and there was no room for it beside that of the others. */
  readonly isLeftOut?: true;
}

/** How an action has ended, for the code that wanted it. */
export interface ActionEnd {
  readonly actionId: string;
  readonly summary: string;
  readonly ending: Ending;
  /** What it gave back; null where it has not succeeded, and where that is too long. */
  readonly result: Json;
  /** How long it is, as JSON, where it is too long for a procedure. */
  readonly tooLongBytes?: number;
  /** It succeeded, and the store has lost what it gave back: `result` is null for that. */
  readonly isLost?: true;
  /** The people whose words stand in how it ended. */
  readonly quotes: readonly string[];
}

/** What a report says that came while its call was waited for. */
export type TakenReport =
  | {
      readonly kind: 'taken';
      /** Of the action that the call became. */
      readonly ending: Ending;
      readonly items: readonly ItemRef[];
      readonly asked: NonNullable<ReportStatement['asked']>;
      readonly handsOver: boolean;
      readonly denials: number;
      readonly quotes: readonly string[];
    }
  | { readonly kind: 'refused' };

/** What the role must know of an approval to verify a decision on it. */
export type DecidedOn = Pick<Approval, 'id' | 'digest' | 'agent' | 'tool' | 'args'> & {
  readonly tenant: string;
  readonly asked: Asked;
};

export type CheckedDecision =
  | { readonly kind: 'valid'; readonly approvalId: string; readonly decision: CountedDecision }
  | { readonly kind: 'refused'; readonly reason: string };

export type CheckedCommand =
  | { readonly kind: 'valid'; readonly by: string }
  | { readonly kind: 'refused'; readonly reason: string };

/** The workflows role, as local Activities: signs verdicts, reads and writes the store, holds no key but its own. */
export interface WorkflowsActivities {
  /** Verify each message's signature and write the texts as items, idempotent by message id. */
  openTurn(input: {
    readonly of: TurnOf;
    readonly messages: readonly SubmittedMessage[];
    readonly handedOver: boolean;
    /** False when the conversation ends: the messages are kept, nobody answers. */
    readonly answers: boolean;
    /** Where a turn of the agent begins, and no intake: hold what its first call may use (`held`), as `reserve` does. */
    readonly first?: FirstCall;
  }): Promise<OpenedTurn>;
  /** Verify the report's signature and write it as an item. */
  openReportTurn(input: {
    readonly of: TurnOf;
    readonly principal: Signed<MessageStatement>;
    readonly batchId: string;
    readonly signed: Signed<ReportStatement>;
    readonly handedOver: boolean;
  }): Promise<OpenedTurn>;
  /**
   * Find the facts in what people wrote, check what a model quoted of them, and put priority and queue on record. Null
   * where the agent has no intake any more.
   */
  takeIntake(input: {
    readonly of: TurnOf;
    /** The messages of this turn, and all that a quote may stand in. */
    readonly fresh: readonly string[];
    readonly show: readonly string[];
    /** What the turn asked of the intake; absent where a worker of 0.7.0 asks, which trusts code alone without a model. */
    readonly work?: IntakeWork;
    /** The model's answer; '' where there is none. */
    readonly itemId: string;
    /** False where a person has taken over: nothing is asked then. */
    readonly mayAsk: boolean;
  }): Promise<IntakeTaken | null>;
  /**
   * Hold what one model call may use at most, before it is made; idempotent by conversation, turn and call. What calls
   * before it have used is counted by what is on record of them.
   */
  reserve(input: ReserveInput): Promise<Reserved>;
  /** Ask for more of a budget: its agent's owner first, then the team; null when nobody is left, or its day is over. */
  poseBudget(input: {
    readonly question: BudgetQuestion;
    readonly round: number;
    readonly askedMs: number;
  }): Promise<Approval | null>;
  /** Open what people have said yes to, with the word that says so. True where more is open by it. */
  closeBudget(input: {
    readonly question: BudgetQuestion;
    readonly answer: CountedDecision;
    readonly atMs: number;
  }): Promise<boolean>;
  /** Conversations that came to the end of a budget, from the one after that on; few at once. */
  waitingForBudget(input: { readonly budgetId: string; readonly after: string }): Promise<readonly string[]>;
  /** Of these questions for more: those upon which more was opened. */
  openedBudgets(input: { readonly shut: readonly ShutBudget[] }): Promise<readonly string[]>;
  /** Parse, make canonical and digest the calls of one model answer; rule on those that need no evidence. Writes nothing. */
  propose(input: ProposeInput): Promise<readonly Proposed[]>;
  /**
   * The same; and where each case is clear without evidence, put the rulings on record, and tell the model what is refused.
   * An attempt after the first keeps to what is on record; a worker that knows of none rules anew.
   */
  ruleOnCalls(input: ProposeInput & { readonly atMs: number }): Promise<RuledCalls>;
  /**
   * Propose an action anew, under a key of its own: as an approver wrote it, or under the tool's declaration of today.
   * What cannot be parsed any more is invalid. Writes nothing.
   */
  proposeAnew(input: {
    readonly proposal: Proposal;
    readonly args: string;
    /** Who wrote these arguments; '' where nobody did. */
    readonly editor: string;
  }): Promise<Proposed>;
  /**
   * Propose a step of a procedure, as its code wants it, on the ground of the action that started it. Rules on it where no
   * evidence is needed. What cannot be parsed is invalid. Writes nothing.
   */
  proposeStep(input: {
    readonly start: Proposal;
    readonly step: string;
    readonly tool: string;
    /** As JSON. */
    readonly args: string;
    /** Keys of the actions that its earlier steps ended as: its values can come from what they gave back. */
    readonly earlier: readonly string[];
    /** Whose words it rests on, besides those on which the start does: who edited or denied a step before it. */
    readonly editors: readonly string[];
  }): Promise<Proposed>;
  /** How an action has ended, by what it was proposed as last; null while it has not. */
  readEnd(input: { readonly actionId: string }): Promise<ActionEnd | null>;
  /** Verify a report's signature, and write it as the result of the call that it answers. */
  takeReport(input: {
    readonly of: TurnOf;
    readonly batchId: string;
    readonly signed: Signed<ReportStatement>;
    readonly call: Pick<Proposal, 'actionId' | 'callId' | 'tool'>;
  }): Promise<TakenReport>;
  /** Sign what the conversation is told when an approver asks it something. */
  signAskBack(input: {
    readonly approval: Approval;
    readonly decision: CountedDecision;
    /** As what the conversation knows it: the procedure whose step it is. Absent: the batch. */
    readonly as?: string;
  }): Promise<Signed<ReportStatement>>;
  /** Ask the rules and sign their verdicts. Writes nothing. */
  decide(input: readonly Inspected[]): Promise<readonly RuledAction[]>;
  /** Write entries and items in one transaction, idempotent by their keys. Says whether what it asks has cards. */
  record(input: { readonly entries: readonly Entry[]; readonly items: readonly NewItem[] }): Promise<Recorded>;
  verifyDecision(input: {
    readonly signed: Signed<DecisionStatement>;
    readonly approvals: readonly DecidedOn[];
  }): Promise<CheckedDecision>;
  verifyCommand(input: {
    readonly signed: Signed<CommandStatement>;
    readonly conversationId: string;
    readonly command: CommandStatement['command'];
  }): Promise<CheckedCommand>;
  /** Ask Temporal by Workflow Id, without a run id: does the conversation still run? */
  conversationRuns(conversationId: string): Promise<boolean>;
  /**
   * Of what waits: what will never report. What an operator has ended in Temporal is closed on record, and what may have
   * happened of it is asked; what has completed long ago without a report that held is only named.
   */
  closeGone(input: {
    readonly of: TurnOf;
    readonly waiting: readonly { readonly batchId: string; readonly deadlineMs: number }[];
  }): Promise<
    readonly {
      readonly batchId: string;
      readonly questions: readonly QuestionInput[];
      /** It has ended, and its report did not come or did not hold. */
      readonly isLost?: boolean;
      /** Nobody else shows on its cards how it ended. */
      readonly hasCards?: true;
    }[]
  >;
  signReport(input: {
    readonly conversationId: string;
    readonly batchId: string;
    readonly settled: readonly SettledAction[];
    /** The people whose words stand in how they ended. */
    readonly quotes?: readonly string[];
    /** What is reported, as the beginning of a sentence; absent: what waited. */
    readonly what?: string;
  }): Promise<Signed<ReportStatement>>;
  /** Put the question whether an unknown action happened: its owner first, then the team; null when nobody is left. */
  poseQuestion(input: {
    readonly question: QuestionInput;
    readonly round: number;
    readonly askedMs: number;
  }): Promise<Approval | null>;
  /** Put the answer on record, and sign what the conversation is told. Null answer: nobody gave one in time. */
  closeQuestion(input: {
    readonly question: QuestionInput;
    readonly answer: CountedDecision | null;
  }): Promise<Signed<ReportStatement>>;
  /**
   * After `act` itself could not be finished: how did it end? Where nobody has claimed the action this takes the claim,
   * so that nobody can any more, and it ends as `as`; a claim without a receipt is `unknown`.
   */
  closeUnfinished(input: {
    readonly proposal: Proposal;
    readonly as: 'cancelled' | 'failed' | 'expired';
    readonly reason: string;
  }): Promise<Ending>;
}

export type { AssistantActivities } from './model.ts';

/** The actor: verifies warrants, holds business credentials, reads and changes the systems of record. */
export interface ActorActivities {
  inspect(input: { readonly proposal: Proposal; readonly principal: Signed<MessageStatement> }): Promise<Evidence>;
  act(input: {
    readonly proposal: Proposal;
    readonly warrant: Warrant;
    /** True inside a turn: the result becomes the tool result of its call. A batch reports at its end instead. */
    readonly notesResult: boolean;
  }): Promise<ActResult>;
}

/** What came of bringing channels up to date. */
export interface Delivered {
  /** How many messages were posted or edited. */
  readonly done: number;
  /** Sentences about places that refuse for good; they are not tried again. */
  readonly refused: readonly string[];
}

/**
 * The actor, with the tokens of the channels: shows what is on record, at addresses of the directory or the conversation's
 * own. Each may be called at any time, and again: it changes only what does not stand as it should. Without channels they
 * do nothing. Fails with ChannelRateLimited or ChannelUnavailable, which pass.
 */
export interface DeliverActivities {
  /**
   * Bring the cards of a batch or a question to what is on record of it. Call it whenever that has changed. `atMs`: the time
   * by the Workflow's clock, which says who may decide by now; the actor's own may be behind it.
   */
  showCards(input: { readonly batchId: string; readonly atMs?: number }): Promise<Delivered>;
  /**
   * Remind whoever can still decide what was due to be reminded of by then, in words of the actor's own (see notices.ts);
   * once for each reminder. `atMs`: when it fell due, by the Workflow's clock.
   */
  remind(input: { readonly batchId: string; readonly atMs: number }): Promise<Delivered>;
  /** Every reply of a conversation in a channel that was not delivered yet, in order. */
  deliverReplies(input: { readonly conversationId: string }): Promise<Delivered>;
}
