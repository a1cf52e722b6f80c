// A real ledger in PostgreSQL, written and published by the product, and how it is put back after each tampering: a copy of
// its tables in another schema. Whoever tampers is a superuser, and the triggers of the tables are off.
import { copyFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { exportLines } from '../../../api/ledger-export.ts';
import type { Entry } from '../../../domain/entry.ts';
import type { Store } from '../../../store/ports.ts';
import { openStore } from '../../../store/store.ts';
import { readPublished } from '../../../trust/ledger-file.ts';
import { createNoteSigner, type NoteSigner } from '../../../trust/note.ts';
import { CHECKPOINT_EVERY_MS } from '../../../workers/checkpoints.ts';
import { aStory } from '../../support/ledger-stories.ts';
import { createRandom, type Random } from '../support.ts';
import { startDuty } from './duty.ts';

export interface Bench {
  readonly store: Store;
  /** As a superuser, on one connection. */
  readonly sql: pg.Client;
  readonly folder: string;
  close(): Promise<void>;
}

/** One ledger, as its tables are kept. */
export interface Kept {
  /** Where the copies of its tables are. */
  readonly schema: string;
  readonly signer: NoteSigner;
  /** The file that was published, outside of the database. */
  readonly file: string;
  readonly published: string;
  /** The sizes that were published, smallest first. */
  readonly sizes: readonly number[];
  /** The size of the last published checkpoint. */
  readonly last: number;
  /** All entries: those after `last` are in no checkpoint. */
  readonly size: number;
}

const TABLES = ['ledger', 'ledger_seals', 'ledger_identity', 'checkpoints'] as const;
const QUIET = { info: () => undefined, warn: () => undefined, error: () => undefined };

export async function openBench(url: string, folder: string): Promise<Bench> {
  const store = await openStore({ pool: { connectionString: url, max: 4 } });
  const sql = new pg.Client({ connectionString: url });
  await sql.connect();
  // As the owner of the tables may, and whoever has taken that login.
  for (const trigger of ['ledger_is_append_only', 'ledger_has_no_gap'])
    await sql.query(`alter table countersign.ledger disable trigger ${trigger}`);
  await sql.query('alter table countersign.ledger_seals drop constraint ledger_seals_of_entry');
  return {
    ...{ store, sql, folder },
    async close() {
      await sql.end();
      await store.close();
    },
  };
}

export interface WriteOptions {
  /** Of the copies. */
  readonly schema: string;
  /** Another name than the database has. */
  readonly origin?: string;
  readonly signingKey: string;
  /** How many checkpoints are made, and of about how many entries each. */
  readonly checkpoints: number;
  readonly every: number;
  readonly random: Random;
}

/** Write a ledger through the store, with checkpoints by the duty, into empty tables; keep a copy of it. */
export async function writeLedger(bench: Bench, options: WriteOptions): Promise<Kept> {
  const { store, sql, folder } = bench;
  const { schema, origin, signingKey, random } = options;
  await sql.query(
    `truncate ${TABLES.filter((table) => table !== 'ledger_identity')
      .map(inProduct)
      .join(', ')}`,
  );
  if (origin !== undefined) await sql.query('update countersign.ledger_identity set origin = $1', [origin]);
  const signer = createNoteSigner(await store.checkpoints.origin(), signingKey);
  const file = join(folder, `${schema}.txt`);
  const clock = { ms: 0 };
  const duty = await startDuty(bench, signer, file, clock);
  try {
    // The tail is written as all else, and no round comes after it.
    for (let made = 0; made <= options.checkpoints; made++) {
      const next = options.every + random.between(-options.every / 4, options.every / 4);
      await tell(store, made === options.checkpoints ? Math.ceil(options.every / 3) : next, schema, made, random);
      clock.ms += CHECKPOINT_EVERY_MS;
      if (made < options.checkpoints) await duty.round();
    }
  } finally {
    await duty.stop();
  }
  await sql.query(`create schema ${schema}`);
  for (const table of TABLES) await sql.query(`create table ${schema}.${table} as table countersign.${table}`);
  const published = await readFile(file, 'utf8');
  const sizes = [...readPublished(published, signer.verifierKey).roots.keys()].toSorted((one, other) => one - other);
  const { entries: size } = await store.checkpoints.stats();
  return { schema, signer, file, published, sizes, last: sizes.at(-1) ?? 0, size };
}

/** At least so many entries, in transactions of some entries each. */
async function tell(store: Store, count: number, name: string, part: number, random: Random): Promise<void> {
  const entries: Entry[] = [];
  for (let told = 0; entries.length < count; told++)
    entries.push(
      ...aStory(`${name}-${part}-${told}`, createRandom(random.next() * 2 ** 32), 1_760_000_000_000).entries,
    );
  for (let at = 0; at < count; ) {
    const next = Math.min(count, at + random.between(1, 12));
    await store.record(entries.slice(at, next));
    at = next;
  }
}

const inProduct = (table: string): string => `countersign.${table}`;

/** Put the tables back as they were. */
export async function restore({ sql }: Bench, { schema }: Kept): Promise<void> {
  await sql.query(`truncate ${TABLES.map(inProduct).join(', ')}`);
  for (const table of TABLES) await sql.query(`insert into countersign.${table} select * from ${schema}.${table}`);
}

/** A copy of what was published, for a process that goes on with it. */
export async function copyOfFile({ folder }: Bench, { file }: Kept): Promise<string> {
  const copy = join(folder, 'outside.txt');
  for (const end of ['', '.key']) await copyFile(file + end, copy + end);
  return copy;
}

export interface Exported {
  readonly bytes: Buffer;
  /** Why it broke off, as the API logs it; undefined when it is whole. */
  readonly brokeOff: string | undefined;
}

/** What the API exports now, up to the last checkpoint that is in the database. */
export async function exportNow({ store }: Pick<Bench, 'store'>): Promise<Exported> {
  const checkpoint = await store.checkpoints.last();
  if (checkpoint === undefined) throw new Error('there is no checkpoint');
  const of = { origin: await store.checkpoints.origin(), checkpoint, from: 1, to: checkpoint.size };
  const blocks: string[] = [];
  let brokeOff: string | undefined;
  try {
    for await (const block of exportLines(store, of, new AbortController().signal, QUIET)) blocks.push(block);
  } catch (error) {
    brokeOff = error instanceof Error ? error.message : String(error);
  }
  return { bytes: Buffer.from(blocks.join('')), brokeOff };
}
