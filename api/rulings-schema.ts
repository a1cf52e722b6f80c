// What was ruled and on what, as the API answers it to whoever asks other rules the same. May import domain and zod.
import { z } from 'zod';
import { DEFAULT_LEDGER_PAGE, LEDGER_PAGE } from './limits.ts';
import { Seq } from './schemas.ts';

export const RulingsAsked = z.object({
  before: Seq.optional().meta({ description: 'Rulings before this position; by default the newest' }),
  limit: z.coerce.number().int().min(1).max(LEDGER_PAGE).default(DEFAULT_LEDGER_PAGE),
});

const Verdict = z.looseObject({
  kind: z.enum(['allow', 'ask', 'deny']),
  ruleId: z.string(),
  ruleVersion: z.string(),
  reason: z.string().optional().meta({ description: 'Absent where it was erased' }),
});

/** What the rules were asked about. Loose: what a proposal holds is told as it is on record. */
const Inputs = z
  .object({
    kind: z.literal('whole'),
    proposal: z.looseObject({
      actionId: z.string(),
      tool: z.string(),
      args: z.string(),
      principal: z.looseObject({ id: z.string() }),
      inspects: z.boolean(),
      summary: z.string(),
    }),
    evidence: z.looseObject({ asOfMs: z.number() }).nullable(),
    given: z
      .looseObject({ groups: z.array(z.string()), nowMs: z.number() })
      .nullable()
      .meta({ description: 'What the rules saw besides; null where that is not on record' }),
  })
  .meta({ id: 'RulingInputs' });

const Missing = z.object({
  kind: z.enum(['erased', 'broken']).meta({
    description: 'erased: what was sealed is gone; broken: it is not what was hashed, or not on record',
  }),
});

export const LedgerRulings = z
  .object({
    rulings: z.array(
      z
        .object({
          seq: z.number(),
          step: z.string(),
          atMs: z.number(),
          actionId: z.string(),
          conversationId: z.string(),
          agent: z.string().meta({ description: 'Empty where what it was ruled on is not on record' }),
          verdict: Verdict,
          inputs: z.discriminatedUnion('kind', [Inputs, Missing]),
          url: z.string().nullable().meta({ description: 'Where the Temporal UI shows its conversation' }),
        })
        .meta({ id: 'Ruling' }),
    ),
    next: z.number().nullable().meta({ description: 'Ask again with ?before= this; null at the end' }),
  })
  .meta({ id: 'LedgerRulings' });

export type LedgerRulingsView = z.output<typeof LedgerRulings>;
