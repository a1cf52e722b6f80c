// Who may see and change budgets of model use, on a real server: the role that keeps them, and no other. The assistant,
// whose calls they bound, finds nothing there.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import pg from 'pg';
import { NOTHING_USED } from '../../domain/spending.ts';
import type { Reserving } from '../../store/budget-port.ts';
import type { Store } from '../../store/ports.ts';
import { openStore } from '../../store/store.ts';
import type { TestPostgres } from '../support/postgres.ts';
import { type RoleName, startGranted, urlOf } from './granted.ts';

const TABLES = ['budgets', 'reservations', 'budget_waits'] as const;

let server: TestPostgres;
let store: Store;

before(async () => {
  server = await startGranted();
  store = await openStore({ pool: { connectionString: urlOf(server, 'workflows') }, migrate: false });
});

after(async () => {
  await store?.close();
  await server?.stop();
});

/** Of each statement whether the role may make it. */
async function may(role: RoleName, statements: readonly string[]): Promise<readonly boolean[]> {
  const client = new pg.Client({ connectionString: urlOf(server, role) });
  await client.connect();
  try {
    const found: boolean[] = [];
    for (const statement of statements) {
      await client.query('begin');
      const error = await client.query(statement).then(
        () => undefined,
        (thrown: { code?: string }) => thrown,
      );
      await client.query('rollback');
      if (error !== undefined) assert.equal(error.code, '42501', statement);
      found.push(error === undefined);
    }
    return found;
  } finally {
    await client.end();
  }
}

const calls = (turn: number): Reserving => {
  const limited = (scope: keyof Reserving['budgets']) => ({
    budget: { id: scope, scope, tenant: 'default', agent: 'a', of: 'x', day: '', endsMs: null },
    limits: { modelCalls: scope === 'conversation' ? 2 : 100, toolCalls: 100, tokens: 10_000, microUsd: 10_000 },
  });
  return {
    ...{ callId: `c:${turn}:0`, conversationId: 'c', turn, step: `model:${turn}:0`, atMs: 1 },
    bounds: {
      promptTokens: 10,
      completionTokens: 1,
      toolCalls: 1,
      price: { promptMicroUsd: 1, completionMicroUsd: 1 },
    },
    budgets: {
      conversation: limited('conversation'),
      principal_day: limited('principal_day'),
      agent_day: limited('agent_day'),
    },
    turnLimits: { tokensPerTurn: 10_000, microUsdPerTurn: 10_000 },
  };
};

test('the workflows role holds, counts and opens with the rights that it has', async () => {
  assert.deepEqual(await store.budgets.reserve(calls(1)), { kind: 'held' });
  assert.deepEqual(await store.budgets.reserve(calls(2)), { kind: 'held' });
  const third = await store.budgets.reserve(calls(3));
  if (third.kind !== 'reached') throw new Error('it must be reached');
  const who = { questionId: 'q', conversationId: 'c', decisionId: 'd', by: 'olga', atMs: 2 };
  assert.equal(await store.budgets.open({ reached: third.reached, ...who }), true);
  assert.deepEqual(await store.budgets.reserve(calls(3)), { kind: 'held' });
  assert.equal((await store.budgets.get('agent_day'))?.held.modelCalls, 3);
  assert.deepEqual((await store.budgets.get('agent_day'))?.used, NOTHING_USED);
  assert.deepEqual(await store.budgets.waiting('conversation', '', 5), ['c']);
});

test('the assistant and the actor can neither see nor change what a model may use', async () => {
  for (const role of ['assistant', 'actor'] as const) {
    for (const table of TABLES) {
      const statements = [
        `select 1 from countersign.${table}`,
        `delete from countersign.${table}`,
        `insert into countersign.${table} default values`,
        table === 'budget_waits'
          ? `update countersign.${table} set since_ms = 0`
          : `update countersign.${table} set used = '{}'`,
      ];
      assert.deepEqual(await may(role, statements), [false, false, false, false], `${role} and ${table}`);
    }
  }
});

test('the API sees what is used and changes nothing; nobody unmakes a budget, a call or its limits', async () => {
  const change = [
    "update countersign.budgets set opened = '{}'",
    'delete from countersign.budgets',
    'delete from countersign.reservations',
  ];
  assert.deepEqual(await may('api', ['select used from countersign.budgets', ...change]), [true, false, false, false]);
  const frozen = ["update countersign.reservations set bounds = '{}'", "update countersign.budgets set whose = 'y'"];
  assert.deepEqual(await may('workflows', [...change.slice(1), ...frozen]), [false, false, false, false]);
});
