// How much of each budget of model use is used, of how much, and until when.
import type { z } from 'zod';
import { Budgets } from '../../api/budgets-schema.ts';
import type { BudgetScope, Measure } from '../../domain/spending.ts';
import { timeText } from '../../domain/text.ts';
import { EXIT } from '../failure.ts';
import { columns, plainLine } from '../terminal.ts';
import { type AsOption, connect, type Context } from './context.ts';

type View = z.output<typeof Budgets>['budgets'][number];

export interface BudgetsOptions extends AsOption {
  readonly json?: boolean;
}

const HEAD = ['AGENT', 'BUDGET', 'OF', 'CALLS', 'TOOL CALLS', 'TOKENS', 'US DOLLARS', 'UNTIL'];
const SCOPE_WORDS: Readonly<Record<BudgetScope, string>> = {
  conversation: 'conversation',
  principal_day: 'principal, a day',
  agent_day: 'agent, a day',
};

export async function budgets(context: Context, { json, ...as }: BudgetsOptions): Promise<number> {
  const { print, colors } = context.terminal;
  const found = await connect(context, 'operate', as).get('/v1/budgets', Budgets);
  if (json === true) {
    print(JSON.stringify(found, null, 2));
    return EXIT.done;
  }
  if (found.budgets.length === 0) print('No model was asked in the last 7 days.');
  else print(columns(HEAD, found.budgets.map(rowOf), colors));
  if (found.isCut) print('… and more; these are the fullest.');
  print(colors.dim(`Used, and held for calls under way, of how much there is. Prices as of ${found.pricesAsOf}.`));
  return EXIT.done;
}

function rowOf({ agent, scope, of, day, untilMs, measures }: View): readonly string[] {
  const each = (measure: Measure, text: (amount: number) => string): string => {
    const found = measures.find((one) => one.measure === measure);
    return found === undefined ? '–' : `${text(found.used + found.held)} of ${text(found.most)}`;
  };
  return [
    ...[plainLine(agent), SCOPE_WORDS[scope], plainLine(scope === 'agent_day' ? day : `${of} ${day}`.trim())],
    ...[each('modelCalls', String), each('toolCalls', String), each('tokens', String), each('microUsd', dollars)],
    untilMs === null ? 'people open it' : timeText(untilMs),
  ];
}

// A dollar has a million micro-dollars; a hundredth of one is enough to look at.
const dollars = (microUsd: number): string => (microUsd / 1_000_000).toFixed(2);
