// How often a second ledgers are appended to by many at once, with nothing else to do: one ledger, which has one lock, and
// several, each in a database of its own on the same server. Nothing in a turn goes faster than that.
import { openStore } from '../../store/store.ts';
import { batchOf } from '../../test/proofs/ledger/batches.ts';
import { MASTER_KEY } from '../../test/support/master-key.ts';
import type { Stage } from '../stage.ts';

const WRITERS = 8;
// 3 s: hundreds of commits.
const WINDOW_MS = 3_000;

/** In all of them together, each batch of two entries committed with fsync. */
export async function appendsPerS(stage: Stage, ledgers: number): Promise<number> {
  const places = await Promise.all(Array.from({ length: ledgers }, () => stage.surroundingsFor('ledger')));
  try {
    const rates = await Promise.all(
      places.map(async ({ databaseUrl: connectionString }) => {
        const store = await openStore({
          pool: { connectionString, max: WRITERS },
          masterKey: MASTER_KEY,
          isServer: true,
        });
        try {
          return await rateOf((number) => store.record(batchOf('workflows', number)));
        } finally {
          await store.close();
        }
      }),
    );
    return rates.reduce((sum, rate) => sum + rate, 0);
  } finally {
    for (const place of places) await stage.drop(place);
  }
}

async function rateOf(append: (number: number) => Promise<void>): Promise<number> {
  let number = 0;
  let appended = 0;
  const begunMs = performance.now();
  const write = async () => {
    while (performance.now() < begunMs + WINDOW_MS) {
      await append((number += 1));
      appended += 1;
    }
  };
  await Promise.all(Array.from({ length: WRITERS }, write));
  return appended / ((performance.now() - begunMs) / 1_000);
}
