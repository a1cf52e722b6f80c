import assert from 'node:assert/strict';
import { test } from 'node:test';
import express from 'express';
import { allowTemporalUi } from '../../api/payloads.ts';
import { problem } from './support/answers.ts';
import { serve } from './support/served.ts';

test('pages of the Temporal UI may read the answers of the codec server, and no others', async (t) => {
  const app = express();
  app.use('/decode', allowTemporalUi('http://ui.example'), (_req, res) => void res.send('answer'));
  const server = app.listen(0, '127.0.0.1');
  t.after(() => server.close());
  await new Promise((resume) => server.once('listening', resume));
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  const from = async (origin: string, method: string) => {
    const response = await fetch(`http://127.0.0.1:${address.port}/decode`, { method, headers: { origin } });
    return [response.status, response.headers.get('access-control-allow-origin')];
  };
  assert.deepEqual(await from('http://ui.example', 'OPTIONS'), [204, 'http://ui.example']);
  assert.deepEqual(await from('http://ui.example', 'POST'), [200, 'http://ui.example']);
  assert.deepEqual(await from('http://other.example', 'POST'), [200, null]);
});

test('only a key of its own scope reads payloads, or erases', async (t) => {
  const { call } = await serve(t);
  for (const who of ['operator', 'auditor', 'approver', 'customer'] as const) {
    const read = await call(who, 'POST', '/v1/codec/decode', { payloads: [] });
    const erased = await call(who, 'POST', '/v1/erasures', { subject: 'customer' });
    assert.deepEqual([problem(read), problem(erased)], ['403 missing_scope', '403 missing_scope'], who);
  }
});
