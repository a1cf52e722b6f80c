// How much the rules ask of people, as the API answers it. May import domain and zod.
import { z } from 'zod';
import { STAMP_SIGNS } from '../domain/burden.ts';
import { Moment } from './report-schema.ts';

export const BurdenAsked = z.object({
  from: Moment.optional().meta({ description: 'Asks from then on; 7 days before the end by default, 90 at most' }),
  to: Moment.optional().meta({ description: 'Asks before then; now by default' }),
});

const Count = z.number().int();
const Ms = z.number().nullable();
const Times = z.object({ count: Count, medianMs: Ms, p10Ms: Ms }).meta({ id: 'Times' });

const BurdenOfRule = z
  .object({
    agent: z.string(),
    rule: z.string(),
    asked: Count,
    expired: Count,
    open: Count,
    answers: z.object({ approve: Count, deny: Count, edit: Count, withdraw: Count, ask_back: Count }),
    yesShare: z
      .number()
      .nullable()
      .meta({ description: 'Approvals among approvals, denials and edits; null without any' }),
    decided: Times.meta({ description: 'From the ask to each of these decisions' }),
    looked: z
      .object({
        page: Times.meta({ description: 'From the person’s first look at its page' }),
        card: Times.meta({ description: 'Without one: from the card on the channel of the answer, so at most' }),
        not: Count.meta({ description: 'Decisions of which we know neither: over HTTP or the command line' }),
      })
      .meta({ description: 'How long people can have looked before they decided' }),
    signs: z.array(z.enum(STAMP_SIGNS)).meta({
      description:
        'What looks like rubber-stamping: "at_a_glance", a median of five or more below 2 s, from the ask or from the ' +
        'look at its page; "nearly_always_yes", over 95 % of 50 or more decisions',
    }),
  })
  .meta({ id: 'BurdenOfRule' });

export const Burden = z
  .object({
    fromMs: z.number(),
    toMs: z.number(),
    rules: z.array(BurdenOfRule).meta({ description: 'The rules that ask most first' }),
    isCut: z.boolean().meta({ description: 'There were more asks than are counted, since fromMs, or more rules' }),
  })
  .meta({ id: 'Burden' });
