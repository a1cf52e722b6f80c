// Budgets of model use, as the API answers them. May import domain and zod.
import { z } from 'zod';
import { BUDGET_SCOPES, type Measure, MEASURES } from '../domain/spending.ts';

const Amount = z.number().int();

const MeasureUse = z
  .object({
    measure: z.enum(MEASURES as readonly [Measure, ...Measure[]]).meta({
      description: 'microUsd is money in millionths of a US dollar, by the price table of pricesAsOf',
    }),
    used: Amount,
    held: Amount.meta({ description: 'For calls that are under way, or were not counted yet: the most they can use' }),
    left: Amount,
    most: Amount.meta({ description: 'All that there is, with what people have opened' }),
    opened: Amount.meta({ description: 'Of that, what people have opened besides' }),
  })
  .meta({ id: 'MeasureUse' });

const BudgetUse = z
  .object({
    agent: z.string(),
    tenant: z.string(),
    scope: z.enum(BUDGET_SCOPES).meta({
      description: 'of a conversation in whole; of a principal, or of all of them, with this agent on one day',
    }),
    of: z.string().meta({ description: 'The id of the conversation, the principal or the agent' }),
    day: z.string().meta({ description: 'As 2026-11-28, in the time zone of the agent; "" for a conversation' }),
    untilMs: z.number().nullable().meta({ description: 'When the day is over, and it begins anew; null: never' }),
    measures: z.array(MeasureUse),
  })
  .meta({ id: 'BudgetUse' });
export type BudgetUse = z.output<typeof BudgetUse>;

export const Budgets = z
  .object({
    pricesAsOf: z.string().meta({ description: 'The date of the price table' }),
    budgets: z.array(BudgetUse).meta({ description: 'Those used in the last 7 days that hold now, the fullest first' }),
    isCut: z.boolean().meta({ description: 'There are more' }),
  })
  .meta({ id: 'Budgets' });
