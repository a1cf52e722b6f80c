// What maintenance has to do, as the API tells operators.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { problem } from './support/answers.ts';
import { NOW_MS, serve } from './support/served.ts';

test('maintenance tells by task how much is due, since when, and some of it; to operators of the house alone', async (t) => {
  const { call, store } = await serve(t);
  const due = Array.from({ length: 7 }, (_, nth) => ({ id: `c-${nth}`, dueMs: NOW_MS - 7 + nth }));
  store.put({
    due: [
      { task: 'close_idle', what: 'closes', due, isCut: true },
      { task: 'delete_texts', what: 'deletes', due: [], isCut: false },
    ],
  });
  const { status, body } = await call('operator', 'GET', '/v1/maintenance');
  assert.equal(status, 200);
  const ids = ['c-0', 'c-1', 'c-2', 'c-3', 'c-4'];
  assert.deepEqual(body, {
    nowMs: NOW_MS,
    tasks: [
      { task: 'close_idle', what: 'closes', count: 7, isCut: true, oldestDueMs: NOW_MS - 7, ids },
      { task: 'delete_texts', what: 'deletes', count: 0, isCut: false, oldestDueMs: null, ids: [] },
    ],
  });
  assert.equal(problem(await call('customer', 'GET', '/v1/maintenance')), '403 missing_scope');
  assert.equal(problem(await call('operator@other', 'GET', '/v1/maintenance')), '403 ledger_refused');
});
