// Budgets that go on over turns: of a conversation in whole, of a principal and of an agent on a day. What a model call may
// use at most is held before it, and what it did use is counted after it. Pure. May import domain only.
import { isTimeZone, periodAt } from './period.ts';
import { microUsdOf, type TokenPrice } from './prices.ts';

/** What is counted. Money is whole micro-USD (see prices.ts). */
export interface Amounts {
  readonly modelCalls: number;
  /** Calls that the model asked for. */
  readonly toolCalls: number;
  readonly tokens: number;
  readonly microUsd: number;
}

export type Measure = keyof Amounts;
export const MEASURES: readonly Measure[] = ['modelCalls', 'toolCalls', 'tokens', 'microUsd'];

export const NOTHING_USED: Amounts = { modelCalls: 0, toolCalls: 0, tokens: 0, microUsd: 0 };

export type BudgetScope = 'conversation' | 'principal_day' | 'agent_day';
export const BUDGET_SCOPES: readonly BudgetScope[] = ['conversation', 'principal_day', 'agent_day'];

/** As an agent declares them; what it leaves out has its default. */
export interface AgentBudgets {
  /** Where days begin: a name of the IANA database such as Europe/Berlin. */
  readonly timeZone: string;
  /** Of one conversation, in whole. */
  readonly conversation: Amounts;
  /** Of one principal, over all conversations with this agent. */
  readonly principalPerDay: Amounts;
  /** Of the agent, over all principals of a tenant. */
  readonly agentPerDay: Amounts;
}

export type DeclaredBudgets = {
  readonly [K in keyof AgentBudgets]?: AgentBudgets[K] extends string ? string : Partial<Amounts>;
};

export const DEFAULT_BUDGETS: AgentBudgets = {
  // One day for everybody, wherever they sit, until somebody says which.
  timeZone: 'UTC',
  // 20,000 calls: ten a day for five years. 80,000: four tool calls for each. 800 million: 40,000 tokens for each.
  // 1,000 dollars: more than anybody lets one chat cost without having been asked.
  conversation: { modelCalls: 20_000, toolCalls: 80_000, tokens: 800_000_000, microUsd: 1_000_000_000 },
  // 5,000 calls: who writes all day long makes some 600; a program that speaks for its own users makes more, and says so.
  // 250 dollars: what the tokens of that many calls cost of a middling model.
  principalPerDay: { modelCalls: 5_000, toolCalls: 20_000, tokens: 200_000_000, microUsd: 250_000_000 },
  // Ten such principals.
  agentPerDay: { modelCalls: 50_000, toolCalls: 200_000, tokens: 2_000_000_000, microUsd: 2_500_000_000 },
};

// 10^15 of anything: sums of it stay whole numbers, and nobody spends a thousand million dollars.
export const MOST_OF_A_BUDGET = 1_000_000_000_000_000;

// 15 min: no model call may take longer than 10 (see workflows/effects.ts) and 10 s for the store. What is not on record by
// then does not come any more, and counts in whole.
export const HELD_AT_MOST_MS = 15 * 60_000;

/** What one model call may use. */
export interface CallBounds {
  readonly promptTokens: number;
  readonly completionTokens: number;
  readonly toolCalls: number;
  readonly price: TokenPrice;
}

export const boundOf = ({ promptTokens, completionTokens, toolCalls, price }: CallBounds): Amounts => ({
  modelCalls: 1,
  toolCalls,
  tokens: promptTokens + completionTokens,
  microUsd: microUsdOf(price, promptTokens, completionTokens),
});

/** What the assistant's record says of a call. */
export interface RecordedUse {
  readonly promptTokens: number;
  readonly completionTokens: number;
  readonly toolCalls: number;
}

/**
 * What a call counts: what is on record of it, where that can be. No prompt is without a token, so a provider that tells
 * nothing, and whoever lies, counts as the bound does.
 */
export function usedBy(bounds: CallBounds, recorded: RecordedUse): Amounts {
  const within = (figure: number, least: number, most: number) =>
    Number.isSafeInteger(figure) && figure >= least && figure <= most ? figure : most;
  return boundOf({
    promptTokens: within(recorded.promptTokens, 1, bounds.promptTokens),
    completionTokens: within(recorded.completionTokens, 0, bounds.completionTokens),
    toolCalls: within(recorded.toolCalls, 0, bounds.toolCalls),
    price: bounds.price,
  });
}

/** One budget, as it stands. */
export interface Budget {
  /** Opaque; one for each scope, whose it is, and day. */
  readonly id: string;
  readonly scope: BudgetScope;
  readonly tenant: string;
  readonly agent: string;
  /** The id of the conversation, the principal or the agent. */
  readonly of: string;
  /** As 2026-11-28; '' where it is no day's. */
  readonly day: string;
  /** When the day is over; null where nothing but an answer opens it. */
  readonly endsMs: number | null;
  readonly used: Amounts;
  /** For calls that are under way. */
  readonly held: Amounts;
  /** What people have opened besides, and how often. */
  readonly opened: Amounts;
  readonly openings: Amounts;
}

