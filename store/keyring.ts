// The keys under which words lie in the store: one for each person whom they are about, encrypted under the master key of
// the deployment. A keyring goes along with the connection: whoever has a transaction has its keys. May import trust.
// Guarantees: a key that was destroyed is gone from this process KEPT_MS later at most; where it has heard nothing from the
// store since, KEPT_AWAY_MS after it was looked up last.
import { type KyselyPlugin, sql } from 'kysely';
import { randomBytes } from 'node:crypto';
import { decrypt, encrypt, type MasterKeys, nameOfKey, newKey } from '../trust/encrypting.ts';
import { type Db, LOCKS, type Tx } from './schema.ts';
import { isStoreUnavailable } from './unavailable.ts';

// 5 s: what is read at a stretch looks a key up once; and that long a process may still read what was erased elsewhere.
export const KEPT_MS = 5_000;
// 15 minutes: a store that is away longer is an outage, of which whoever waits was told. Until then what was begun with a
// key goes on with it: nobody destroys one in a store that is away.
export const KEPT_AWAY_MS = 15 * 60_000;
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

/** What is made lies under the first of the master keys that no other has taken the place of; all of them open. */
export function createKeyring(masters: MasterKeys, nowMs: () => number): Keyring {
  const kept = new Map<string, { readonly key: Buffer | undefined; readonly sinceMs: number }>();
  const openers = new Map<string, OpenedBy>();
  // When the store last answered about any key.
  let heardMs = Number.NEGATIVE_INFINITY;
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
      // Whoever ends a change of the master key waits for this one, and finds its key; who comes later uses the new one.
      const { family, key } = LOCKS.newKeys;
      await sql`select pg_advisory_xact_lock_shared(${family}::int, ${key}::int)`.execute(tx);
      const master = await masterInUse(tx, masters);
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
      const sinceMs = known?.sinceMs ?? Number.NEGATIVE_INFINITY;
      const ageMs = performance.now() - sinceMs;
      if (ageMs < KEPT_MS) return known?.key;
      let row;
      try {
        row = await on.selectFrom('subject_keys').selectAll().where('id', '=', id).executeTakeFirst();
      } catch (error) {
        if (isStoreUnavailable(error) && heardMs <= sinceMs + KEPT_MS && ageMs < KEPT_AWAY_MS) return known?.key;
        throw error;
      }
      heardMs = performance.now();
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
 * The master key under which keys are made here. Rejects with a sentence where there is none, or where keys lie under
 * another than these: what is said could not be read, and what is made here not by others.
 */
export async function masterInUse(on: Db | Tx, masters: MasterKeys): Promise<Buffer> {
  const { names, retired, unnamed } = await knownMasters(on);
  const given = masters.map(nameOfKey);
  const other = names.find((name) => name !== '' && !given.includes(name));
  if (other !== undefined) throw new Error(refusal('a key in the store', other, masters));
  // Of before they had names: one of them tells whether the others open.
  if (unnamed !== null) unwrapped(masters, Buffer.from(unnamed.wrapped, 'base64'), unnamed);
  const usable = masters.find((master) => !retired.some(({ name }) => name === nameOfKey(master)));
  if (usable !== undefined) return usable;
  const { replaced_by: by = '' } = retired.find(({ name }) => name === given[0]) ?? {};
  throw new Error(
    `the master key ${given[0]} in COUNTERSIGN_MASTER_KEY is in use no more: countersign keys rotate has put ${by} in its ` +
      'place. Give every role the new one',
  );
}

interface KnownMasters {
  /** Of those that keys lie under; '' where that was not written down. */
  readonly names: readonly string[];
  readonly retired: readonly { readonly name: string; readonly replaced_by: string }[];
  /** A key without the name of its master key; null where there is none. */
  readonly unnamed: (KeyRow & { readonly wrapped: string }) | null;
}

// Each name is found by index, however many keys lie under it.
async function knownMasters(on: Db | Tx): Promise<KnownMasters> {
  const { rows } = await sql<KnownMasters>`
    with recursive named(name) as (
      select min(master) from countersign.subject_keys where wrapped is not null
      union all
      select (select min(master) from countersign.subject_keys where wrapped is not null and master > named.name)
      from named where named.name is not null
    )
    select (select coalesce(json_agg(name), '[]') from named where name is not null) as names,
      (select coalesce(json_agg(gone), '[]') from countersign.retired_masters as gone) as retired,
      (select row_to_json(one) from (
        select id, tenant, subject, encode(wrapped, 'base64') as wrapped from countersign.subject_keys
        where master = '' and wrapped is not null limit 1) as one) as unnamed`.execute(on);
  return rows[0] ?? { names: [], retired: [], unnamed: null };
}

/** Rejects with a sentence where words are encrypted: what this process wrote would lie readable among them. */
export async function assertPlain(on: Db | Tx): Promise<void> {
  const key = await on.selectFrom('subject_keys').select('id').limit(1).executeTakeFirst();
  if (key === undefined) return;
  throw new Error(
    'words in the store are encrypted, and this process would write its own among them as they are; set ' +
      'COUNTERSIGN_MASTER_KEY to the key that the store was made with, in every role, and leave COUNTERSIGN_ENCRYPTION=off out',
  );
}

/** Names of master keys tell nothing of them. */
const refusal = (what: string, name: string, masters: MasterKeys): string =>
  `${what} does not open with COUNTERSIGN_MASTER_KEY: it lies under the master key ${name}, and given is ` +
  `${masters.map(nameOfKey).join(', ')}. Give every role the one that the store was made with; where it was changed, the ` +
  'new one; and while it is being changed both, comma-separated. A development start without that variable keeps it in ' +
  'keys.json of its state folder';
