// A report of an owner, as the API answers it. May import zod.
import { z } from 'zod';

export const Moment = z
  .union([z.iso.date(), z.iso.datetime({ offset: true })], 'must be a day such as 2026-11-01, or a time with its zone')
  .transform((text) => Date.parse(text));

export const ReportAsked = z.object({
  owner: z.string().min(1).max(200).meta({ description: 'A person of the directory' }),
  from: Moment.optional().meta({ description: 'From then on; 30 days before the end by default' }),
  to: Moment.optional().meta({ description: 'Until before then; now by default' }),
});

const Count = z.number().int();
export const Report = z
  .object({
    owner: z.string(),
    fromMs: z.number(),
    toMs: z.number(),
    outcomes: z.record(z.string(), Count).meta({ description: 'Actions proposed in the period by outcome, or "open"' }),
    asks: Count.meta({ description: 'How often people were asked for leave' }),
    questions: Count.meta({
      description: 'How often people were asked whether something happened, or for more of a budget',
    }),
    modelCalls: Count,
    promptTokens: Count,
    completionTokens: Count,
    cost: z.array(
      z.object({ currency: z.string(), micros: Count.meta({ description: 'Millionths of the currency' }) }),
    ),
    unpriced: Count.meta({ description: 'Model calls without a declared price, which are in no cost' }),
  })
  .meta({ id: 'Report' });