/** A budget that has no room for a call. */
export interface ReachedBudget extends Pick<Budget, 'id' | 'scope' | 'tenant' | 'agent' | 'of' | 'day' | 'endsMs'> {
  readonly measure: Measure;
  /** Used, or held for calls that are under way. */
  readonly used: number;
  /** All that there is, with what people have opened. */
  readonly most: number;
  /** What an answer opens besides: as much again as the agent declares. */
  readonly amount: number;
  /** How often it was opened before. */
  readonly openings: number;
}

/** People have opened so much more of a budget, by this decision. */
export interface OpenedBudget extends Omit<ReachedBudget, 'used' | 'most' | 'openings'> {
  readonly questionId: string;
  readonly decisionId: string;
  readonly by: string;
}

export const plus = (one: Amounts, other: Amounts): Amounts => ({
  modelCalls: one.modelCalls + other.modelCalls,
  toolCalls: one.toolCalls + other.toolCalls,
  tokens: one.tokens + other.tokens,
  microUsd: one.microUsd + other.microUsd,
});

export const minus = (one: Amounts, other: Amounts): Amounts => ({
  modelCalls: one.modelCalls - other.modelCalls,
  toolCalls: one.toolCalls - other.toolCalls,
  tokens: one.tokens - other.tokens,
  microUsd: one.microUsd - other.microUsd,
});

/** What is left for others: neither used nor held; below zero where a limit was lowered. */
export const leftOf = ({ used, held, opened }: Pick<Budget, 'used' | 'held' | 'opened'>, limits: Amounts): Amounts =>
  minus(plus(limits, opened), plus(used, held));

/** The first measure of the first budget that has no room for a call; undefined where all have. */
export function reachedOf(
  budgets: readonly { readonly budget: Budget; readonly limits: Amounts }[],
  asked: Amounts,
): ReachedBudget | undefined {
  for (const { budget, limits } of budgets) {
    const left = leftOf(budget, limits);
    const measure = MEASURES.find((one) => asked[one] > left[one]);
    if (measure === undefined) continue;
    const { id, scope, tenant, agent, of, day, endsMs, used, held, opened, openings } = budget;
    return {
      ...{ id, scope, tenant, agent, of, day, endsMs, measure },
      used: used[measure] + held[measure],
      most: limits[measure] + opened[measure],
      amount: limits[measure],
      openings: openings[measure],
    };
  }
  return undefined;
}

/** The day of that moment in that time zone, and when it is over. */
export function dayAt(atMs: number, timeZone: string): { readonly day: string; readonly endsMs: number } {
  const { name, toMs } = periodAt(atMs, 'day', timeZone);
  return { day: name, endsMs: toMs };
}

/** The budgets of an agent with their defaults; also of one of another copy of this package, which may lack them. */
export function budgetsOf(own: DeclaredBudgets = {}): AgentBudgets {
  const { timeZone = DEFAULT_BUDGETS.timeZone } = own;
  return {
    timeZone,
    conversation: { ...DEFAULT_BUDGETS.conversation, ...own.conversation },
    principalPerDay: { ...DEFAULT_BUDGETS.principalPerDay, ...own.principalPerDay },
    agentPerDay: { ...DEFAULT_BUDGETS.agentPerDay, ...own.agentPerDay },
  };
}

/** What is wrong with the budgets of an agent, as a sentence; undefined where nothing is. */
export function whyNoBudgets({ timeZone, ...budgets }: AgentBudgets, callsPerModelCall: number): string | undefined {
  if (!isTimeZone(timeZone)) {
    return `budgets.timeZone is no time zone: "${timeZone}"; give a name such as Europe/Berlin`;
  }
  for (const [name, amounts] of Object.entries(budgets)) {
    for (const [measure, most] of Object.entries(amounts) as [string, number][]) {
      const isKnown = (MEASURES as readonly string[]).includes(measure);
      if (!isKnown) return `budgets.${name}.${measure} is none of ${MEASURES.join(', ')}`;
      if (!Number.isInteger(most) || most < 1 || most > MOST_OF_A_BUDGET) {
        return `budgets.${name}.${measure} must be a whole number from 1 to ${MOST_OF_A_BUDGET}`;
      }
    }
    // Else no model call would ever be made: an answer may call that many.
    if (amounts.toolCalls < callsPerModelCall) {
      return `budgets.${name}.toolCalls must be ${callsPerModelCall} or more, as limits.callsPerModelCall is`;
    }
  }
  return undefined;
}
