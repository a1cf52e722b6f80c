import assert from 'node:assert/strict';
import { test } from 'node:test';
import { anApi, at, run } from './support.ts';

const fact = {
  ...{ id: 'fact-1', agent: 'support-desk', subject: 'cus\u001b[31m_ada', kind: 'contact', key: '' },
  ...{ value: { by: 'heron\u202e' }, standing: 'in_force', trust: 'principal', owner: 'olga', isStale: true },
  source: { conversationId: 'c', actionId: 'c:1:0', items: [] },
  ...{ fromMs: 0, untilMs: Date.parse('2026-12-01T00:00:00Z') },
};
const was = { ...fact, id: 'fact-2', standing: 'was' };

test('what is remembered is a table, plain to the eye: whose, from where and until when; nothing is a sentence', async (t) => {
  const api = await anApi(t, { 'GET /v1/facts': () => ({ body: JSON.stringify({ rows: [fact, was], next: '' }) }) });
  const { code, output } = await run(t, ['facts'], at(api.url));
  assert.equal(code, 0, output);
  const [head, one, other] = output.split('\n');
  assert.match(head ?? '', /^FACT +AGENT +OF +KIND +VALUE +FROM +UNTIL$/);
  assert.match(
    one ?? '',
    /^fact-1 +support-desk +cus<U\+001B>\[31m_ada +contact +\{"by":"heron<U\+202E>"\} +principal +2026-12-01 00:00 UTC, to be read again$/,
  );
  assert.match(other ?? '', /was true until 2026-12-01 00:00 UTC$/);
  const none = await anApi(t, { 'GET /v1/facts': () => ({ body: JSON.stringify({ rows: [], next: '' }) }) });
  assert.match((await run(t, ['facts'], at(none.url))).output, /^Nothing is remembered\.\n/);
});

test('forget says how much there was', async (t) => {
  const api = await anApi(t, { 'POST /v1/facts/forget': () => ({ body: JSON.stringify({ forgotten: 2 }) }) });
  assert.match((await run(t, ['forget', 'ada'], at(api.url))).output, /^Forgotten: 2\.\n/);
});
