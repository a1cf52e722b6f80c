// The keys under which words lie in the store: one for each person whom they are about, encrypted under the master key of
// the deployment. A keyring goes along with the connection: whoever has a transaction has its keys. May import trust.
// Guarantees: a key that was destroyed is gone from this process KEPT_MS later at most.
import { type KyselyPlugin, sql } from 'kysely';
import { randomBytes } from 'node:crypto';
import { decrypt, encrypt, type MasterKeys, nameOfKey, newKey } from '../trust/encrypting.ts';
import type { Db, Tx } from './schema.ts';

// 5 s: what is read at a stretch looks a key up once; and that long a process may still read what was erased elsewhere.
export const KEPT_MS = 5_000;
// 10,000 keys, and as many conversations, of some hundred bytes each: more than one process speaks with in 5 s.
const MAX_KEPT = 10_000;
// 128 bits: ids that never meet.
const ID_BYTES = 16;

/** The person whom words are about. */
export interface Subject {
  readonly tenant: string;
  /** The id of the principal. */
  readonly subject: string;
}

/** By whom a conversation was opened, and under which key its words lie: none of it ever changes. */
export interface OpenedBy {
  readonly key_id: string | null;
  readonly tenant: string;
  readonly principal_id: string;
}

export interface Keyring extends KyselyPlugin {
  /** Conversations of which it is known, by id. */
  readonly openers: Pick<Map<string, OpenedBy>, 'get' | 'set'>;
  /** The key that is in use of a subject, made now where there is none. */
  of(tx: Tx, subject: Subject): Promise<string>;
  /** Undefined: it was destroyed. Throws where the store has no such key. */
  key(on: Db | Tx, id: string): Promise<Buffer | undefined>;
  /** Look up anew what is asked for next. */
  forget(): void;
}

/** The store has no such key: it was lost, with what was written last, or is another store's. */
export class KeyMissing extends Error {
  override readonly name = 'KeyMissing';
  readonly keyId: string;
  constructor(keyId: string) {
    super(`the store has no key ${keyId}, under which words are encrypted`);
    this.keyId = keyId;
  }
}

const KEYRINGS = new WeakSet<KyselyPlugin>();

/** The keyring that goes along with a connection; undefined where words are not encrypted. */
export const keyringOf = (on: Db | Tx): Keyring | undefined => on.getExecutor().plugins.find(isKeyring);

const isKeyring = (plugin: KyselyPlugin): plugin is Keyring => KEYRINGS.has(plugin);

/** What is made lies under the first of the master keys; all of them open. */
export function createKeyring(masters: MasterKeys, nowMs: () => number): Keyring {
  const [master] = masters;
  const kept = new Map<string, { readonly key: Buffer | undefined; readonly sinceMs: number }>();
  const openers = new Map<string, OpenedBy>();
  const keyring: Keyring = {
    openers: {
      get: (id) => openers.get(id),
      set(id, opener) {
        if (openers.size >= MAX_KEPT) openers.clear();
        return openers.set(id, opener);
      },
    },
    transformQuery: ({ node }) => node,
    transformResult: async ({ result }) => result,
    async of(tx, subject) {
      const there = await inUse(tx, subject);
      if (there !== undefined) return there;
      // A process that was begun before the master key was changed makes none that nobody else could open.
      await assertMasters(tx, masters);
      const id = randomBytes(ID_BYTES).toString('base64url');
      const wrapped = wrap(master, newKey(), { id, ...subject });
      await tx
        .insertInto('subject_keys')
        .values({ id, ...subject, ...wrapped, made_ms: nowMs() })
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
      if (row === undefined) throw new KeyMissing(id);
      const key = row.wrapped === null ? undefined : unwrapped(masters, row.wrapped, row);
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

interface KeyRow extends Subject {
  readonly id: string;
}

const wrapping = ({ id, tenant, subject }: KeyRow): string => JSON.stringify(['key', id, tenant, subject]);

/** The columns of a key that lies under this master key. */
export const wrap = (master: Buffer, key: Buffer, row: KeyRow) => ({
  wrapped: encrypt(master, key, wrapping(row)),
  master: nameOfKey(master),
});

/** Throws a sentence where it lies under none of them. */
export const unwrapped = (masters: MasterKeys, wrapped: Buffer, row: NamedRow): Buffer =>
  opened(masters, wrapped, row).key;

/** The name of the master key that it really lies under, whatever is said of it. Throws as above. */
export const masterOf = (masters: MasterKeys, wrapped: Buffer, row: NamedRow): string =>
  nameOfKey(opened(masters, wrapped, row).master);

type NamedRow = KeyRow & { readonly master?: string };

function opened(
  masters: MasterKeys,
  wrapped: Buffer,
  row: NamedRow,
): { readonly key: Buffer; readonly master: Buffer } {
  for (const master of masters) {
    try {
      return { key: decrypt(master, wrapped, wrapping(row)), master };
    } catch {
      // Under another, or altered.
    }
  }
  throw new Error(refusal(`the key ${row.id} in the store`, row.master || 'of an unknown name', masters));
}

/**
 * Rejects with a sentence where keys lie under another master key than these: what is said could not be read, and what is
 * made here not by others. Looks at the first and the last name alone, by index; there are two while keys are changed.
 */
export async function assertMasters(on: Db | Tx, masters: MasterKeys): Promise<void> {
  const { rows } = await sql<{ first: string | null; last: string | null }>`
    select (select min(master) from countersign.subject_keys where wrapped is not null) as first,
      (select max(master) from countersign.subject_keys where wrapped is not null) as last`.execute(on);
  const names = ['', ...masters.map(nameOfKey)];
  const other = [rows[0]?.first, rows[0]?.last].find(
    (name) => name !== null && name !== undefined && !names.includes(name),
  );
  if (other !== undefined) throw new Error(refusal('a key in the store', other ?? '', masters));
  // Of before they had names: one of them tells whether the others open.
  const unnamed = await on
    .selectFrom('subject_keys')
    .select(['id', 'tenant', 'subject', 'wrapped', 'master'])
    .where('master', '=', '')
    .where('wrapped', 'is not', null)
    .limit(1)
    .executeTakeFirst();
  if (unnamed?.wrapped) unwrapped(masters, unnamed.wrapped, unnamed);
}

/** Names of master keys tell nothing of them. */
const refusal = (what: string, name: string, masters: MasterKeys): string =>
  `${what} does not open with COUNTERSIGN_MASTER_KEY: it lies under the master key ${name}, and given is ` +
  `${masters.map(nameOfKey).join(', ')}. Give every role the one that the store was made with; where it was changed, the ` +
  'new one; and while it is being changed both, comma-separated. A development start without that variable keeps it in ' +
  'keys.json of its state folder';
