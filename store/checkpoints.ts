// Checkpoints of the ledger: made from the last one on, stored with the frontier from which the next goes on, and marked
// once they are published. Knows no key: what is signed is its caller's matter. May import trust and the store.
// Guarantees: one maker at a time; what is made covers the leaves that are stored, each read once and in its own place.
import { sql } from 'kysely';
import { appendLeaf, EMPTY_FRONTIER, type Frontier, HASH_BYTES, rootOf } from '../trust/merkle.ts';
import { headOf } from './entries.ts';
import type { CheckpointRow, Store } from './ports.ts';
import { type Db, LOCKS, type Tables, type Tx } from './schema.ts';

// 2,000 leaves at once: hashed within some 5 ms, so that whoever waits for this process waits no longer.
const LEAVES_PAGE = 2_000;
// 10,000: a week of one a minute. Where more wait to be published, their number says no more than that.
const MAX_COUNTED = 10_000;

export function createCheckpoints(db: Db): Store['checkpoints'] {
  return {
    async origin() {
      return (await db.selectFrom('ledger_identity').select('origin').executeTakeFirstOrThrow()).origin;
    },
    async last() {
      const row = await lastRow(db);
      return row && fromRow(row);
    },
    async rootAt(size) {
      const nearest = await db
        .selectFrom('checkpoints')
        .selectAll()
        .where('size', '<=', size)
        .orderBy('size', 'desc')
        .limit(1)
        .executeTakeFirst();
      const tree = await grown(db, nearest === undefined ? EMPTY_FRONTIER : frontierOf(nearest), size).catch(orNoTree);
      return tree?.size === size ? rootOf(tree) : undefined;
    },
    async leaves(afterSeq, limit) {
      return (await leavesAfter(db, afterSeq, limit)).map(({ leaf }) => leaf);
    },
    make: (request) => db.transaction().execute((tx) => make(tx, request)),
    async unpublished(limit) {
      const rows = await db
        .selectFrom('checkpoints')
        .selectAll()
        .where('size', '>', await lastPublished(db))
        .orderBy('size')
        .limit(limit)
        .execute();
      return rows.map(fromRow);
    },
    async published(size, nowMs) {
      await db
        .updateTable('checkpoints')
        .set({ published_ms: nowMs })
        .where('size', '=', size)
        .where('published_ms', 'is', null)
        .execute();
    },
    async stats() {
      const entries = await headOf(db);
      const last = await lastRow(db);
      if (last === undefined) return { entries, size: 0, madeMs: null, unpublished: 0 };
      const waiting = await db
        .selectFrom('checkpoints')
        .select('size')
        .where('size', '>', await lastPublished(db))
        .limit(MAX_COUNTED)
        .execute();
      return { entries, size: last.size, madeMs: last.made_ms, unpublished: waiting.length };
    },
  };
}

type Request = Parameters<Store['checkpoints']['make']>[0];

async function make(tx: Tx, { from, sign, nowMs }: Request): Promise<CheckpointRow | undefined> {
  if (!(await isOnlyMaker(tx))) return undefined;
  const last = await lastRow(tx);
  const goesOn = from === 'last_checkpoint' && last !== undefined;
  const tree = await grown(tx, goesOn ? frontierOf(last) : EMPTY_FRONTIER, await headOf(tx));
  if (tree.size <= (last?.size ?? 0)) return undefined;
  const root = rootOf(tree);
  const note = sign({ size: tree.size, root }, goesOn ? fromRow(last) : undefined);
  const frontier = Buffer.concat(tree.hashes);
  await tx.insertInto('checkpoints').values({ size: tree.size, frontier, note, made_ms: nowMs }).execute();
  return { size: tree.size, root, note, madeMs: nowMs, publishedMs: null };
}

/** Held to the end of the transaction. Whoever comes second does not wait: there is nothing left to make. */
async function isOnlyMaker(tx: Tx): Promise<boolean> {
  const { family, key } = LOCKS.checkpoints;
  const { rows } = await sql<{ held: boolean }>`
    select pg_try_advisory_xact_lock(${family}::int, ${key}::int) as held`.execute(tx);
  return rows[0]?.held === true;
}

/** The tree with the leaves that follow, up to a size, or as many as there are. Throws LedgerGap where one is missing. */
async function grown(on: Db | Tx, tree: Frontier, size: number): Promise<Frontier> {
  let all = tree;
  while (all.size < size) {
    const rows = await leavesAfter(on, all.size, Math.min(LEAVES_PAGE, size - all.size));
    if (rows.length === 0) return all;
    for (const { seq, leaf } of rows) {
      // With another in its place it would be the tree of a ledger that there never was.
      if (seq !== all.size + 1) throw new LedgerGap(all.size + 1);
      all = appendLeaf(all, leaf);
    }
  }
  return all;
}

function leavesAfter(on: Db | Tx, afterSeq: number, limit: number) {
  return on
    .selectFrom('ledger')
    .select(['seq', 'leaf'])
    .where('seq', '>', afterSeq)
    .orderBy('seq')
    .limit(limit)
    .execute();
}

class LedgerGap extends Error {
  constructor(seq: number) {
    super(`entry ${seq} of the ledger is missing`);
    this.name = 'LedgerGap';
  }
}

function orNoTree(error: unknown): undefined {
  if (error instanceof LedgerGap) return undefined;
  throw error;
}

function lastRow(on: Db | Tx) {
  return on.selectFrom('checkpoints').selectAll().orderBy('size', 'desc').limit(1).executeTakeFirst();
}

async function lastPublished(on: Db | Tx): Promise<number> {
  const row = await on
    .selectFrom('checkpoints')
    .select('size')
    .where('published_ms', 'is not', null)
    .orderBy('size', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row?.size ?? 0;
}

type Stored = Pick<Tables['checkpoints'], 'size' | 'frontier' | 'note' | 'made_ms' | 'published_ms'>;

/** What is stored as it is: a frontier that somebody altered has another root, which its note does not sign. */
function frontierOf({ size, frontier }: Pick<Stored, 'size' | 'frontier'>): Frontier {
  const hashes: Buffer[] = [];
  for (let at = 0; at < frontier.length; at += HASH_BYTES) hashes.push(frontier.subarray(at, at + HASH_BYTES));
  return { size, hashes };
}

function fromRow(row: Stored): CheckpointRow {
  const { size, note, made_ms: madeMs, published_ms: publishedMs } = row;
  return { size, root: rootOf(frontierOf(row)), note, madeMs, publishedMs };
}
