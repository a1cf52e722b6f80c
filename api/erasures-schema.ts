// An erasure, as the API takes and answers it. May import zod.
import { z } from 'zod';

const Count = z.number().int();

export const NewErasure = z
  .strictObject({
    subject: z.string().min(1).max(200).meta({ description: 'The id of the person, as their API keys have it' }),
    tenant: z.string().min(1).max(200).optional().meta({ description: 'Of the person; your own by default' }),
    dryRun: z.boolean().default(false).meta({ description: 'Only say what would be erased' }),
  })
  .meta({ id: 'NewErasure' });

export const Erasure = z
  .object({
    subject: z.string(),
    tenant: z.string(),
    isDone: z.boolean().meta({ description: 'false where it was a dry run, or there was nothing to erase' }),
    conversations: Count.meta({ description: 'That the person opened, and whose words go' }),
    items: Count.meta({ description: 'Entries of their transcripts' }),
    open: Count.meta({ description: 'Those of the conversations that are closed first' }),
    keyId: z.string().nullable().meta({ description: 'Of the key that was destroyed' }),
  })
  .meta({ id: 'Erasure' });
