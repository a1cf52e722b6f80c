// The keys under which words lie in the store: one for each person whom they are about, encrypted under the master key of
// the deployment. A keyring goes along with the connection: whoever has a transaction has its keys. May import trust.
// Guarantees: a key that was destroyed is gone from this process KEPT_MS later at most.
import type { KyselyPlugin } from 'kysely';
import { randomBytes } from 'node:crypto';
import { decrypt, encrypt, newKey } from '../trust/encrypting.ts';
import type { Db, Tx } from './schema.ts';

// 5 s: what is read at a stretch looks a key up once; and that long a process may still read what was erased elsewhere.
export const KEPT_MS = 5_000;
// 10,000 keys of some hundred bytes: more people than one process speaks with in 5 s.
const MAX_KEPT = 10_000;
// 128 bits: ids that never meet.
const ID_BYTES = 16;

/** The person whom words are about. */
export interface Subject {
  readonly tenant: string;
  /** The id of the principal. */
  readonly subject: string;
}

export interface Keyring extends KyselyPlugin {
  /** The key that is in use of a subject, made now where there is none. */
  of(tx: Tx, subject: Subject): Promise<string>;
  /** Undefined: it was destroyed. Throws where the store has no such key. */
  key(on: Db | Tx, id: string): Promise<Buffer | undefined>;
  /** Look up anew what is asked for next. */
  forget(): void;
}

const KEYRINGS = new WeakSet<KyselyPlugin>();

/** The keyring that goes along with a connection; undefined where words are not encrypted. */
export const keyringOf = (on: Db | Tx): Keyring | undefined => on.getExecutor().plugins.find(isKeyring);

const isKeyring = (plugin: KyselyPlugin): plugin is Keyring => KEYRINGS.has(plugin);

export function createKeyring(master: Buffer, nowMs: () => number): Keyring {
  const kept = new Map<string, { readonly key: Buffer | undefined; readonly sinceMs: number }>();
  const keyring: Keyring = {
    transformQuery: ({ node }) => node,
    transformResult: async ({ result }) => result,
    async of(tx, subject) {
      const there = await inUse(tx, subject);
      if (there !== undefined) return there;
      const id = randomBytes(ID_BYTES).toString('base64url');
      await tx
        .insertInto('subject_keys')
        .values({ id, ...subject, wrapped: encrypt(master, newKey(), wrapping(id, subject)), made_ms: nowMs() })
        .onConflict((conflict) => conflict.columns(['tenant', 'subject']).where('destroyed_ms', 'is', null).doNothing())
        .execute();
      const made = await inUse(tx, subject);
      if (made === undefined) throw new Error(`the key of ${subject.subject} was destroyed just as it was made`);
      return made;
    },
    async key(on, id) {
      const known = kept.get(id);
      if (known !== undefined && performance.now() - known.sinceMs < KEPT_MS) return known.key;
      const row = await on.selectFrom('subject_keys').selectAll().where('id', '=', id).executeTakeFirst();
      if (row === undefined) throw new Error(`the store has no key ${id}, under which words of it are encrypted`);
      const key = row.wrapped === null ? undefined : unwrapped(master, row.wrapped, wrapping(id, row));
      if (kept.size >= MAX_KEPT) kept.clear();
      kept.set(id, { key, sinceMs: performance.now() });
      return key;
    },
    forget: () => kept.clear(),
  };
  KEYRINGS.add(keyring);
  return keyring;
}

async function inUse(tx: Tx, { tenant, subject }: Subject): Promise<string | undefined> {
  const row = await tx
    .selectFrom('subject_keys')
    .select('id')
    .where('tenant', '=', tenant)
    .where('subject', '=', subject)
    .where('destroyed_ms', 'is', null)
    .executeTakeFirst();
  return row?.id;
}

const wrapping = (id: string, { tenant, subject }: Subject): string => JSON.stringify(['key', id, tenant, subject]);

function unwrapped(master: Buffer, wrapped: Buffer, place: string): Buffer {
  try {
    return decrypt(master, wrapped, place);
  } catch {
    throw new Error(
      'a key in the store does not open with COUNTERSIGN_MASTER_KEY; give every role the key that the store was made with. ' +
        'A development start without that variable keeps it in keys.json of its state folder',
    );
  }
}
