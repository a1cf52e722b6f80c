// What gets recorded, one line each: the story of a conversation and its actions. The store appends entries, and keeps
// the read models (conversations, actions, approvals) in the same transaction. May import domain types only.
import type { Evidence, Outcome, Proposal } from './action.ts';
import type { Verdict } from './verdict.ts';
import type { Approval } from './approval.ts';
import type { Principal } from './principal.ts';
import type { ConversationPhase } from './conversation.ts';
import type { SwitchScope } from './switch.ts';

/**
 * An entry is idempotent by (`subject`, `step`): recorded again it changes nothing. `subject` is a conversation id, an
 * action id, an approval id or a switch.
 */
export interface Entry {
  readonly subject: string;
  readonly step: string;
  readonly conversationId: string;
  readonly atMs: number;
  readonly fact: Fact;
}

export type Fact =
  | {
      readonly kind: 'conversation_opened';
      readonly agent: string;
      readonly tenant: string;
      readonly owner: string;
      readonly principal: Principal;
    }
  | { readonly kind: 'phase'; readonly phase: ConversationPhase; readonly by: string; readonly reason: string }
  | { readonly kind: 'message'; readonly messageId: string; readonly itemId: string; readonly principal: Principal }
  | { readonly kind: 'message_refused'; readonly messageId: string; readonly reason: string }
  | { readonly kind: 'report_refused'; readonly batchId: string; readonly reason: string }
  | {
      readonly kind: 'model_call';
      readonly turn: number;
      readonly model: string;
      readonly requestId: string;
      readonly shown: readonly string[];
      readonly itemId: string;
      readonly promptTokens: number;
      readonly completionTokens: number;
    }
  | {
      readonly kind: 'replied';
      readonly turn: number;
      readonly itemId: string;
      readonly by: 'model' | 'code' | 'staff';
    }
  | { readonly kind: 'proposed'; readonly proposal: Omit<Proposal, 'salt'> }
  | {
      readonly kind: 'ruled';
      readonly digest: string;
      readonly verdict: Verdict;
      readonly evidence: Evidence | null;
      readonly signed: string;
    }
  | { readonly kind: 'approval_requested'; readonly approval: Approval }
  | { readonly kind: 'decided'; readonly approvalId: string; readonly signed: string; readonly receipt: string }
  | { readonly kind: 'decision_refused'; readonly approvalId: string; readonly reason: string }
  | { readonly kind: 'approval_settled'; readonly approval: Approval }
  | { readonly kind: 'claimed'; readonly digest: string; readonly tool: string }
  | { readonly kind: 'warrant_refused'; readonly reason: string }
  | {
      readonly kind: 'switched';
      readonly scope: SwitchScope;
      readonly name: string;
      readonly isThrown: boolean;
      readonly by: string;
      readonly reason: string;
    }
  /** Somebody read entries of the whole ledger; on record before they see them. */
  | {
      readonly kind: 'ledger_read';
      /** The id of the principal. */
      readonly by: string;
      readonly from: number;
      readonly to: number;
      readonly how: 'entries' | 'export';
    }
  | { readonly kind: 'settled'; readonly outcome: Outcome };
