// Another master key: the key of each person is wrapped anew under it, and nothing else is touched. As the owner of the
// tables, beside running roles, which open both meanwhile. May import domain types and trust. Guarantees: a key lies under
// one of the two at any moment; cut off anywhere, another run goes on; what was destroyed stays so.
import { sql } from 'kysely';
import type pg from 'pg';
import { MASTER_KEY_CHANGES } from '../domain/ids.ts';
import { type MasterKeys, masterKeysOf, nameOfKey } from '../trust/encrypting.ts';
import { appendEntries } from './entries.ts';
import { createKeyring, unwrapped, wrap } from './keyring.ts';
import { createPool } from './pool.ts';
import { sentenceOf } from '../domain/sentence-of.ts';
import { createDb, type Db, LOCKS, type Tx } from './schema.ts';

// 500 keys in a transaction: some ten milliseconds, for which an erasure of one of them waits.
const AT_ONCE = 500;

interface Rotating {
  /** The new one first, and behind it the one before. */
  readonly masterKey: string;
  readonly by: string;
  readonly nowMs: number;
  /** Only count. */
  readonly dryRun: boolean;
  /** Told after each batch how many are left. */
  readonly onBatch?: (left: number) => void | Promise<void>;
}

interface Rotated {
  /** The name of the new master key. */
  readonly master: string;
  /** Keys that were wrapped anew. */
  readonly done: number;
  /** Keys that lie under another: none, where it was not only counted. */
  readonly left: number;
}

/** Rejects with a sentence where another one runs, or where a key opens with none of the two: then all others are done. */
export async function rotateKeys(config: pg.PoolConfig, rotating: Rotating): Promise<Rotated> {
  const masters = masterKeysOf(rotating.masterKey);
  const master = nameOfKey(masters[0]);
  // One connection: the lock is its own, and gone with it.
  const pool = createPool({ ...config, max: 1 });
  const db = createDb(
    pool,
    createKeyring(masters, () => rotating.nowMs),
  );
  try {
    if (rotating.dryRun) return { master, done: 0, left: await leftBut(db, master) };
    return await whileLocked(db, async () => {
      const { done, stuck } = await rotateAll(db, masters, rotating);
      const late = stuck.count > 0 ? 0 : await retire(db, masters, rotating.nowMs);
      const keys = done + late;
      // Also where all was done by a run that was cut off before it could say so.
      if (keys > 0 || (stuck.count === 0 && (await isUntold(db, master))))
        await record(db, { master, keys, left: stuck.count }, rotating);
      if (stuck.count > 0) throw new Error(stuckSentence(done, stuck));
      return { master, done: keys, left: 0 };
    });
  } finally {
    await pool.end();
  }
}

interface Stuck {
  count: number;
  /** Of the first of them. */
  why: string;
}

async function rotateAll(db: Db, masters: MasterKeys, { onBatch }: Rotating): Promise<{ done: number; stuck: Stuck }> {
  const stuck: Stuck = { count: 0, why: '' };
  const before = await leftBut(db, nameOfKey(masters[0]));
  let [done, after] = [0, ''];
  for (;;) {
    const from = after;
    const batch = await db.transaction().execute((tx) => rotateSome(tx, masters, from, stuck));
    // Roles make keys meanwhile, also before the place where this one is.
    if (batch.last === undefined && (after === '' || stuck.count > 0)) return { done, stuck };
    done += batch.done;
    after = batch.last ?? '';
    if (batch.done > 0) await onBatch?.(Math.max(0, before - done));
  }
}

/**
 * From now on nobody makes a key under another master key than the new one: whoever is at it just now is waited for, and
 * their key wrapped anew too. Resolves to how many these were.
 */
const retire = (db: Db, masters: MasterKeys, nowMs: number): Promise<number> =>
  db.transaction().execute(async (tx) => {
    const { family, key } = LOCKS.newKeys;
    await sql`select pg_advisory_xact_lock(${family}::int, ${key}::int)`.execute(tx);
    const stuck: Stuck = { count: 0, why: '' };
    let done = 0;
    for (let after: string | undefined = ''; after !== undefined; ) {
      const batch = await rotateSome(tx, masters, after, stuck);
      done += batch.done;
      after = batch.last;
    }
    if (stuck.count > 0) throw new Error(stuckSentence(0, stuck));
    const [inUse = '', ...others] = masters.map(nameOfKey);
    await tx.deleteFrom('retired_masters').where('name', '=', inUse).execute();
    const retired = others
      .filter((name) => name !== inUse)
      .map((name) => ({ name, replaced_by: inUse, retired_ms: nowMs }));
    if (retired.length === 0) return done;
    await tx
      .insertInto('retired_masters')
      .values(retired)
      .onConflict((conflict) => conflict.column('name').doUpdateSet({ replaced_by: inUse, retired_ms: nowMs }))
      .execute();
    return done;
  });

