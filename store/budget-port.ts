// What the rest of the system may ask of the store about budgets of model use. May import domain types only.
import type { Reached, TurnLimits } from '../domain/budget.ts';
import type { Amounts, Budget, BudgetScope, CallBounds, Measure, ReachedBudget } from '../domain/spending.ts';

/** A budget as it is named before anything was used of it, and how much there is of it. */
export interface LimitedBudget {
  readonly budget: Pick<Budget, 'id' | 'scope' | 'tenant' | 'agent' | 'of' | 'day' | 'endsMs'>;
  readonly limits: Amounts;
}

/** One model call that is to be made. */
export interface Reserving {
  /** Stable over every retry: whoever comes again gets the same answer, and nothing is held twice. */
  readonly callId: string;
  readonly conversationId: string;
  readonly turn: number;
  /** Of the ledger, under which the assistant records it. */
  readonly step: string;
  readonly bounds: CallBounds;
  readonly budgets: { readonly [S in BudgetScope]: LimitedBudget };
  readonly turnLimits: Pick<TurnLimits, 'tokensPerTurn' | 'microUsdPerTurn'>;
  /** By the Workflow's clock, which says what day it is. */
  readonly atMs: number;
}

/** `held`: the call may be made. `turn_limited` and `reached`: nothing is held, and it must not. */
export type ReserveResult =
  | { readonly kind: 'held' }
  | { readonly kind: 'turn_limited'; readonly reached: Reached }
  | { readonly kind: 'reached'; readonly reached: ReachedBudget };

export interface Budgets {
  /**
   * Hold what a call may use at most, in every budget or in none, under a lock of each. What calls before it have used by
   * the ledger is counted first. Where there is no room the conversation is noted as waiting for that budget.
   */
  reserve(reserving: Reserving): Promise<ReserveResult>;
  /** Open so much more, with its entry in the ledger; once for each opening. False where it was opened before. */
  open(opening: {
    readonly reached: Pick<ReachedBudget, 'id' | 'scope' | 'tenant' | 'agent' | 'of' | 'day' | 'endsMs'> & {
      readonly measure: Measure;
      readonly amount: number;
      readonly openings: number;
    };
    readonly questionId: string;
    readonly conversationId: string;
    readonly decisionId: string;
    readonly by: string;
    readonly atMs: number;
  }): Promise<boolean>;
  /** Conversations that have come to its end, in the order of their ids, from the one after that: bounded. */
  waiting(budgetId: string, after: string, limit: number): Promise<readonly string[]>;
  get(id: string): Promise<Budget | undefined>;
  /** Those that were used last, newest first: bounded. `tenant` and `agents` as whose they are; empty means all. */
  list(filter: {
    readonly tenant: string;
    readonly agents: readonly string[];
    readonly sinceMs: number;
    readonly limit: number;
  }): Promise<readonly Budget[]>;
}
