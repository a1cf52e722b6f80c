// An action is a proposal on its way: propose → inspect → decide → approve → act → record. The words of that way, as
// data. May import domain types only.
import type { ItemRef, Trust } from './item.ts';
import type { Json, JsonObject } from './json.ts';
import type { Principal } from './principal.ts';
import type { Provenance } from './provenance.ts';
import type { Given } from './ruling.ts';
import type { DecisionStatement, MessageStatement, Signed, VerdictStatement } from './signed.ts';
import type { Verdict } from './verdict.ts';

/**
 * What a call does to the world. `irreversible` cannot be undone by another call of the same system. `start` begins a
 * procedure, which has no effect by itself: each of its steps is an action of its own.
 */
export type Effect = 'read' | 'write' | 'irreversible' | 'start';

/**
 * A call that the model, or a procedure that it started, wants, parsed and canonical. `args` is the canonical JSON text
 * (RFC 8785) that will run.
 */
export interface Proposal {
  readonly actionId: string;
  readonly conversationId: string;
  readonly turn: number;
  readonly agent: string;
  readonly tenant: string;
  readonly callId: string;
  /** The message that it is for, and the item in which it was called. Absent in proposals of 0.3.0. */
  readonly origin?: { readonly messageId: string; readonly itemId: string } | undefined;
  /** Of a step: the procedure whose code wants it, by name, and the action that started that. */
  readonly proposedBy?: { readonly procedure: string; readonly actionId: string } | undefined;
  readonly tool: string;
  readonly toolVersion: string;
  /** SHA-256, hex, of all that the tool declares. Absent in proposals of 0.6.0. */
  readonly declarationSha256?: string;
  readonly args: string;
  /** Random, stored beside the arguments and erased with them, so that the digest tells nothing once they are gone. */
  readonly salt: string;
  /** SHA-256, hex, over (action id, tool, version, args, principal, salt). */
  readonly digest: string;
  readonly principal: Principal;
  /**
   * Whose words it rests on besides the requester's: who wrote its arguments instead, one after the other, or is quoted by
   * the report that it follows. They cannot decide on it. Absent where there is nobody.
   */
  readonly editors?: readonly string[];
  readonly effect: Effect;
  /** One line for people: "refund order 1042 · 72.00 EUR". */
  readonly summary: string;
  /** Whom it is about, and how much it is, each in one line for people; absent where the tool does not say. */
  readonly forWhom?: string;
  readonly howMuch?: string;
  /** The arguments that decide who, where and how much. Absent in proposals of 0.4.0. */
  readonly critical?: readonly string[];
  /** Where each value comes from, traced by code. Absent in proposals of 0.6.0. */
  readonly provenance?: Provenance;
  readonly timeoutMs: number;
  /** True when the tool reads its system of record before the decision. */
  readonly inspects: boolean;
  /** Fields of the evidence that must not change between the approval and the act. */
  readonly preconditions: readonly string[];
  /** What the conversation does once the action has succeeded; declared by the tool. */
  readonly then: 'nothing' | 'handover';
}

/** Who asked for it, and whose words it rests on besides: none of them decides on it. */
export const authorsOf = ({ principal, editors = [] }: Pick<Proposal, 'principal' | 'editors'>): readonly string[] => [
  principal.id,
  ...editors,
];

/** What a tool's `inspect` read from its own system of record, with an as-of mark, before the decision. */
export interface Evidence {
  readonly asOfMs: number;
  /** The version of the record, as its system counts it; '' when it has none. */
  readonly version: string;
  /** The principal to whom the record belongs, as its system says; '' when unknown. */
  readonly subject: string;
  readonly record: JsonObject;
}

/** A proposal with its evidence and its signed verdict. */
export interface RuledAction {
  readonly proposal: Proposal;
  readonly evidence: Evidence | null;
  readonly verdict: Verdict;
  /** What the rules saw besides. Absent where no rule was asked, and in histories of 0.6.0. */
  readonly given?: Given;
  readonly signed: Signed<VerdictStatement>;
}

/** What came of one call of the model: ruled on, or not even a proposal (the reason goes back to the model). */
export type Case = { readonly kind: 'ruled'; readonly action: RuledAction } | InvalidCall;

/** A call that is no proposal. It has an action id all the same: the index counts every call of the turn. */
export interface InvalidCall {
  readonly kind: 'invalid';
  readonly actionId: string;
  readonly callId: string;
  readonly tool: string;
  readonly reason: string;
}

/** What the actor demands before it acts. Every part is verified by the actor itself. */
export interface Warrant {
  readonly principal: Signed<MessageStatement>;
  readonly verdict: Signed<VerdictStatement>;
  readonly decisions: readonly Signed<DecisionStatement>[];
}

/** How an action ended. `unknown`: it may have happened; it is never repeated, and a person is asked. */
export type Outcome =
  /** `isLost`: derived again where the store was lost. That it succeeded is known, what it gave back is not. */
  | { readonly kind: 'succeeded'; readonly result: Json; readonly isLost?: true }
  | { readonly kind: 'failed'; readonly reason: string }
  | { readonly kind: 'denied'; readonly reason: string }
  | { readonly kind: 'expired'; readonly reason: string }
  | { readonly kind: 'cancelled'; readonly reason: string }
  | { readonly kind: 'unknown'; readonly reason: string };

/** How an action ended, as a Workflow carries it: without the result, which lies in the store. */
export interface Ending {
  readonly kind: Outcome['kind'];
  /** One sentence; '' after success. */
  readonly reason: string;
}

/** What the actor answers to `act`: how it ended, or that the verdict was too old and must be given again. */
export type ActResult =
  | { readonly kind: 'settled'; readonly ending: Ending; readonly item: ItemRef | null }
  /** `reason`: what of the verdict does not hold any more, where it is not merely too old. */
  | { readonly kind: 'verdict_stale'; readonly reason?: string };

/** An action that ended, as its conversation sees it. */
export interface SettledAction {
  readonly actionId: string;
  readonly tool: string;
  readonly summary: string;
  readonly ending: Ending;
  readonly then: Proposal['then'];
}

/** How an outcome looks without its result. Pure. */
export function endingOf(outcome: Outcome): Ending {
  return { kind: outcome.kind, reason: outcome.kind === 'succeeded' ? '' : outcome.reason };
}

/** How an action ended, with what its conversation must know of it. Pure. */
export function settledOf(
  { actionId, tool, summary, then }: Pick<Proposal, 'actionId' | 'tool' | 'summary' | 'then'>,
  ending: Ending,
): SettledAction {
  return { actionId, tool, summary, ending, then };
}

/** Whose words an ending holds: a far side's own, or code's, which may repeat the arguments of the model. */
export const trustOfEnding = ({ kind }: Pick<Ending, 'kind'>): Trust =>
  kind === 'failed' || kind === 'unknown' ? 'untrusted' : 'model';

/** How an ending reads to the model and to people. Pure. */
export function endingText(ending: Ending): string {
  switch (ending.kind) {
    case 'succeeded':
      return 'Done.';
    case 'unknown':
      return `It may or may not have happened: ${ending.reason}. It is not repeated; a person has to look.`;
    case 'failed':
    case 'denied':
    case 'expired':
    case 'cancelled':
      return `Not done. ${ending.kind}: ${ending.reason}`;
    default:
      return ending.kind satisfies never;
  }
}
