// API keys, by the SHA-256 of their secret; the secret itself never gets here. Who made and who revoked one is an entry of
// the ledger, in the same transaction. May import domain types only.
import { apiKeySubject } from '../domain/ids.ts';
import { appendEntries } from './entries.ts';
import type { Store } from './ports.ts';
import type { Db } from './schema.ts';
import { underOfPrincipal } from './subjects.ts';
import { openRow, sealedCell } from './words.ts';

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
      const { id, principal, scopes } = await openRow(db, 'api_keys', row);
      return { id, principal, scopes, createdMs: row.created_ms, revokedMs: row.revoked_ms };
    },
    add: (key) =>
      db.transaction().execute(async (tx) => {
        const { id, hash, principal, scopes, nowMs, by = '' } = key;
        const under = await underOfPrincipal(tx, principal);
        const made = await tx
          .insertInto('api_keys')
          .values({
            ...{ id, hash, principal: await sealedCell(under, 'api_keys.principal', id, principal) },
            scopes: JSON.stringify(scopes),
            created_ms: nowMs,
          })
          .onConflict((conflict) => conflict.doNothing())
          .returning('id')
          .executeTakeFirst();
        if (made !== undefined) {
          const fact = { kind: 'api_key_added', keyId: id, principal, scopes, by } as const;
          await appendEntries(tx, [
            { subject: apiKeySubject(id), step: 'added', conversationId: '', atMs: nowMs, fact },
          ]);
          return;
        }
        const stored = await tx.selectFrom('api_keys').select('hash').where('id', '=', id).executeTakeFirst();
        if (stored?.hash === hash) return;
        throw new Error(`the API key "${id}" is taken, or its secret is in use under another id; make a new key`);
      }),
    revoke: (id, nowMs, by = '') =>
      db.transaction().execute(async (tx) => {
        const { numUpdatedRows } = await tx
          .updateTable('api_keys')
          .set({ revoked_ms: nowMs })
          .where('id', '=', id)
          .where('revoked_ms', 'is', null)
          .executeTakeFirst();
        if (numUpdatedRows === 0n) return false;
        const fact = { kind: 'api_key_revoked', keyId: id, by } as const;
        await appendEntries(tx, [
          { subject: apiKeySubject(id), step: 'revoked', conversationId: '', atMs: nowMs, fact },
        ]);
        return true;
      }),
  };
}