/** Those that come next by id. */
async function rotateSome(tx: Tx, masters: MasterKeys, after: string, stuck: Stuck) {
  const [to] = masters;
  const master = nameOfKey(to);
  const rows = await tx
    .selectFrom('subject_keys')
    .select(['id', 'tenant', 'subject', 'wrapped', 'master'])
    .where('wrapped', 'is not', null)
    .where('master', '!=', master)
    .where('id', '>', after)
    .orderBy('id')
    .limit(AT_ONCE)
    // Whoever opens a conversation, which names its key, waits for none of it.
    .forNoKeyUpdate()
    .execute();
  let done = 0;
  for (const { wrapped, ...row } of rows) {
    const key = wrapped && openedBy(masters, wrapped, row, stuck);
    if (!key) continue;
    await tx
      .updateTable('subject_keys')
      .set(wrap(to, key, row))
      .where('id', '=', row.id)
      .execute();
    done += 1;
  }
  return { done, last: rows.at(-1)?.id };
}

function openedBy(
  masters: MasterKeys,
  wrapped: Buffer,
  row: Parameters<typeof unwrapped>[2],
  stuck: Stuck,
): Buffer | undefined {
  try {
    return unwrapped(masters, wrapped, row);
  } catch (error) {
    stuck.count += 1;
    stuck.why ||= sentenceOf(error);
    return undefined;
  }
}

const stuckSentence = (done: number, { count, why }: Stuck): string =>
  `${done} keys were wrapped anew, and ${count} were left as they are, since they open with none of the master keys that are ` +
  `given. Of the first: ${why}. Run it again with the master key under which they lie behind the new one`;

async function leftBut(db: Db, master: string): Promise<number> {
  const query = db
    .selectFrom('subject_keys')
    .select((eb) => eb.fn.countAll<number>().as('left'))
    .where('wrapped', 'is not', null)
    .where('master', '!=', master);
  return (await query.executeTakeFirstOrThrow()).left;
}

/** Two with other keys in mind would undo each other's work for ever. */
async function whileLocked<T>(db: Db, work: () => Promise<T>): Promise<T> {
  const { family, key } = LOCKS.masterKeys;
  const asked = sql<{ isOurs: boolean }>`select pg_try_advisory_lock(${family}::int, ${key}::int) as "isOurs"`;
  const { rows } = await asked.execute(db);
  if (rows[0]?.isOurs !== true) {
    throw new Error(
      'the keys are being wrapped anew by another process just now; wait for it, and then ask what is left',
    );
  }
  try {
    return await work();
  } finally {
    // Where the connection is lost, so is the lock.
    await sql`select pg_advisory_unlock(${family}::int, ${key}::int)`.execute(db).catch(() => undefined);
  }
}

/** Whether it has taken another's place, and the ledger does not know. */
async function isUntold(db: Db, master: string): Promise<boolean> {
  const { rows } = await sql<{ untold: boolean }>`
    select exists (select from countersign.retired_masters where replaced_by = ${master})
      and not exists (select from countersign.ledger
        where subject = ${MASTER_KEY_CHANGES} and starts_with(step, ${`changed:${master}:`})) as untold`.execute(db);
  return rows[0]?.untold ?? false;
}

async function record(
  db: Db,
  found: { readonly master: string; readonly keys: number; readonly left: number },
  { by, nowMs }: Rotating,
): Promise<void> {
  const fact = { kind: 'master_key_changed', ...found, by } as const;
  const entry = {
    subject: MASTER_KEY_CHANGES,
    step: `changed:${found.master}:${nowMs}`,
    conversationId: '',
    atMs: nowMs,
  };
  await db.transaction().execute((tx) => appendEntries(tx, [{ ...entry, fact }]));
}
