// Keys of many people at once, as the store makes them.
import type pg from 'pg';
import { randomUUID } from 'node:crypto';
import { wrap } from '../../store/keyring.ts';
import { masterKeysOf, newKey } from '../../trust/encrypting.ts';

export async function addKeys(pool: pg.Pool, masterKey: string, count: number): Promise<void> {
  const [master] = masterKeysOf(masterKey);
  const rows = Array.from({ length: count }, () => {
    const row = { id: randomUUID(), tenant: 'default', subject: `cus_${randomUUID()}` };
    const { wrapped, master: name } = wrap(master, newKey(), row);
    return { ...row, wrapped: wrapped.toString('base64'), master: name };
  });
  await pool.query(
    `insert into countersign.subject_keys (id, tenant, subject, wrapped, master, made_ms)
     select id, tenant, subject, decode(wrapped, 'base64'), master, 1
     from json_to_recordset($1) as t(id text, tenant text, subject text, wrapped text, master text)`,
    [JSON.stringify(rows)],
  );
}
