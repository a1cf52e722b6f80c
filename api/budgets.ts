// How much of each budget of model use is used up, for whoever has to see that it is not. May import domain, store.
import { PRICES_AS_OF } from '../domain/prices.ts';
import { type Amounts, type Budget, budgetsOf, type DeclaredBudgets, leftOf, MEASURES } from '../domain/spending.ts';
import type { AgentInfo } from './access.ts';
import { type BudgetUse, Budgets } from './budgets-schema.ts';
import type { ApiDeps } from './deps.ts';
import { type Route, route } from './route.ts';

// 7 days: a conversation in which nothing was asked for longer is none that somebody looks for here.
const USED_WITHIN_MS = 7 * 86_400_000;
// 1,000 of those that were used last are looked at, and the 200 fullest of them told: a list that a person still reads.
const MAX_READ = 1_000;
const MAX_TOLD = 200;

type Deps = Pick<ApiDeps, 'store' | 'agents' | 'nowMs'>;

export function budgetRoutes(deps: Deps): readonly Route[] {
  return [
    route({
      method: 'get',
      path: '/v1/budgets',
      id: 'listBudgets',
      summary: 'How much of each budget of model use is used, of how much, and until when it holds; the fullest first',
      scope: ['operate', 'ledger:read'],
      responses: { 200: Budgets },
      handler: async ({ caller }) => {
        const all = await standing(deps, caller.principal.tenant);
        const fullest = all.budgets.toSorted((one, other) => fullness(other) - fullness(one));
        const isCut = all.isCut || fullest.length > MAX_TOLD;
        return { status: 200, body: { pricesAsOf: PRICES_AS_OF, budgets: fullest.slice(0, MAX_TOLD), isCut } };
      },
    }),
  ];
}

/** The budgets that hold now and were used lately; `tenant` '' means of all. */
export async function standing(
  { store, agents, nowMs }: Deps,
  tenant: string,
): Promise<{ readonly budgets: readonly BudgetUse[]; readonly isCut: boolean }> {
  const atMs = nowMs();
  const filter = { tenant, agents: [...agents.keys()], sinceMs: atMs - USED_WITHIN_MS, limit: MAX_READ };
  const found = await store.budgets.list(filter);
  const now = found.filter(({ endsMs }) => endsMs === null || endsMs > atMs);
  return { budgets: now.map((one) => view(one, agents.get(one.agent))), isCut: found.length === MAX_READ };
}

function view(budget: Budget, agent: AgentInfo | undefined): BudgetUse {
  const limits = limitsOf(budget, agent?.budgets);
  const left = leftOf(budget, limits);
  const { scope, tenant, of, day, endsMs, used, held, opened } = budget;
  return {
    ...{ agent: budget.agent, tenant, scope, of, day, untilMs: endsMs },
    measures: MEASURES.map((measure) => ({
      ...{ measure, used: used[measure], held: held[measure], left: Math.max(0, left[measure]) },
      ...{ most: limits[measure] + opened[measure], opened: opened[measure] },
    })),
  };
}

function limitsOf({ scope }: Budget, own: DeclaredBudgets | undefined): Amounts {
  const { conversation, principalPerDay, agentPerDay } = budgetsOf(own);
  switch (scope) {
    case 'conversation':
      return conversation;
    case 'principal_day':
      return principalPerDay;
    case 'agent_day':
      return agentPerDay;
    default:
      return scope satisfies never;
  }
}

const fullness = ({ measures }: BudgetUse): number =>
  Math.max(...measures.map(({ used, held, most }) => (used + held) / most));
