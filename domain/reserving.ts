// What the Workflows say and hear about budgets of model use that go on over turns. Pure. May import domain types only.
import type { Reached } from './budget.ts';
import type { TurnOf } from './activity-ports.ts';
import type { BudgetScope, Measure, ReachedBudget } from './spending.ts';
import type { MessageStatement, Signed } from './signed.ts';

/** One model call that is to be made: the n-th of the turn, the look of its intake, or what sums up after it. */
export interface ReserveInput {
  readonly of: TurnOf;
  readonly call: number | 'facts' | 'summary';
  /** The items that it shows. */
  readonly show: readonly string[];
  /** False where the model may only speak. */
  readonly mayCall: boolean;
  /** Whose the turn is. */
  readonly principal: Signed<MessageStatement>;
  readonly atMs: number;
}

/** The first model call of a turn; it shows what the turn begins with besides. */
export type FirstCall = Pick<ReserveInput, 'show' | 'atMs'>;

/** A budget that has no room for a call, and the question that asks people for more of it. */
export interface Exhausted extends ReachedBudget {
  readonly questionId: string;
  /** Whose turn came to it. */
  readonly principalId: string;
}

/** `held`: the call may be made. Else it must not, and nothing is held for it. */
export type Reserved =
  | { readonly kind: 'held' }
  | { readonly kind: 'turn_limited'; readonly reached: Reached }
  | { readonly kind: 'exhausted'; readonly budget: Exhausted };

/** What a conversation keeps of a budget that is shut. */
export interface ShutBudget {
  readonly questionId: string;
  readonly budgetId: string;
  readonly measure: Measure;
  readonly openings: number;
  readonly scope: BudgetScope;
  /** Whose messages wait; '' where everybody's do. */
  readonly principalId: string;
  /** When its day is over; null where only people open it. */
  readonly untilMs: number | null;
  /** Somebody says that it was opened; whether it was, the store knows. */
  readonly mayBeOpen?: true;
}

/** What the `question` Workflow is started with: so much more of a budget. */
export interface BudgetQuestion {
  readonly questionId: string;
  readonly conversationId: string;
  readonly budget: Exhausted;
}

export function shutBy({ questionId, id, measure, openings, scope, principalId, endsMs }: Exhausted): ShutBudget {
  const whose = scope === 'principal_day' ? principalId : '';
  return { questionId, budgetId: id, measure, openings, scope, principalId: whose, untilMs: endsMs };
}

// 20: of a conversation and of its agent there is one each; that many people speak in none at once.
const MAX_SHUT = 20;

/** Once each; the oldest are forgotten first, and found shut again by the next call. */
export const withShut = (all: readonly ShutBudget[] | undefined, one: ShutBudget): readonly ShutBudget[] =>
  [...(all ?? []).filter(({ questionId }) => questionId !== one.questionId), one].slice(-MAX_SHUT);

/** What holds the messages of that principal just now; undefined where nothing does. */
export const shutFor = (all: readonly ShutBudget[] | undefined, principalId: string): ShutBudget | undefined =>
  all?.find((one) => one.principalId === '' || one.principalId === principalId);

/** When the first of them is over by itself; infinite where none is. */
export const nextOpeningMs = (all: readonly ShutBudget[] | undefined): number =>
  Math.min(...(all ?? []).map(({ untilMs }) => untilMs ?? Infinity));
