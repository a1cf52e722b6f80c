// API keys, by the SHA-256 of their secret; the secret itself never gets here. May import domain types only.
import type { Store } from './ports.ts';
import type { Db } from './schema.ts';

export function createApiKeys(db: Db): Store['apiKeys'] {
  return {
    async byHash(hash) {
      const row = await db
        .selectFrom('api_keys')
        .selectAll()
        .where('hash', '=', hash)
        .where('revoked_ms', 'is', null)
        .executeTakeFirst();
      if (row === undefined) return undefined;
      const { id, principal, scopes } = row;
      return { id, principal, scopes, createdMs: row.created_ms, revokedMs: row.revoked_ms };
    },
    async add({ id, hash, principal, scopes, nowMs }) {
      await db
        .insertInto('api_keys')
        .values({
          id,
          hash,
          principal: JSON.stringify(principal),
          scopes: JSON.stringify(scopes),
          created_ms: nowMs,
        })
        .onConflict((conflict) => conflict.doNothing())
        .execute();
      const stored = await db.selectFrom('api_keys').select('hash').where('id', '=', id).executeTakeFirst();
      if (stored?.hash === hash) return;
      throw new Error(`the API key "${id}" is taken, or its secret is in use under another id; make a new key`);
    },
    async revoke(id, nowMs) {
      const { numUpdatedRows } = await db
        .updateTable('api_keys')
        .set({ revoked_ms: nowMs })
        .where('id', '=', id)
        .where('revoked_ms', 'is', null)
        .executeTakeFirst();
      return numUpdatedRows > 0n;
    },
  };
}
