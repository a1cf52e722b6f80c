// What maintenance has to do and did, as the API tells operators.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { problem } from './support/answers.ts';
import { NOW_MS, serve } from './support/served.ts';

const DAY_MS = 86_400_000;
const PATH = '/v1/maintenance';
const due = Array.from({ length: 7 }, (_, nth) => ({ id: `c-${nth}`, dueMs: NOW_MS - DAY_MS - 7 + nth }));
const works = [
  { task: 'close_idle', what: 'closes', due, isCut: true },
  { task: 'delete_texts', what: 'deletes', due: [], isCut: false },
];
const closing = { task: 'close_idle', what: 'closes', count: 7, isCut: true, oldestDueMs: NOW_MS - DAY_MS - 7 };
const deleting = { task: 'delete_texts', what: 'deletes', count: 0, isCut: false, oldestDueMs: null, ids: [] };

test('maintenance tells by task how much is due, since when, some of it and what is behind; to operators of the house alone', async (t) => {
  const { call, store } = await serve(t);
  store.put({ due: works });
  const { status, body } = await call('operator', 'GET', PATH);
  assert.equal(status, 200);
  const never = { lastMs: null, done: 0 };
  assert.deepEqual(body, {
    nowMs: NOW_MS,
    tasks: [
      { ...closing, ids: ['c-0', 'c-1', 'c-2', 'c-3', 'c-4'], isBehind: true, ...never },
      { ...deleting, isBehind: false, ...never },
    ],
  });
  assert.equal(problem(await call('customer', 'GET', PATH)), '403 missing_scope');
  assert.equal(problem(await call('operator@other', 'GET', PATH)), '403 ledger_refused');
});

test('a dry run says all that one run would do, and starts none; a run says what it did, or where it goes on', async (t) => {
  const { call, store, gateway } = await serve(t);
  store.put({ due: works });
  gateway.maintained = [{ task: 'close_idle', done: 0, ids: [], ask: ['c-0'], failed: 'a test' }];
  const dry = await call('operator', 'POST', PATH, { dryRun: true });
  const tasks = [{ ...closing, ids: due.map(({ id }) => id) }, deleting];
  assert.deepEqual([dry.status, dry.body], [200, { nowMs: NOW_MS, dryRun: true, tasks }]);
  const ran = await call('operator', 'POST', PATH, { dryRun: false });
  const done = [{ task: 'close_idle', done: 0, ids: [], asked: ['c-0'], failed: 'a test' }];
  assert.deepEqual([ran.status, ran.body], [200, { nowMs: NOW_MS, dryRun: false, tasks: done }]);
  gateway.maintained = undefined;
  const under = await call('operator', 'POST', PATH, { dryRun: false });
  assert.deepEqual([under.status, under.body], [202, { nowMs: NOW_MS, workflowId: 'maintenance-by-hand' }]);
  gateway.state = 'down';
  const away = await call('operator', 'POST', PATH, { dryRun: false });
  assert.equal(problem(away), '503 unavailable');
  assert.match(away.body.detail, /^Temporal or its workers do not answer in time\. Try again in \d+ seconds\.$/);
  assert.equal((await call('operator', 'POST', PATH, { dryRun: true })).status, 200);
  gateway.state = 'up';
  assert.equal(problem(await call('customer', 'POST', PATH, { dryRun: true })), '403 missing_scope');
  assert.equal(problem(await call('operator@other', 'POST', PATH, { dryRun: false })), '403 ledger_refused');
  assert.equal(problem(await call('operator', 'POST', PATH, {})), '400 bad_request');
});

test('doctor and the metrics say where maintenance is behind', async (t) => {
  const { call, store } = await serve(t);
  const checkOf = async () => {
    const { body } = await call('operator', 'GET', '/v1/doctor');
    const { checks } = body as unknown as { readonly checks: readonly { readonly name: string }[] };
    return checks.find(({ name }) => name === 'maintenance');
  };
  store.put({ due: works });
  const behind = (await checkOf()) as { readonly kind?: string; readonly text?: string } | undefined;
  assert.equal(behind?.kind, 'warning');
  assert.match(
    behind?.text ?? '',
    /^close_idle is behind: something is due since .* UTC, and it has never been done\n/,
  );
  assert.match(behind?.text ?? '', /or run: countersign maintenance$/);
  const { text } = (await call('nobody', 'GET', '/metrics')).body;
  assert.match(text, /^countersign_maintenance_due\{task="close_idle"\} 7$/m);
  assert.match(text, /^countersign_maintenance_overdue_seconds\{task="close_idle"\} 86400\.007$/m);
  assert.match(text, /^countersign_maintenance_overdue_seconds\{task="delete_texts"\} 0$/m);
});
