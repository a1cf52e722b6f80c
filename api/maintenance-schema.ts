// What maintenance has to do, as the API answers it. May import zod.
import { z } from 'zod';

const Due = z
  .object({
    task: z.string(),
    what: z.string().meta({ description: 'What the task does, in a sentence' }),
    count: z.number().int().meta({ description: 'How much is due; at most 1000, then isCut is true' }),
    isCut: z.boolean().meta({ description: 'More is due than is counted' }),
    oldestDueMs: z
      .number()
      .nullable()
      .meta({ description: 'Since when the longest due is due; null where nothing is' }),
    ids: z.array(z.string()).meta({ description: 'Some of it, the longest due first' }),
  })
  .meta({ id: 'MaintenanceDue' });

export const Maintenance = z.object({ nowMs: z.number(), tasks: z.array(Due) }).meta({ id: 'Maintenance' });
