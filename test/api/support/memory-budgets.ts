// Budgets in memory, as the HTTP side sees them: it shows what there is, and uses none of it up.
import type { Budget } from '../../../domain/spending.ts';
import type { Store } from '../../../store/ports.ts';

const notHere = (): Promise<never> => Promise.reject(new Error('the API must not do this'));

export function memoryBudgets(state: {
  readonly budgets: readonly Budget[];
  here<T>(answer: () => T): Promise<T>;
}): Store['budgets'] {
  return {
    ...{ reserve: notHere, open: notHere, waiting: notHere, get: notHere },
    list: ({ tenant, agents }) =>
      state.here(() =>
        state.budgets.filter(
          (one) => (tenant === '' || one.tenant === tenant) && (agents.length === 0 || agents.includes(one.agent)),
        ),
      ),
  };
}
