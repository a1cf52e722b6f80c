import assert from 'node:assert/strict';
import { test } from 'node:test';
import { serve } from './support/served.ts';

test('the doctor looks at the store and the workers, and tells operators only', async (t) => {
  const { call, gateway } = await serve(t);
  gateway.state = 'no_worker';
  const { status, body } = await call('operator', 'GET', '/v1/doctor');
  assert.equal(status, 200);
  const checks = [
    { name: 'store', kind: 'ok', text: 'it answers' },
    { name: 'workers', kind: 'problem', text: 'no worker polls' },
  ];
  assert.deepEqual(body, { checks });
  assert.equal((await call('customer', 'GET', '/v1/doctor')).status, 403);
  assert.equal((await call('nobody', 'GET', '/v1/doctor')).status, 401);
});

test('what a role noticed about itself is a warning of the doctor', async (t) => {
  const { call, store } = await serve(t);
  await store.notices.replace('actor', ['the login is too wide'], 1);
  const { body } = await call('operator', 'GET', '/v1/doctor');
  const { checks } = body as { checks: readonly object[] };
  assert.deepEqual(checks.at(-1), { name: 'actor', kind: 'warning', text: 'the login is too wide' });
});
