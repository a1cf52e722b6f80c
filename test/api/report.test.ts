import assert from 'node:assert/strict';
import { test } from 'node:test';
import { problem } from './support/answers.ts';
import { NOW_MS, serve } from './support/served.ts';

const DAY_MS = 86_400_000;

test('a report is of one owner and one period, by default the last 30 days', async (t) => {
  const { call } = await serve(t);
  const { status, body } = await call('operator', 'GET', '/v1/report?owner=operator');
  assert.deepEqual([status, body['fromMs'], body['toMs']], [200, NOW_MS - 30 * DAY_MS, NOW_MS]);
  const november = await call('auditor', 'GET', '/v1/report?owner=operator&from=2026-11-01&to=2026-12-01');
  const { fromMs, toMs } = november.body as unknown as { fromMs: number; toMs: number };
  assert.equal(toMs - fromMs, 30 * DAY_MS);
  assert.equal(new Date(fromMs).toISOString(), '2026-11-01T00:00:00.000Z');
});

test('who asks for nobody, for no period, or of another tenant is told so', async (t) => {
  const { call } = await serve(t);
  const ask = async (who: 'operator' | 'operator@other' | 'customer', query: string) =>
    problem(await call(who, 'GET', `/v1/report?${query}`));
  assert.equal(await ask('operator', 'owner=nobody'), '404 not_found');
  assert.equal(await ask('operator', 'from=2026-11-01'), '400 bad_request');
  assert.equal(await ask('operator', 'owner=operator&from=yesterday'), '400 bad_request');
  assert.equal(await ask('operator', 'owner=operator&from=2026-12-01&to=2026-11-01'), '400 bad_request');
  assert.equal(await ask('operator@other', 'owner=operator'), '403 ledger_refused');
  assert.equal(await ask('customer', 'owner=operator'), '403 missing_scope');
});
