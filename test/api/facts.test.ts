// What agents remember, as the API tells and forgets it: one's own; as an operator, the tenant's; nobody else's.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RememberedFact } from '../../domain/memory.ts';
import { problem } from './support/answers.ts';
import { NOW_MS, serve } from './support/served.ts';

const DAY_MS = 86_400_000;
const aFact = (id: string, subject: string, more: Partial<RememberedFact> = {}): RememberedFact => ({
  ...{ id, tenant: 'default', agent: 'support-desk', subject, kind: 'contact', key: '', value: `words of ${id}` },
  ...{ digest: 'd', trust: 'principal', owner: 'olga', historyMs: 0, ended: null },
  source: { conversationId: 'c', actionId: `c:1:${id.length}`, items: [{ id: 'i', digest: 'e' }] },
  ...{ fromMs: NOW_MS - DAY_MS, expiresMs: NOW_MS + DAY_MS, freshUntilMs: NOW_MS + 1 },
  ...more,
});

const FACTS = [
  aFact('f-ada', 'customer'),
  aFact('f-over', 'customer', { expiresMs: NOW_MS }),
  aFact('f-was', 'customer', { expiresMs: NOW_MS, historyMs: DAY_MS, freshUntilMs: NOW_MS }),
  aFact('f-other', 'somebody'),
  aFact('f-house', 'customer', { tenant: 'acme' }),
];
type Rows = { rows: { id: string; standing: string; isStale: boolean; value: unknown; untilMs: number }[] };
const idsIn = (body: unknown) => (body as Rows).rows.map(({ id }) => id);

test('everybody sees what is remembered of themselves, while it holds or is shown as what was true; an operator the tenant’s', async (t) => {
  const { call, store } = await serve(t);
  store.put({ facts: FACTS });
  const own = await call('customer', 'GET', '/v1/facts');
  assert.equal(own.status, 200);
  assert.deepEqual(idsIn(own.body), ['f-ada', 'f-was']);
  const [fact, was] = (own.body as unknown as Rows).rows;
  assert.deepEqual([fact?.standing, fact?.isStale, fact?.value], ['in_force', false, 'words of f-ada']);
  assert.deepEqual([was?.standing, was?.isStale, was?.untilMs], ['was', true, NOW_MS]);
  assert.deepEqual(idsIn((await call('operator', 'GET', '/v1/facts')).body), ['f-ada', 'f-was', 'f-other']);
  assert.deepEqual(idsIn((await call('operator', 'GET', '/v1/facts?subject=somebody')).body), ['f-other']);
  assert.equal(problem(await call('customer', 'GET', '/v1/facts?subject=somebody')), '404 not_found');
});

test('one forgets one’s own, one by one or all; another’s is not there to forget, and a tenant ends at its border', async (t) => {
  const { call, store } = await serve(t);
  store.put({ facts: FACTS });
  for (const id of ['f-other', 'f-house', 'f-none']) {
    assert.equal(problem(await call('customer', 'DELETE', `/v1/facts/${id}`)), '404 not_found');
  }
  assert.equal((await call('customer', 'DELETE', '/v1/facts/f-ada')).status, 204);
  assert.equal(problem(await call('customer', 'DELETE', '/v1/facts/f-ada')), '404 not_found', 'it is gone');
  assert.deepEqual(idsIn((await call('customer', 'GET', '/v1/facts')).body), ['f-was']);
  const others = { subject: 'somebody' };
  assert.equal(problem(await call('customer', 'POST', '/v1/facts/forget', others)), '404 not_found');
  const forgotten = await call('operator', 'POST', '/v1/facts/forget', others);
  assert.deepEqual([forgotten.status, forgotten.body], [200, { forgotten: 1 }]);
  assert.equal(problem(await call('customer', 'POST', '/v1/facts/forget', {})), '400 bad_request');
});
