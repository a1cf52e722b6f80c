// What gets recorded, one line each: the story of a conversation and its actions. The store appends entries, and keeps
// the read models (conversations, actions, approvals) in the same transaction. May import domain types only.
import type { Evidence, Outcome, Proposal } from './action.ts';
import type { Verdict } from './verdict.ts';
import type { Approval } from './approval.ts';
import type { TurnLimit } from './budget.ts';
import type { ChannelAddress, ConversationChannel, MessageRef } from './channel.ts';
import type { Principal } from './principal.ts';
import type { ConversationPhase } from './conversation.ts';
import type { IntakeTold } from './intake-record.ts';
import type { ShownWithin } from './fitting.ts';
import type { ItemMark } from './item.ts';
import type { ModelCost } from './model.ts';
import type { RefusedDecision } from './refusal.ts';
import type { OpenedBudget, ReachedBudget } from './spending.ts';
import type { Given } from './ruling.ts';
import type { DecisionAnswer } from './signed.ts';
import type { SwitchScope } from './switch.ts';
import type { SystemFact } from './system-fact.ts';

/**
 * An entry is idempotent by (`subject`, `step`): recorded again it changes nothing. `subject` is a conversation id, an
 * action id, an approval id, a switch, a role's configuration or a Workflow.
 */
export interface Entry {
  readonly subject: string;
  readonly step: string;
  readonly conversationId: string;
  readonly atMs: number;
  readonly fact: Fact;
  /**
   * The ledger has lost it, and it was derived again from Temporal's histories, later than its place tells. What those do
   * not know is left empty: '' for words and digests, [] for lists, null for results and costs.
   */
  readonly rebuilt?: true;
}

export interface RecordedEntry extends Entry {
  /** Position in the whole ledger; without gaps, in commit order. */
  readonly seq: number;
  /**
   * Whether what the entry seals is still there and is what was sealed. Where it is `gone` or `broken`, the sealed members
   * of the fact are absent, whatever their type says; what an entry before it has sealed always is (see sealed.ts).
   */
  readonly seal: 'none' | 'fits' | 'gone' | 'broken';
  /**
   * Its text is not what was hashed, is no entry at all, or stands in the store where it does not belong. Then it is
   * `broken`, and `fact` has nothing but its kind, whatever its type says.
   */
  readonly isAltered?: true;
}

// 10,000: the longest chain that one answer carries. An action has tens of entries; a conversation is read in pages.
export const MAX_CHAIN_ENTRIES = 10_000;

/** The parts of a warrant, as the ledger names them: where each was put on record. */
export interface WarrantMark {
  readonly messageId: string;
  readonly verdictStep: string;
  readonly decisionIds: readonly string[];
}

