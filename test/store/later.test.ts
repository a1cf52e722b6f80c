// Over a server of its own the store waits for no answer that nobody reads: such statements are sent at once, done in their
// order, and when one fails nothing of the transaction is written and its own error is told. And none is parsed twice.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { sql } from 'kysely';
import type pg from 'pg';
import { createPool, LATER } from '../../store/pool.ts';
import { createDb, type Db, type Tx } from '../../store/schema.ts';
import { openStore } from '../../store/store.ts';
import { aConversationId, anEntry, opened, proposed } from './builders.ts';
import { type Database, startDatabase } from './databases.ts';

let database: Database;
let pool: pg.Pool;
let db: Db;

before(async () => {
  database = await startDatabase('postgres');
  // 1: whatever a transaction leaves behind, the next one meets.
  pool = createPool({ ...database.poolConfig, pipeline: true, max: 1 });
  db = createDb(pool);
  await sql`create table scratch (id integer primary key)`.execute(db);
});
after(async () => {
  await pool.end();
  await database.stop();
});

const insert = (tx: Tx, id: number) => sql`insert into scratch values (${id})${sql.raw(LATER)}`.execute(tx);
const ids = async (on: Db | Tx): Promise<readonly number[]> =>
  (await sql<{ id: number }>`select id from scratch order by id`.execute(on)).rows.map(({ id }) => id);
const within = <T>(work: (tx: Tx) => Promise<T>): Promise<T> => db.transaction().execute(work);

test('the next statement sees what was sent before it, and all of it is committed together', async () => {
  const seen = await within(async (tx) => {
    await insert(tx, 1);
    await insert(tx, 2);
    return ids(tx);
  });
  assert.deepEqual(seen, [1, 2]);
  assert.deepEqual(await ids(db), [1, 2]);
});

test('one that fails is told by the commit, and nothing is written', async () => {
  const twice = within(async (tx) => {
    await insert(tx, 3);
    await insert(tx, 1);
    await insert(tx, 4);
  });
  await assert.rejects(twice, /duplicate key/);
  assert.deepEqual(await ids(db), [1, 2]);
});

test('one that fails is told by whatever is waited for next, with why', async () => {
  let told: unknown;
  const swallowed = within(async (tx) => {
    await insert(tx, 1);
    await ids(tx).catch((error: unknown) => (told = error));
  });
  await assert.rejects(swallowed, /duplicate key/, 'who swallows it has written nothing either');
  assert.match(String(told), /duplicate key/);
  assert.deepEqual(await ids(db), [1, 2]);
});

test('who gives up takes back what was sent; the connection is as good as before', async () => {
  const givesUp = within(async (tx) => {
    await insert(tx, 1);
    throw new Error('no');
  });
  await assert.rejects(givesUp, /^Error: no$/);
  await within((tx) => insert(tx, 5));
  assert.deepEqual(await ids(db), [1, 2, 5]);
});

test('an entry that may not be recorded says so, as where each statement is waited for', async () => {
  const store = await openStore({ pool: database.poolConfig, isServer: true });
  const id = aConversationId();
  await store.record([opened(id), proposed(id)]);
  const other = anEntry(id, id, 'opened', { kind: 'replied', turn: 1, itemId: 'i', itemDigest: '', by: 'model' });
  await assert.rejects(store.record([other]), /cannot be recorded as the step/);
  assert.equal((await store.ledger.ofConversation(id, 0, 10)).length, 2);
  await store.close();
});

const one = () => sql`select * from scratch where id = ${1}`.execute(db);
const isAway = { name: 'StoreUnavailable' };

test('a statement with values is prepared once for a connection', async () => {
  await one();
  await one();
  const { rows } = await sql<{ calls: number }>`
    select (generic_plans + custom_plans)::int as calls from pg_prepared_statements
    where statement like 'select * from scratch%'`.execute(db);
  assert.deepEqual(rows, [{ calls: 2 }]);
});

test('where a migration has changed the table under it, it is tried again as after an outage', async () => {
  await sql`alter table scratch add column note text`.execute(db);
  await assert.rejects(one(), isAway);
  assert.deepEqual((await one()).rows, [{ id: 1, note: null }]);
});

test('a statement that another process has prepared on the connection is never taken for ours', async (t) => {
  const other = createPool({ ...database.poolConfig, pipeline: true, max: 1 });
  t.after(() => other.end());
  const client = await other.connect();
  await client.query({ name: 'countersign_0', text: 'select 1 where $1::int > 0', values: [1] });
  client.release();
  const { rows } = await sql<{ id: number }>`select id from scratch where id > ${1} order by id`.execute(
    createDb(other),
  );
  assert.deepEqual(
    rows.map(({ id }) => id),
    [2, 5],
  );
});

test('behind a pooler that knows of none it is asked again without a name, and nothing is prepared from then on', async () => {
  await sql`deallocate all`.execute(db);
  assert.deepEqual((await one()).rows, [{ id: 1, note: null }]);
  const { rows } = await sql`select name from pg_prepared_statements`.execute(db);
  assert.deepEqual(rows, []);
});
