// What the roles sign, and for whom. The signature covers the exact bytes of the statement; whoever verifies reads the
// statement out of the signed bytes, so what was checked and what is used cannot differ. May import domain types only.
import type { Verdict } from './verdict.ts';
import type { Escalation } from './entitlement.ts';
import type { Principal } from './principal.ts';

/** A compact JWS (EdDSA over Ed25519) whose payload is the JSON of T. The phantom field only carries the type. */
export type Signed<T> = string & { readonly __statement?: T };

/** The API's word that this principal sent this text into this conversation. */
export interface MessageStatement {
  readonly kind: 'message';
  readonly conversationId: string;
  readonly messageId: string;
  readonly principal: Principal;
  readonly textSha256: string;
  readonly atMs: number;
}

/**
 * Leave is given or denied; `edit` denies it and says what may run instead; `withdraw` takes an approval back; `ask_back`
 * asks the conversation, and decides nothing. A question is answered.
 */
export type DecisionAnswer = 'approve' | 'deny' | 'edit' | 'withdraw' | 'ask_back' | 'happened' | 'did_not_happen';

/** The API's word that this person answered this approval, over the digest of the exact action. */
export interface DecisionStatement {
  readonly kind: 'decision';
  readonly decisionId: string;
  readonly approvalId: string;
  readonly digest: string;
  readonly answer: DecisionAnswer;
  readonly reason: string;
  /** With `edit`: the arguments that are to run instead, as canonical JSON. */
  readonly args?: string;
  readonly person: Principal;
  readonly method: string;
  readonly atMs: number;
}

/** The API's word that this operator gave this command. Only what opens something again must be signed. */
export interface CommandStatement {
  readonly kind: 'command';
  readonly command: 'resume' | 'handover' | 'handback';
  readonly conversationId: string;
  readonly principal: Principal;
  readonly atMs: number;
}

/** The API's word that this operator had maintenance run just now. */
export interface UpkeepStatement {
  readonly kind: 'upkeep';
  readonly principal: Principal;
  readonly atMs: number;
}

/** The approval that a verdict rests on: until when it could be decided, and by whom besides the group of the rule. */
export interface LeaveAsked {
  readonly id: string;
  readonly deadlineMs: number;
  readonly escalation?: readonly Escalation[];
}

/** The workflows role's ruling on one action, bound to the digest. The actor demands it, `allow` included. */
export interface VerdictStatement {
  readonly kind: 'verdict';
  readonly actionId: string;
  readonly digest: string;
  /** SHA-256, hex, of the whole proposal. Nothing is begun on a verdict without it, as 0.1.0 signed them. */
  readonly proposalSha256?: string;
  readonly agent: string;
  readonly tenant: string;
  readonly principalId: string;
  readonly verdict: Verdict;
  readonly evidenceSha256: string;
  /** SHA-256, hex, of what the rules saw besides. Absent where no rule was asked, and in those of 0.6.0. */
  readonly givenSha256?: string;
  /** Set once people answered: whose decisions count for this action, and until when they could be given. */
  readonly approval: LeaveAsked | null;
  readonly atMs: number;
}

/** The workflows role's word on how a batch of waiting actions ended. */
export interface ReportStatement {
  readonly kind: 'report';
  readonly conversationId: string;
  readonly batchId: string;
  readonly text: string;
  /** What the conversation does upon it: an action that a person says did not happen is proposed anew. */
  readonly again?: string;
  /** Actions that may have happened, and of which people are asked: their questions will be reported too. */
  readonly asked?: readonly { readonly questionId: string; readonly summary: string }[];
  /** Set where the batch goes on waiting: an approver asks the conversation something, under this decision. */
  readonly asksBack?: string;
  /** And where, if it is a step of a procedure: the batch of that step. */
  readonly asksIn?: string;
  /** How many actions of the batch were denied. */
  readonly denials?: number;
  /** An action of the batch that handed the conversation over has succeeded. */
  readonly handsOver?: boolean;
  /** The people whose words it carries, by id: they do not decide on what the model proposes upon it. */
  readonly quotes?: readonly string[];
  readonly atMs: number;
}

/** The API's word that whoever brings this is the person, to look at this one approval and answer it, for minutes. */
export interface LinkStatement {
  readonly kind: 'link';
  readonly approvalId: string;
  readonly digest: string;
  readonly person: Principal;
  readonly expMs: number;
}

/** The API's word that it showed this approval to this person, in this session: no other site can make such a form. */
export interface FormStatement {
  readonly kind: 'form';
  readonly approvalId: string;
  readonly digest: string;
  readonly personId: string;
  /** SHA-256, hex, of the link or of the id of the key by which the person came. */
  readonly sessionSha256: string;
  readonly expMs: number;
}

export type Statement =
  | MessageStatement
  | DecisionStatement
  | CommandStatement
  | UpkeepStatement
  | VerdictStatement
  | ReportStatement
  | LinkStatement
  | FormStatement;