/** What people say or are called is sealed, not written (see sealed.ts). */
export type Fact =
  | {
      readonly kind: 'conversation_opened';
      readonly agent: string;
      readonly tenant: string;
      readonly owner: string;
      readonly principal: Principal;
      /** Where it stands, if not only in the API. */
      readonly channel?: ConversationChannel;
    }
  | { readonly kind: 'phase'; readonly phase: ConversationPhase; readonly by: string; readonly reason: string }
  | {
      readonly kind: 'message';
      readonly turn: number;
      readonly messageId: string;
      readonly itemId: string;
      readonly itemDigest: string;
      readonly principal: Principal;
      /** The API's word that the principal sent it. */
      readonly signed: string;
    }
  /** What an operator told the conversation through the API. */
  | {
      readonly kind: 'commanded';
      readonly command: 'pause' | 'resume' | 'stop' | 'handover' | 'handback';
      readonly by: string;
    }
  | { readonly kind: 'message_refused'; readonly messageId: string; readonly reason: string }
  | { readonly kind: 'report_refused'; readonly batchId: string; readonly reason: string }
  | {
      readonly kind: 'model_call';
      readonly turn: number;
      /** It was to sum up what left, and the item is the summary. Absent of a call that was to answer. */
      readonly of?: 'summary';
      readonly model: string;
      readonly requestId: string;
      /** Whole. */
      readonly shown: readonly ItemMark[];
      readonly within?: ShownWithin;
      readonly itemId: string;
      readonly itemDigest: string;
      readonly promptTokens: number;
      readonly completionTokens: number;
      /** null: the agent declares no price for the model. */
      readonly cost: ModelCost | null;
    }
  /** What was shown all the same, and gave no answer. */
  | {
      readonly kind: 'model_call_failed';
      readonly turn: number;
      readonly shown: readonly ItemMark[];
      readonly within?: ShownWithin;
      readonly models: readonly string[];
      readonly reason: string;
    }
  | {
      readonly kind: 'replied';
      readonly turn: number;
      readonly itemId: string;
      readonly itemDigest: string;
      readonly by: 'model' | 'code' | 'staff';
    }
  /** Code has ended a turn at one of its limits, which is `most`. */
  | { readonly kind: 'turn_limited'; readonly turn: number; readonly limit: TurnLimit; readonly most: number }
  /** A budget had no room for a call of this turn: no model was asked. `questionId`: what asks people for more. */
  | ({ readonly kind: 'budget_reached'; readonly turn: number; readonly questionId: string } & ReachedBudget)
  | ({ readonly kind: 'budget_opened' } & OpenedBudget)
  /** The words of remembered facts were erased: somebody has forgotten them, or their time was over, and then by nobody. */
  | {
      readonly kind: 'facts_erased';
      readonly factIds: readonly string[];
      readonly why: 'forgotten' | 'over';
      readonly by: string;
    }
  /** What the intake of a turn came to: its facts with the words that they rest on, and what code made of them. */
  | ({ readonly kind: 'intake' } & IntakeTold)
  | { readonly kind: 'proposed'; readonly proposal: Proposal }
  /** What the actor read before the decision, and with which scopes. */
  | {
      readonly kind: 'inspected';
      readonly tool: string;
      readonly scopes: readonly string[];
      readonly evidence: Evidence;
    }
  | {
      readonly kind: 'ruled';
      readonly digest: string;
      readonly verdict: Verdict;
      readonly evidence: Evidence | null;
      /** What the rules saw besides, so that other rules can be asked the same. Absent as with RuledAction. */
      readonly given?: Given;
      readonly signed: string;
    }
  | { readonly kind: 'approval_requested'; readonly approval: Approval }
  | {
      readonly kind: 'decided';
      readonly approvalId: string;
      readonly decisionId: string;
      readonly personId: string;
      readonly answer: DecisionAnswer;
      /** How the person was known: `api_key`, or the name of a channel. */
      readonly method: string;
      readonly signed: string;
      readonly receipt: string;
    }
  /** People were told again of what waits for them; with an escalation one group more may decide from then on. */
  | {
      readonly kind: 'approval_noticed';
      readonly approvalId: string;
      readonly notice: 'reminder' | 'escalation';
      readonly groups: readonly string[];
    }
  /** `by`: turned away by the API, before it was signed. Without, what came to its batch says of itself whose it is. */
  | {
      readonly kind: 'decision_refused';
      readonly approvalId: string;
      readonly reason: string;
      readonly by?: RefusedDecision;
    }
  | { readonly kind: 'approval_settled'; readonly approval: Approval }
  | { readonly kind: 'claimed'; readonly digest: string; readonly tool: string; readonly warrant: WarrantMark | null }
  /** Somebody set out to do it: for a write once per epoch, under a credential of these scopes. */
  | {
      readonly kind: 'attempted';
      readonly epoch: number;
      readonly tool: string;
      readonly scopes: readonly string[];
      /** `minted`: made for this attempt alone, and ended after it; `standing`: the deployment's own secret. */
      readonly credential: 'minted' | 'standing' | 'none';
    }
  /** What the system of record said when it was asked whether it happened. */
  | {
      readonly kind: 'reconciled';
      readonly epoch: number;
      readonly found: 'happened' | 'did_not_happen' | 'unknown';
    }
  | { readonly kind: 'warrant_refused'; readonly reason: string }
  | {
      readonly kind: 'switched';
      readonly scope: SwitchScope;
      readonly name: string;
      readonly isThrown: boolean;
      readonly by: string;
      readonly reason: string;
    }
  /** Somebody read entries of the whole ledger; on record before they see them. `by` is the id of the principal. */
  | {
      readonly kind: 'ledger_read';
      readonly by: string;
      readonly from: number;
      readonly to: number;
      readonly how: 'entries' | 'export' | 'rulings';
    }
  /** Somebody asked why an action happened. Until 0.4.0 with a range as above, and without the action. */
  | { readonly kind: 'ledger_read'; readonly by: string; readonly actionId: string; readonly how: 'why' }
  /** Somebody read what Temporal keeps encrypted, under these keys. */
  | { readonly kind: 'ledger_read'; readonly by: string; readonly keyIds: readonly string[]; readonly how: 'payloads' }
  /** After a loss the ledger goes on under another name; what could be derived again follows. */
  | {
      readonly kind: 'ledger_resumed';
      /** The name until then. */
      readonly origin: string;
      /** How many entries were left. */
      readonly kept: number;
      /** The last checkpoint that was published of what there was, as a signed note; '' where nobody has it. */
      readonly published: string;
      /** The last checkpoint that was signed of what is left and not published, as a note; '' where there is none. */
      readonly stored: string;
      readonly rebuilt: number;
      readonly by: string;
      readonly reason: string;
    }
  /** `by`: of a procedure, whose Workflow says so; its steps have their own. Absent otherwise. */
  | { readonly kind: 'settled'; readonly outcome: Outcome; readonly by?: 'procedure' }
  /** What people were shown of an approval: where, and the digest of exactly what stands there. */
  | {
      readonly kind: 'card_shown';
      readonly batchId: string;
      readonly channel: string;
      readonly address: ChannelAddress;
      readonly ref: MessageRef;
      readonly sha256: string;
    }
  /** Somebody who may decide had all of it before them, on its page; the first time of each person. */
  | {
      readonly kind: 'approval_seen';
      readonly approvalId: string;
      readonly personId: string;
      /** How they were known, as with a decision. */
      readonly method: string;
    }
  /** The channel refuses for good to show it there. */
  | {
      readonly kind: 'card_not_shown';
      readonly batchId: string;
      readonly channel: string;
      readonly address: ChannelAddress;
      readonly reason: string;
    }
  | SystemFact;

export type FactOf<K extends Fact['kind']> = Extract<Fact, { kind: K }>;
