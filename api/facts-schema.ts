// Remembered facts, as the API answers them. May import domain and zod.
import { z } from 'zod';
import { ID_CHARS } from './limits.ts';
import { Paged, text } from './schemas.ts';

const Subject = text(ID_CHARS).meta({ description: 'The id of the principal whom it is about' });

export const FactsAsked = Paged.extend({
  subject: Subject.default('').meta({
    description: 'Of this principal; by default your own, and an operator’s tenant’s',
  }),
});

export const RememberedFact = z
  .object({
    id: z.string(),
    agent: z.string(),
    subject: z.string(),
    kind: z.string(),
    key: z.string().meta({ description: 'By which facts of the kind differ; "" where it has none' }),
    value: z.unknown(),
    standing: z.enum(['in_force', 'was']).meta({ description: 'was: it has ended, and is shown as what was true' }),
    trust: z.string().meta({ description: 'The worst origin of its values, as in the provenance of an action' }),
    owner: z.string().meta({ description: 'Who answers for its kind' }),
    source: z.object({
      conversationId: z.string(),
      actionId: z.string().meta({ description: 'The action that remembered it' }),
      items: z.array(z.object({ id: z.string(), digest: z.string() })),
    }),
    fromMs: z.number(),
    untilMs: z.number().meta({ description: 'Until when it holds, or was true' }),
    isStale: z.boolean().meta({ description: 'Nothing is done on the ground of it before it is read or said again' }),
  })
  .meta({ id: 'RememberedFact' });

export const ToForget = z.object({
  subject: Subject.min(1),
  agent: text(ID_CHARS).default('').meta({ description: 'What this agent remembers; by default every one' }),
});

export const Forgotten = z
  .object({ forgotten: z.number().int().meta({ description: 'How many there were' }) })
  .meta({ id: 'Forgotten' });
