// What an operator does by hand in production, each a process of a moment with the DATABASE_URL of the tables' owner:
// bring the store to this version, and make or revoke API keys. No running role can do any of it.
import { userInfo } from 'node:os';
import { newApiKey, SCOPES, type Scope } from '../api/keys.ts';
import { encryptWords } from '../store/encrypt-words.ts';
import { grantRights } from '../store/grants.ts';
import { migrateStore } from '../store/migrations/migrate.ts';
import type { Store } from '../store/ports.ts';
import { openStore } from '../store/store.ts';
import { ConfigInvalid, masterKeyIn, readConfig } from './config.ts';

/** Migrate the store and put the rights of the roles in force. Resolves to what was done, as a sentence. */
export async function migrate(env: NodeJS.ProcessEnv): Promise<string> {
  const pool = ownersPool(env);
  const masterKey = masterKeyIn(readConfig(env));
  await migrateStore(pool);
  if (masterKey !== undefined) await encryptWords(pool, masterKey);
  const roles = await grantRights(pool);
  if (roles.length === 0) return 'the store is at this version; none of the PostgreSQL roles of its own exists';
  return `the store is at this version; rights were given to ${roles.join(', ')}`;
}

export interface NewApiKeyInput {
  /** An id of the directory for people who decide; any other id for those who only talk. */
  readonly principal: string;
  readonly name: string;
  readonly tenant: string;
  /** Comma-separated. */
  readonly scopes: string;
  /** Who makes it, for the record; by default the user of this process. */
  readonly by?: string;
}

/** Make an API key. Resolves to its text, which is nowhere else. */
export async function addApiKey(input: NewApiKeyInput, env: NodeJS.ProcessEnv): Promise<string> {
  const scopes = scopesOf(input.scopes);
  const id = input.principal.trim();
  if (id === '') throw new ConfigInvalid(['--principal is empty; say whose key it is']);
  const { id: keyId, text, hash } = newApiKey();
  const principal = { id, name: input.name.trim() || id, tenant: input.tenant };
  await withStore(env, (store) =>
    store.apiKeys.add({ id: keyId, hash, principal, scopes, nowMs: Date.now(), by: personOf(input.by) }),
  );
  return text;
}

/** Revoke an API key by its id, which is the part between the underscores of its text. */
export async function revokeApiKey(id: string, by: string | undefined, env: NodeJS.ProcessEnv): Promise<void> {
  const revoked = await withStore(env, (store) => store.apiKeys.revoke(id, Date.now(), personOf(by)));
  if (!revoked)
    throw new ConfigInvalid([`there is no API key "${id}" that is not revoked; its id stands in cs_<id>_…`]);
}

/** Who does it, for the record. In a container the user is the same for everybody: who matters says who it is. */
export function personOf(named: string | undefined): string {
  if (named !== undefined && named.trim() !== '') return named.trim();
  try {
    return `the user ${userInfo().username} of a machine`;
  } catch {
    return 'a user of a machine'; // a user id without a name
  }
}

function scopesOf(text: string): readonly Scope[] {
  const names = text.split(',').map((name) => name.trim());
  return names.map((name) => {
    const scope = SCOPES.find((one) => one === name);
    if (scope === undefined)
      throw new ConfigInvalid([`there is no scope "${name}"; the scopes are ${SCOPES.join(', ')}`]);
    return scope;
  });
}

async function withStore<T>(env: NodeJS.ProcessEnv, work: (store: Store) => Promise<T>): Promise<T> {
  const masterKey = masterKeyIn(readConfig(env));
  const store = await openStore({ pool: ownersPool(env), migrate: false, masterKey });
  try {
    return await work(store);
  } finally {
    await store.close();
  }
}

/** The store as the owner of its tables. Throws ConfigInvalid. */
export function ownersPool(env: NodeJS.ProcessEnv): { readonly connectionString: string } {
  const { databaseUrl } = readConfig(env);
  if (databaseUrl !== undefined) return { connectionString: databaseUrl };
  throw new ConfigInvalid([
    'set DATABASE_URL or DATABASE_URL_FILE: the store, as the PostgreSQL role that owns its tables',
  ]);
}
