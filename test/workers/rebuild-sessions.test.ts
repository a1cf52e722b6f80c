// Who is connected to a PostgreSQL of its own, as a rebuild sees it.
import { deepEqual } from 'node:assert/strict';
import { test } from 'node:test';
import pg from 'pg';
import { openRebuilding } from '../../store/rebuild.ts';
import { openStore } from '../../store/store.ts';
import { startPostgres } from '../support/postgres.ts';
import { eventually } from '../support/system.ts';

test('a session of a role is seen, by its login or its name; that of a person with psql is none', async () => {
  const server = await startPostgres();
  const config = { connectionString: server.url };
  const person = new pg.Client(config);
  await person.connect();
  const store = await openStore({ pool: config });
  const ledger = openRebuilding(config);
  try {
    await store.checkpoints.origin();
    deepEqual(await ledger.otherSessions(), ['countersign']);
    await store.close();
    await eventually(async () => ((await ledger.otherSessions()).length === 0 ? true : undefined), 'its end');
  } finally {
    await ledger.close();
    await person.end();
    await server.stop();
  }
});
