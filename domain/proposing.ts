// The calls of one answer of the model on their way to actions: what becomes of each, and what the Workflow hears of it.
// Types alone. May import domain types only.
import type { Case, Proposal } from './action.ts';
import type { TurnOf } from './activity-ports.ts';
import type { ItemRef } from './item.ts';
import type { MessageStatement, Signed } from './signed.ts';
import type { Seen } from './sources.ts';

/** A proposal whose tool reads evidence first, or a case that is already ruled on. */
export type Proposed = Case | { readonly kind: 'to_inspect'; readonly proposal: Proposal };

/** The calls of one answer of the model. */
export interface ProposeInput {
  readonly of: TurnOf;
  readonly itemId: string;
  readonly firstIndex: number;
  /** What the call of the model saw; where that is not said, nothing is traced. */
  readonly seen?: Seen;
  readonly principal: Signed<MessageStatement>;
  /** Whose words led to the calls, besides the principal's: an approver's, in the turn of a report that quotes them. */
  readonly quotes?: readonly string[] | undefined;
}

/** `to_inspect`: for some of them evidence has to be read first, and nothing is on record. */
export type RuledCalls =
  | { readonly kind: 'on_record'; readonly cases: readonly Case[]; readonly told: readonly ItemRef[] }
  | { readonly kind: 'to_inspect'; readonly proposed: readonly Proposed[] };
