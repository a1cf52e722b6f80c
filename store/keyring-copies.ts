// The keyring by itself, to be kept and brought back apart from the rest of the store: without it nothing can be read of
// what was said, here and in Temporal. Keys are copied as they lie here, wrapped under the master key, never as they are. As
// the owner of the tables. May import pg and trust. Guarantees: what was destroyed, here or in the copy, is destroyed
// afterwards; all of a copy comes back, or nothing.
import type pg from 'pg';
import { masterKeysOf } from '../trust/encrypting.ts';
import { createKeyring, masterOf } from './keyring.ts';
import { createPool } from './pool.ts';
import { createDb, type Db, type Tx } from './schema.ts';

// 500 keys at once: some hundred kilobytes.
const AT_ONCE = 500;

export interface CopiedKey {
  readonly id: string;
  readonly tenant: string;
  readonly subject: string;
  /** Under the master key; null where it was destroyed. */
  readonly wrapped: Buffer | null;
  readonly master: string;
  readonly madeMs: number;
  readonly destroyedMs: number | null;
}

/** All of them, those that were destroyed first; and at the end those that were destroyed meanwhile. */
export async function* copyKeys(config: pg.PoolConfig): AsyncGenerator<CopiedKey> {
  const pool = createPool({ ...config, max: 1 });
  const db = createDb(pool);
  const told = new Set<string>();
  try {
    // Whoever is destroyed between the first look and the second is in neither of them.
    for (const isDestroyed of [true, false, true]) {
      let after = '';
      for (;;) {
        const rows = await keysAfter(db, isDestroyed, after);
        for (const { made_ms: madeMs, destroyed_ms: destroyedMs, ...row } of rows) {
          if (isDestroyed && told.has(row.id)) continue;
          if (isDestroyed) told.add(row.id);
          yield { ...row, madeMs, destroyedMs };
        }
        const last = rows.at(-1);
        if (last === undefined) break;
        after = last.id;
      }
    }
  } finally {
    await pool.end();
  }
}

const keysAfter = (db: Db, isDestroyed: boolean, after: string) =>
  db
    .selectFrom('subject_keys')
    .selectAll()
    .where('destroyed_ms', isDestroyed ? 'is not' : 'is', null)
    .where('id', '>', after)
    .orderBy('id')
    .limit(AT_ONCE)
    .execute();

interface BroughtBack {
  /** That the store did not have. */
  readonly added: number;
  /** That the store had, and the copy says are destroyed. */
  readonly destroyed: number;
  /** That were as they are. */
  readonly known: number;
}

/** `keys`: in the order of a copy. Rejects with a sentence, and changes nothing, where one of them does not fit. */
export async function bringKeysBack(
  config: pg.PoolConfig,
  masterKey: string,
  keys: AsyncIterable<CopiedKey>,
): Promise<BroughtBack> {
  const masters = masterKeysOf(masterKey);
  const pool = createPool({ ...config, max: 1 });
  const db = createDb(pool, createKeyring(masters, Date.now));
  try {
    return await db.transaction().execute(async (tx) => {
      const back = { added: 0, destroyed: 0, known: 0 };
      for await (const key of keys) {
        // What the copy says of it may have been altered.
        const master = key.wrapped === null ? key.master : masterOf(masters, key.wrapped, key);
        back[await bringBack(tx, { ...key, master })] += 1;
      }
      return back;
    });
  } finally {
    await pool.end();
  }
}

async function bringBack(tx: Tx, key: CopiedKey): Promise<keyof BroughtBack> {
  const { id, destroyedMs } = key;
  if (await isAdded(tx, key)) return 'added';
  if (destroyedMs === null) return 'known';
  const destroyed = await tx
    .updateTable('subject_keys')
    .set({ wrapped: null, destroyed_ms: destroyedMs })
    .where('id', '=', id)
    .where('destroyed_ms', 'is', null)
    .returning('id')
    .executeTakeFirst();
  return destroyed === undefined ? 'known' : 'destroyed';
}

async function isAdded(tx: Tx, key: CopiedKey): Promise<boolean> {
  const { id, tenant, subject, wrapped, master, madeMs, destroyedMs } = key;
  try {
    const added = await tx
      .insertInto('subject_keys')
      .values({ id, tenant, subject, wrapped, master, made_ms: madeMs, destroyed_ms: destroyedMs })
      .onConflict((conflict) => conflict.column('id').doNothing())
      .returning('id')
      .executeTakeFirst();
    return added !== undefined;
  } catch (error) {
    if ((error as { readonly constraint?: unknown }).constraint === 'subject_keys_in_use') throw otherInUse(key, error);
    throw error;
  }
}

const otherInUse = ({ id, subject }: CopiedKey, cause: unknown): Error =>
  new Error(
    `${subject} has another key in use here than ${id}: somebody has written since the store was restored. Restore it again, ` +
      'and bring the keys back before a role is started; nothing was changed',
    { cause },
  );
