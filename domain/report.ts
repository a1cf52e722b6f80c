// What an owner is told of a period. May import domain types only.
import type { ModelCost } from './model.ts';

/** What the agents of one owner did in a period. */
export interface OwnerReport {
  /** Actions proposed in it, by how they have ended; `open` those that have not. */
  readonly outcomes: Readonly<Record<string, number>>;
  /** How often people were asked for leave, and whether something happened. */
  readonly asks: number;
  readonly questions: number;
  readonly modelCalls: number;
  readonly promptTokens: number;
  readonly completionTokens: number;
  /** By currency; calls of models without a declared price are counted in `unpriced`. */
  readonly cost: readonly ModelCost[];
  readonly unpriced: number;
}
