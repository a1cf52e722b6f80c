// The story of an action, as the API answers it. May import domain and zod.
import { z } from 'zod';
import { PARTS_OF_STORY } from '../domain/why-line.ts';

const COVERAGES = {
  enforced: 'code checked it, and it could not have been otherwise',
  attributed: 'on record as the word of whoever is named',
  unknown: 'missing, erased, altered, or nobody can tell',
} as const;
const COVERAGE_NAMES = ['enforced', 'attributed', 'unknown'] as const satisfies readonly (keyof typeof COVERAGES)[];
const Position = z.number().nullable().meta({ description: 'In the ledger; null where there is no entry' });

export const Why = z
  .object({
    action: z.object({
      id: z.string(),
      conversationId: z.string(),
      agent: z.string(),
      tool: z.string(),
      effect: z.string(),
      summary: z.string(),
      digest: z.string(),
      outcome: z.string().nullable(),
    }),
    lines: z.array(
      z.object({
        part: z.enum(PARTS_OF_STORY),
        seq: Position,
        atMs: z.number().nullable(),
        text: z.string(),
        coverage: z.enum(COVERAGE_NAMES).meta({
          description: COVERAGE_NAMES.map((name) => `${name}: ${COVERAGES[name]}`).join('; '),
        }),
        because: z.string().meta({ description: 'Why the line is covered so' }),
        details: z.unknown(),
      }),
    ),
    coverage: z
      .object({ enforced: z.number(), attributed: z.number(), unknown: z.number() })
      .meta({ description: 'How many lines of each' }),
    links: z
      .array(z.object({ workflowId: z.string(), url: z.string().nullable() }))
      .meta({ description: 'Its Workflows, and where the Temporal UI shows them' }),
  })
  .meta({ id: 'Why' });

export type WhyView = z.output<typeof Why>;
