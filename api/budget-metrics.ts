// Budgets of model use as numbers for Prometheus: of each agent's day, for there are few agents and many principals. May
// import domain.
import type { BudgetUse } from './budgets-schema.ts';
import type { Gauge, Samples } from './gauge.ts';

// 1 %: of tokens and money the last call seldom fits exactly.
const FULL_LEFT = 0.01;

export function budgetGauges(budgets: readonly BudgetUse[]): readonly Gauge[] {
  const each = (amount: (of: BudgetUse['measures'][number]) => number): Samples =>
    budgets
      .filter(({ scope }) => scope === 'agent_day')
      .flatMap(({ agent, tenant, measures }) =>
        measures.map((one) => [{ agent, tenant, measure: one.measure }, amount(one)] as const),
      );
  const full = (scope: BudgetUse['scope']): number =>
    budgets.filter((one) => one.scope === scope && one.measures.some(({ left, most }) => left <= most * FULL_LEFT))
      .length;
  return [
    [
      'budget_used',
      'What an agent has used today of its budget, and what is held for calls',
      each((one) => one.used + one.held),
    ],
    ['budget_most', 'How much that budget is, with what people have opened', each((one) => one.most)],
    [
      'budgets_full',
      'Budgets that have 1 % or less left of something, of those used in the last 7 days',
      (['conversation', 'principal_day', 'agent_day'] as const).map((scope) => [{ scope }, full(scope)]),
    ],
  ];
}
