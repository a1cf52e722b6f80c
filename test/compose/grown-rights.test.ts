// Who may drop what only grows, on a real server: the workflows role by the functions that look for themselves, and nobody
// otherwise. None of them drops what is young, whatever the caller says what time it is.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import pg from 'pg';
import { DROP, DUE } from '../../store/functions.ts';
import type { TestPostgres } from '../support/postgres.ts';
import { ROLE_NAMES, type RoleName, startGranted, urlOf } from './granted.ts';

const DAY_MS = 86_400_000;
const TABLES = ['reservations', 'budgets', 'budget_waits', 'limit_takes', 'checkpoints'] as const;
const YEARS_AHEAD_MS = Date.now() + 10_000 * DAY_MS;

let server: TestPostgres;
const clients: Partial<Record<RoleName | 'owner', pg.Client>> = {};

const as = (role: RoleName | 'owner'): pg.Client => clients[role]!;
const calls = (name: string): string => `select * from countersign.${name}(${YEARS_AHEAD_MS}, 1000)`;

before(async () => {
  server = await startGranted();
  for (const role of ['owner', ...ROLE_NAMES] as const) {
    const client = new pg.Client({ connectionString: role === 'owner' ? server.url : urlOf(server, role) });
    await client.connect();
    clients[role] = client;
  }
});
after(async () => {
  for (const client of Object.values(clients)) await client.end();
  await server?.stop();
});

/** One row of each table that is so old, and would be due at its age. */
async function rowsOf(days: number): Promise<void> {
  const atMs = Math.floor(Date.now() / DAY_MS - days) * DAY_MS;
  const nothing = `'{}', '{}', '{}', '{}', ${atMs}`;
  for (const values of [
    `conversations values ('talk${days}', 'a', 'default', 'o', 'p', '{}', 'closed', ${atMs}, ${atMs})`,
    `reservations values ('call${days}', 'talk${days}', 1, 'model:1:0', 'of${days}', 'x', 'x', '{}', ${atMs}, '{}')`,
    `reservations values ('held${days}', 'talk${days}', 1, 'model:1:1', 'of${days}', 'x', 'x', '{}', ${atMs}, null)`,
    `budgets values ('of${days}', 'conversation', 'default', 'a', 'talk${days}', '', null, ${nothing})`,
    `budgets values ('day${days}', 'agent_day', 'default', 'a', 'a', 'd', ${atMs}, ${nothing})`,
    `budget_waits values ('day${days}', 'talk${days}', 1)`,
    `limit_takes values ('act${days}', 'l', 'a', 'default', 'p', '', 1, ${atMs}, null)`,
    `checkpoints values (${days * 10}, '', 'n', ${atMs}, ${atMs})`,
    `checkpoints values (${days * 10 + 1}, '', 'n', ${atMs + 1}, ${atMs})`,
  ])
    await as('owner').query(`insert into countersign.${values}`);
}

const counts = async (): Promise<readonly number[]> => {
  const found = [];
  for (const table of TABLES) {
    const { rows } = await as('owner').query<{ n: string }>(`select count(*) as n from countersign.${table}`);
    found.push(Number(rows[0]?.n));
  }
  return found;
};

test('the API and the workflows role see what is due, the latter alone drops it, and the others do neither', async () => {
  for (const role of ROLE_NAMES) {
    for (const name of DUE) {
      const said = as(role).query(calls(name));
      if (role === 'api' || role === 'workflows') await said;
      else await assert.rejects(said, /permission denied for function/, `${role} and ${name}`);
    }
    for (const name of DROP) {
      const said = as(role).query(calls(name));
      if (role === 'workflows') await said;
      else await assert.rejects(said, /permission denied for function/, `${role} and ${name}`);
    }
  }
});

test('no role deletes from these tables itself, and none says which turns were dropped', async () => {
  for (const role of ROLE_NAMES) {
    for (const statement of [
      ...TABLES.map((table) => `delete from countersign.${table}`),
      'update countersign.budgets set dropped_turn = 9',
      'update countersign.limit_takes set at_ms = 0',
      'update countersign.reservations set reserved_ms = 0',
      'update countersign.checkpoints set made_ms = 0',
      'select countersign.kept_since(1, 1)',
    ])
      await assert.rejects(as(role).query(statement), /permission denied/, `${role}: ${statement}`);
  }
});

test('the workflows role drops what is old and nothing that is young, though it says that years have gone by', async () => {
  await rowsOf(80);
  await rowsOf(3);
  assert.deepEqual(await counts(), [4, 4, 2, 2, 4]);
  for (const name of DROP) {
    const { rows } = await as('workflows').query<Record<string, string>>(calls(name));
    assert.equal(Number(rows[0]?.[name]), name === 'drop_budgets' ? 2 : 1, name);
  }
  assert.deepEqual(await counts(), [2, 2, 1, 1, 3]);
  const { rows } = await as('owner').query('select id from countersign.budgets order by id');
  assert.deepEqual(rows, [{ id: 'day3' }, { id: 'of3' }]);
});

test('whoever is at work on a row goes first, and nobody waits for the other', async () => {
  await rowsOf(90);
  const owner = as('owner');
  await owner.query('begin');
  await owner.query("select from countersign.budgets where id = 'of90' for update");
  await owner.query("select from countersign.limit_takes where action_id = 'act90' for update");
  for (const name of ['drop_reservations', 'drop_limit_takes']) {
    const { rows } = await as('workflows').query<Record<string, string>>(calls(name));
    assert.equal(Number(rows[0]?.[name]), 0, name);
  }
  await owner.query('commit');
  for (const name of ['drop_reservations', 'drop_limit_takes']) {
    const { rows } = await as('workflows').query<Record<string, string>>(calls(name));
    assert.equal(Number(rows[0]?.[name]), 1, name);
  }
});
