// Functions of the database that do what no role has the right to, and look for themselves whether it is due: by name, with
// the types of what they take. Who may call which is in store/grants.ts.
const WHEN_AND_HOW_MANY = 'bigint, integer';

export const FUNCTIONS = {
  erase_facts: 'text[]',
  delete_texts: 'text, bigint',
  due_reservations: WHEN_AND_HOW_MANY,
  due_budgets: WHEN_AND_HOW_MANY,
  due_limit_takes: WHEN_AND_HOW_MANY,
  due_checkpoints: WHEN_AND_HOW_MANY,
  drop_reservations: WHEN_AND_HOW_MANY,
  drop_budgets: WHEN_AND_HOW_MANY,
  drop_limit_takes: WHEN_AND_HOW_MANY,
  drop_checkpoints: WHEN_AND_HOW_MANY,
} as const;

export type FunctionName = keyof typeof FUNCTIONS;

export const DUE = ['due_reservations', 'due_budgets', 'due_limit_takes', 'due_checkpoints'] as const;
export const DROP = ['drop_reservations', 'drop_budgets', 'drop_limit_takes', 'drop_checkpoints'] as const;
