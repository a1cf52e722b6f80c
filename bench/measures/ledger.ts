// The measure `ledger`: how many entries a second the ledger takes, of one writer and of several, each batch committed with
// fsync on; and how many a second an auditor verifies offline, in a process of its own.
import { copyFile } from 'node:fs/promises';
import { createWriteStream, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { exportLines } from '../../api/ledger-export.ts';
import type { Store } from '../../store/ports.ts';
import { openStore } from '../../store/store.ts';
import { batchOf } from '../../test/proofs/ledger/batches.ts';
import type { Measured } from '../../test/proofs/ledger/verify.ts';
import { FROM_SOURCE, run as runProcess } from '../../test/support/children.ts';
import { MASTER_KEY } from '../../test/support/master-key.ts';
import { startPrivatePostgres } from '../../test/support/postgres.ts';
import { createNoteSigner } from '../../trust/note.ts';
import { generateSigningKey } from '../../trust/signing.ts';
import { quantile } from '../load.ts';
import type { BenchContext, Figure, Measure } from '../measure.ts';
import { ours } from './stack.ts';

export const ledger: Measure = { name: 'ledger', run };

const SIZES = {
  quick: { loaded: 3_000, appendMs: 1_000 },
  // 50,000: a busy day.
  full: { loaded: 50_000, appendMs: 10_000 },
} as const;
const WRITERS = [1, 8];
const SEED = '1';
// 5 minutes: fifty thousand are loaded in a quarter of one.
const PROCESS_LIMIT_MS = 300_000;

async function run(context: BenchContext): Promise<readonly Figure[]> {
  const size = context.quick ? SIZES.quick : SIZES.full;
  const folder = join(context.folder, 'ledger');
  mkdirSync(folder);
  const postgres = await startPrivatePostgres();
  try {
    const signingKey = generateSigningKey();
    const file = join(folder, 'published.txt');
    const opened = await open(postgres.url);
    const { verifierKey } = createNoteSigner(await opened.checkpoints.origin(), signingKey);
    try {
      await inProcess('loader', [postgres.url, String(size.loaded), SEED, signingKey, file]);
      const figures = [...(await verified(opened, { folder, file, verifierKey }))];
      for (const writers of WRITERS) figures.push(...(await appended(opened, writers, size.appendMs)));
      return figures;
    } finally {
      await opened.close();
    }
  } finally {
    await postgres.stop();
  }
}

const open = (connectionString: string): Promise<Store> =>
  openStore({ pool: { connectionString, max: Math.max(...WRITERS) }, masterKey: MASTER_KEY });

/** Each writes one batch after the other: what a turn writes of one action, proposed and ruled on. */
async function appended(store: Store, writers: number, appendMs: number): Promise<readonly Figure[]> {
  const timesMs: number[] = [];
  let entries = 0;
  let number = 0;
  const begunMs = performance.now();
  const write = async () => {
    while (performance.now() < begunMs + appendMs) {
      number += 1;
      const batch = batchOf('workflows', writers * BATCHES + number);
      const atMs = performance.now();
      await store.record(batch);
      timesMs.push(performance.now() - atMs);
      entries += batch.length;
    }
  };
  await Promise.all(Array.from({ length: writers }, write));
  const seconds = (performance.now() - begunMs) / 1_000;
  return ours(
    { writers },
    {
      appended_entries_per_s: entries / seconds,
      appended_batches_per_s: timesMs.length / seconds,
      append_p50_ms: quantile(timesMs, 0.5),
      append_p95_ms: quantile(timesMs, 0.95),
    },
  );
}

// A million: what one round of writers writes never meets what another wrote.
const BATCHES = 1_000_000;

const QUIET = { info: () => undefined, warn: () => undefined, error: () => undefined };

interface Published {
  readonly folder: string;
  readonly file: string;
  readonly verifierKey: string;
}

async function verified(store: Store, { folder, file, verifierKey }: Published): Promise<readonly Figure[]> {
  const checkpoint = await store.checkpoints.last();
  if (checkpoint === undefined) throw new Error('nothing was published');
  const path = join(folder, 'export.jsonl');
  const published = join(folder, 'known.txt');
  await copyFile(file, published);
  const of = { origin: await store.checkpoints.origin(), checkpoint, from: 1, to: checkpoint.size };
  const begunMs = performance.now();
  const lines = exportLines(store, of, new AbortController().signal, QUIET);
  await pipeline(Readable.from(lines), createWriteStream(path));
  const exportS = (performance.now() - begunMs) / 1_000;
  const measured = JSON.parse(await inProcess('verify', [path, published, verifierKey])) as Measured;
  if (measured.verified.kind !== 'holds') throw new Error(`the ledger does not hold: ${JSON.stringify(measured)}`);
  return ours(
    { entries: checkpoint.size },
    {
      exported_entries_per_s: checkpoint.size / exportS,
      verified_entries_per_s: checkpoint.size / (measured.tookMs / 1_000),
      verify_peak_mb: measured.peakMegabytes,
    },
  );
}

/** What a process of the proof `ledger` prints. */
async function inProcess(name: string, args: readonly string[]): Promise<string> {
  const { code, output } = await runProcess(
    process.execPath,
    [...FROM_SOURCE, `test/proofs/ledger/${name}.ts`, ...args],
    { limitMs: PROCESS_LIMIT_MS },
  );
  if (code !== 0) throw new Error(`${name} did not end: ${output.slice(-2_000)}`);
  return output;
}
