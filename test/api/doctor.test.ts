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
