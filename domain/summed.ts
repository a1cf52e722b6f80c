// What a conversation keeps in mind of what it is too long for. May import domain types only.
import type { ItemRef } from './item.ts';
import type { MessageStatement, Signed } from './signed.ts';

/** Part of the state of a conversation; all of it is absent in one that is short, or that 0.7.0 wrote. */
export interface Summed {
  /** What calls offer no more and no summary has yet, oldest first, and how many messages of it none will have. */
  leaving?: readonly ItemRef[];
  lost?: number;
  /** What stands in the place of what was summed up. */
  summary?: ItemRef;
  /** The last call of a model had little room left. */
  isTight?: true;
  /** The last message that the agent answered: whose budget it is that sums up. */
  spoke?: Signed<MessageStatement>;
}
