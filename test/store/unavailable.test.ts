import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { after, before, test } from 'node:test';
import { createPool } from '../../store/pool.ts';
import { createSql } from '../../store/sql.ts';
import { openStore } from '../../store/store.ts';
import { isStoreUnavailable } from '../../store/unavailable.ts';
import { startPostgres, type TestPostgres } from '../support/postgres.ts';
import { aConversationId, noted } from './builders.ts';

let postgres: TestPostgres;
before(async () => {
  postgres = await startPostgres();
});
after(() => postgres.stop());

/** A way to PostgreSQL that can fall silent, as a network does, without closing anything. */
async function silenceable(url: string) {
  const { hostname, port } = new URL(url);
  const sockets: Socket[] = [];
  const server = createServer((near) => {
    const far = connect(Number(port), hostname);
    sockets.push(near, far);
    for (const socket of [near, far]) socket.on('error', () => undefined);
    near.pipe(far).pipe(near);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const through = new URL(url);
  through.port = String((server.address() as AddressInfo).port);
  return {
    url: through.href,
    silence: () => {
      for (const socket of sockets) socket.unpipe().pause();
    },
    close: () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

test('a database that is not there is StoreUnavailable, at the start too', async () => {
  const gone = createServer().listen(0, '127.0.0.1');
  await once(gone, 'listening');
  const { port } = gone.address() as AddressInfo;
  gone.close();
  await once(gone, 'close');
  await assert.rejects(openStore({ pool: { host: '127.0.0.1', port } }), isStoreUnavailable);
  await assert.rejects(openStore({ pool: { host: '/nonexistent' } }), isStoreUnavailable);
});

test('who falls asleep inside a transaction loses it, and whoever waited for its locks goes on', async () => {
  const [asleep, awake] = [1, 2].map(() => createPool({ connectionString: postgres.url }));
  const lock = 'select pg_advisory_xact_lock(7)';
  const sleeping = createSql(asleep!).transaction(async (sql) => {
    await sql.query(lock);
    await createSql(awake!).query(lock); // waits until the server has ended this very transaction
    await sql.query('select 1');
  });
  await assert.rejects(sleeping, isStoreUnavailable);
  await Promise.all([asleep?.end(), awake?.end()]);
});

test('idle connections that die harm nothing, and the next use connects anew', async () => {
  const { url } = postgres;
  const store = await openStore({ pool: { connectionString: url } });
  const pool = createPool({ connectionString: url });
  const sql = createSql(pool);
  await store.ping();
  await sql.query('select pg_terminate_backend(pid, 5000) from pg_stat_activity where pid <> pg_backend_pid()');
  const id = aConversationId();
  // The news of the end may still be on its way: at most the uses until then are refused.
  let refused = 0;
  const record = async (): Promise<void> => {
    try {
      await store.record([noted(id, 'a')]);
    } catch (error) {
      assert.ok(isStoreUnavailable(error));
      assert.ok(++refused < 10);
      await record();
    }
  };
  await record();
  assert.equal((await store.ledger.ofConversation(id, 0, 10)).length, 1);
  await pool.end();
  await store.close();
});

test('a transaction whose connection dies is StoreUnavailable, and wrote nothing', async () => {
  const { url } = postgres;
  const pool = createPool({ connectionString: url });
  const sql = createSql(pool);
  await sql.query('create table t (id int)');
  const cut = sql.transaction(async (tx) => {
    await tx.query('insert into t values (1)');
    await tx.query('select pg_terminate_backend(pg_backend_pid())').catch(() => undefined);
    await tx.query('insert into t values (2)');
  });
  await assert.rejects(cut, isStoreUnavailable);
  assert.deepEqual(await sql.query('select id from t'), []);
  await pool.end();
});

test('who loses a deadlock gets StoreUnavailable, for it may try again', async () => {
  const { url } = postgres;
  const pool = createPool({ connectionString: url });
  const sql = createSql(pool);
  let arrived = 0;
  let letGo = (): void => undefined;
  const bothArrived = new Promise<void>((done) => {
    letGo = done;
  });
  const lockBoth = (first: number, second: number) =>
    sql.transaction(async (tx) => {
      await tx.query('select pg_advisory_xact_lock($1::int)', [first]);
      if (++arrived === 2) letGo();
      await bothArrived;
      await tx.query('select pg_advisory_xact_lock($1::int)', [second]);
    });
  const ended = await Promise.allSettled([lockBoth(1, 2), lockBoth(2, 1)]);
  const lost = ended.filter((one) => one.status === 'rejected');
  assert.equal(lost.length, 1);
  assert.ok(isStoreUnavailable(lost[0]?.reason));
  await pool.end();
});

test('a store that has fallen silent fails its ping in time, and a closed one at once', async () => {
  const { url } = postgres;
  const way = await silenceable(url);
  const store = await openStore({ pool: { connectionString: way.url } });
  await store.ping();
  way.silence();
  const startedMs = performance.now();
  await assert.rejects(store.ping(), isStoreUnavailable);
  assert.ok(performance.now() - startedMs < 3_000);
  way.close();
  await store.close();
  await assert.rejects(store.ping(), isStoreUnavailable);
});

test('an error of SQL is no outage', async () => {
  const { url } = postgres;
  const pool = createPool({ connectionString: url });
  await assert.rejects(createSql(pool).query('select 1 / 0'), (error) => !isStoreUnavailable(error));
  await pool.end();
});
