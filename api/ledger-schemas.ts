// What crosses the HTTP edge of the ledger, as schemas. May import zod and the API's own files.
import { z } from 'zod';
import { DEFAULT_LEDGER_PAGE, LEDGER_PAGE } from './limits.ts';
import { Seq } from './schemas.ts';

export const LedgerPulled = z.object({
  after: Seq.default(0),
  limit: z.coerce.number().int().min(1).max(LEDGER_PAGE).default(DEFAULT_LEDGER_PAGE),
});
export const LedgerExported = z.object({ from: Seq.optional(), to: Seq.optional() });

export const LedgerEntries = z
  .object({
    entries: z.array(
      z.object({
        seq: z.number().meta({ description: 'The id: the same entry may come again, and is the same' }),
        leaf: z.string().meta({ description: 'The hash of its leaf in the tree, base64' }),
        entry: z.string().meta({ description: 'The exact text that was hashed; JSON' }),
      }),
    ),
    next: z.number().meta({ description: 'Ask again with ?after= this, now or later' }),
  })
  .meta({ id: 'LedgerEntries' });
