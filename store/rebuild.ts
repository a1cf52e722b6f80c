// After a loss: entries that were derived again, put at the end of what is left, in a ledger that goes on under another
// name. For the owner of the tables only. May import domain types, Kysely and pg. Guarantees: all or nothing; what is there
// stays as it is, byte for byte; where nothing is lost, nothing changes.
import { randomBytes } from 'node:crypto';
import type pg from 'pg';
import type { Outcome } from '../domain/action.ts';
import type { Entry, FactOf } from '../domain/entry.ts';
import type { NewItem } from '../domain/item.ts';
import { DATABASE_MS } from './claims.ts';
import { appendEntries, headOf, lockLedger, pairOf, withoutKnown } from './entries.ts';
import { readEntry } from './entry-text.ts';
import { toRow } from './items.ts';
import { createPool } from './pool.ts';
import { createDb, type Db, type Tx } from './schema.ts';

// 500 entries in a statement: some hundred kilobytes.
const AT_ONCE = 500;

/** A claim that was lost with the rest, or whose end was. */
export interface LostClaim {
  readonly actionId: string;
  readonly conversationId: string;
  readonly digest: string;
  readonly tool: string;
  readonly claimedMs: number;
  readonly outcome: Outcome | null;
}

/** An item of a transcript that was lost with the rest, under the id by which Workflows know it. */
export interface LostItem extends NewItem {
  readonly id: string;
  readonly atMs: number;
}

export interface Resuming {
  readonly entries: readonly Entry[];
  readonly claims: readonly LostClaim[];
  readonly items: readonly LostItem[];
  readonly published: string;
  readonly by: string;
  readonly reason: string;
  readonly nowMs: number;
}

export interface Rebuilding {
  /** How many entries there are. Rejects where one is missing between others: no rebuild can put it back in its place. */
  size(): Promise<number>;
  /** From which ledgers this one went on, and what was published of them. */
  resumedFrom(): Promise<readonly Pick<FactOf<'ledger_resumed'>, 'origin' | 'published'>[]>;
  /** Of these, what the ledger does not have. */
  missing(entries: readonly Entry[]): Promise<readonly Entry[]>;
  /** Of these, what no transcript has. */
  missingItems(items: readonly LostItem[]): Promise<readonly LostItem[]>;
  /** Give the ledger its new name, and append what was lost, marked as rebuilt. Resolves to that name. */
  resume(resuming: Resuming): Promise<string>;
  close(): Promise<void>;
}

export function openRebuilding(config: pg.PoolConfig): Rebuilding {
  const pool = createPool(config);
  const db = createDb(pool);
  return {
    size: () => sizeOf(db),
    async resumedFrom() {
      const rows = await db.selectFrom('ledger').select('entry').where('kind', '=', 'ledger_resumed').execute();
      return rows.map(({ entry }) => readEntry(entry, null).fact as FactOf<'ledger_resumed'>);
    },
    async missing(entries) {
      const missing: Entry[] = [];
      for (const some of batches(entries)) {
        const lost = await withoutKnown(db, some);
        const olds = lost.flatMap(asBefore);
        const goneOlds = olds.length === 0 ? [] : await withoutKnown(db, olds);
        const gone = new Set(goneOlds.map(pairOf));
        missing.push(...lost.filter((entry) => asBefore(entry).every((old) => gone.has(pairOf(old)))));
      }
      return missing;
    },
    async missingItems(items) {
      const missing: LostItem[] = [];
      for (const some of batches(items)) {
        const ids = some.map(({ id }) => id);
        const kept = await db.selectFrom('items').select('id').where('id', 'in', ids).execute();
        const known = new Set(kept.map(({ id }) => id));
        missing.push(...some.filter(({ id }) => !known.has(id)));
      }
      return missing;
    },
    resume: (resuming) => db.transaction().execute((tx) => resume(tx, resuming)),
    close: () => pool.end(),
  };
}

/** Until 0.4.0 the step of a refusal was its words: what stands there under them is not lost. */
const asBefore = (entry: Entry): readonly Entry[] =>
  entry.fact.kind === 'warrant_refused' ? [{ ...entry, step: `refused:${entry.fact.reason}` }] : [];

async function sizeOf(db: Db): Promise<number> {
  const { count } = await db
    .selectFrom('ledger')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow();
  const head = await headOf(db);
  if (count === head) return head;
  throw new Error(
    `the ledger has ${count} entries, and the last of them is number ${head}: some are missing between others, ` +
      'which is no loss of the latest; put a whole backup in its place',
  );
}

async function resume(tx: Tx, { entries, claims, items, published, by, reason, nowMs }: Resuming): Promise<string> {
  await lockLedger(tx);
  const { origin } = await tx.selectFrom('ledger_identity').select('origin').executeTakeFirstOrThrow();
  const kept = await headOf(tx);
  const name = newOrigin();
  await tx.updateTable('ledger_identity').set({ origin: name }).execute();
  // They carry the old name. Those that were published are outside, where they stay.
  await tx.deleteFrom('checkpoints').execute();
  const fact: FactOf<'ledger_resumed'> = {
    ...{ kind: 'ledger_resumed', origin, kept, published },
    ...{ rebuilt: entries.length, by, reason },
  };
  await appendEntries(tx, [{ subject: name, step: 'resumed', conversationId: '', atMs: nowMs, fact }]);
  for (const some of batches(entries)) {
    await appendEntries(
      tx,
      some.map((entry) => ({ ...entry, rebuilt: true })),
    );
  }
  for (const claim of claims) await restoreClaim(tx, claim);
  for (const some of batches(items)) {
    const rows = some.map(({ id, atMs, ...item }) => ({ ...toRow(item, atMs), id }));
    await tx
      .insertInto('items')
      .values(rows)
      .onConflict((conflict) => conflict.doNothing())
      .execute();
  }
  return name;
}

/** A ledger is known by a random name: no checkpoint of another fits it. */
const newOrigin = (): string => `countersign/ledger/${randomBytes(8).toString('hex')}`;

/** Put the claim there where it is lost, and its end where only that is. */
async function restoreClaim(tx: Tx, claim: LostClaim): Promise<void> {
  const { actionId, conversationId, digest, tool, claimedMs, outcome } = claim;
  const ended = outcome === null ? {} : { outcome: JSON.stringify(outcome), receipt_ms: claimedMs };
  const inserted = await tx
    .insertInto('claims')
    .values({
      ...{ action_id: actionId, conversation_id: conversationId, digest, tool, claimed_ms: claimedMs, epoch: 1 },
      // Nobody knows when the last try began: whoever asks what became of it waits as after one that began now.
      ...{ taken_ms: outcome === null ? DATABASE_MS : claimedMs, ...ended },
    })
    .onConflict((conflict) => conflict.doNothing())
    .returning('action_id')
    .executeTakeFirst();
  if (inserted !== undefined || outcome === null) return;
  const kept = await tx.selectFrom('claims').selectAll().where('action_id', '=', actionId).executeTakeFirst();
  const isOpen = kept?.outcome === null || (kept?.outcome.kind === 'unknown' && outcome.kind !== 'unknown');
  if (kept?.digest !== digest || !isOpen) return;
  await tx.updateTable('claims').set(ended).where('action_id', '=', actionId).execute();
}

function* batches<T>(all: readonly T[]): Generator<readonly T[]> {
  for (let at = 0; at < all.length; at += AT_ONCE) yield all.slice(at, at + AT_ONCE);
}
