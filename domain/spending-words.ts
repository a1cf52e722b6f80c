// Amounts of model use in words of our own. Pure. May import domain types only.
import type { BudgetScope, Measure, ReachedBudget } from './spending.ts';
import { timeText } from './text.ts';

// 10,000 micro-dollars are a cent.
const MICRO_USD_PER_CENT = 10_000;

/** Micro-dollars as people write dollars: to the cent, and what is less than one as it is. */
export function moneyText(microUsd: number): string {
  const cents = microUsd / MICRO_USD_PER_CENT;
  const dollars = Number.isInteger(cents) ? (cents / 100).toFixed(2) : (microUsd / 1_000_000).toFixed(6);
  return `${dollars} US dollars`;
}

const AMOUNTS: Readonly<Record<Measure, (amount: number) => string>> = {
  modelCalls: (amount) => `${amount} ${amount === 1 ? 'call' : 'calls'} of my language model`,
  toolCalls: (amount) => `${amount} calls of tools`,
  tokens: (amount) => `${amount} tokens of my language model`,
  microUsd: (amount) => `${moneyText(amount)} of my language model`,
};

/** "5000 calls of my language model". */
export const amountText = (measure: Measure, amount: number): string => AMOUNTS[measure](amount);

const WHOSE: Readonly<Record<BudgetScope, (of: string, day: string) => string>> = {
  conversation: () => 'this conversation',
  principal_day: (of, day) => `${of} on ${day}`,
  agent_day: (of, day) => `everybody together who asks ${of} on ${day}`,
};

type Whose = Pick<ReachedBudget, 'scope' | 'of' | 'day'>;

/** Whose budget it is. */
export const ofWhomText = ({ scope, of, day }: Whose): string => WHOSE[scope](of, day);

/** Which budget it is, and how much: "ada on 2026-11-28 may use 5000 calls of my language model". */
export const budgetText = (budget: Whose & Pick<ReachedBudget, 'measure' | 'most'>): string =>
  `${ofWhomText(budget)} may use ${amountText(budget.measure, budget.most)}`;

/** What people are asked for. */
export const moreText = (budget: Whose & Pick<ReachedBudget, 'measure' | 'amount'>): string =>
  `let ${ofWhomText(budget)} use ${amountText(budget.measure, budget.amount)} more`;

/** Until when it is shut. */
export const shutText = ({ endsMs }: Pick<ReachedBudget, 'endsMs'>): string =>
  endsMs === null
    ? 'It is shut until people open more of it; they are asked.'
    : `It is shut until ${timeText(endsMs)}, or until people open more of it; they are asked.`;

/** What the sender of a message is told that waits for a budget. */
export const waitsForBudgetText = (untilMs: number | null): string =>
  untilMs === null
    ? 'A budget is used up: the message is kept, and answered once people have opened more of it.'
    : `A budget is used up: the message is kept, and answered after ${timeText(untilMs)}, or once people have opened more of it.`;
