import assert from 'node:assert/strict';
import { test } from 'node:test';
import { anApi, aProblem, aRunningStart, at, run } from './support.ts';

const ROUTE = 'POST /v1/switches';
const REFUND = { scope: 'tool', name: 'refund', setBy: 'olga', reason: 'it pays twice', setMs: Date.now() };
const NOTHING = { cancelled: [], unreached: 0, isCut: false };

test('kill sends scope, name and reason under a key of its own, once more after an outage, and says what it cancelled', async (t) => {
  const outage = aProblem('unavailable', 503, 'Not now.', { 'retry-after': '0' });
  const waited = {
    id: 'c-1:1:0.0.0',
    conversationId: 'c-1',
    agent: 'support-desk',
    tool: 'refund',
    summary: 'pay\u001b 9',
  };
  let outages = 1;
  const api = await anApi(t, {
    [ROUTE]: () => (outages-- > 0 ? outage : { body: { ...NOTHING, switches: [REFUND], cancelled: [waited] } }),
  });
  const { code, output } = await run(t, ['kill', 'tool', 'refund', '--reason', 'it pays twice'], at(api.url));
  assert.equal(code, 0);
  assert.equal(
    output,
    'Stopped: the tool refund. Nothing of it acts from now on, until: npx countersign revive tool refund\n' +
      'cancelled c-1:1:0.0.0 pay<U+001B> 9\n',
  );
  const [first, again] = api.asked;
  assert.deepEqual(first?.body, { scope: 'tool', name: 'refund', action: 'kill', reason: 'it pays twice' });
  assert.match(String(first?.headers['idempotency-key']), /^[0-9a-f-]{36}$/);
  assert.deepEqual([again?.body, again?.headers['idempotency-key']], [first?.body, first?.headers['idempotency-key']]);
});

test('kill all takes no name, and what could not be told is said without failing', async (t) => {
  const all = { ...REFUND, scope: 'all', name: '' };
  const api = await anApi(t, {
    [ROUTE]: () => ({ body: { switches: [all], cancelled: [], unreached: 3, isCut: true } }),
  });
  const { code, output } = await run(t, ['kill', 'all', '--reason', 'stop'], at(api.url));
  assert.equal(code, 0);
  assert.match(output, /Stopped: everything\. .*revive all\n/);
  assert.match(output, /3 that wait could not be told in time; they are refused when they would act\./);
  assert.match(output, /Not all that waits could be looked through/);
  assert.deepEqual(api.asked[0]?.body, { scope: 'all', action: 'kill', reason: 'stop' });
});

test('a kill that somebody took back meanwhile is no success', async (t) => {
  const api = await anApi(t, { [ROUTE]: () => ({ body: { switches: [], ...NOTHING } }) });
  const { code, output } = await run(t, ['kill', 'agent', 'on-call', '--reason', 'stop'], at(api.url));
  assert.deepEqual([code, output], [1, 'Somebody has revived the agent on-call meanwhile.\n']);
});

test('a kill without a reason, or of a scope that is none, is not sent', async (t) => {
  const api = await anApi(t, {});
  const bare = await run(t, ['kill', 'all'], at(api.url));
  assert.deepEqual([bare.code, /required option '--reason <text>'/.test(bare.output)], [1, true]);
  const other = await run(t, ['kill', 'model', 'x', '--reason', 'y'], at(api.url));
  assert.deepEqual([other.code, /Allowed choices are all, tenant, agent, tool/.test(other.output)], [1, true]);
  assert.deepEqual(api.asked, []);
});

test('revive takes a switch back and says what is stopped still', async (t) => {
  const all = { ...REFUND, scope: 'all', name: '' };
  const api = await anApi(t, { [ROUTE]: () => ({ body: { switches: [all], ...NOTHING } }) });
  const { code, output } = await run(t, ['revive', 'tool', 'refund'], at(api.url));
  assert.deepEqual([code, output], [0, 'Revived: the tool refund.\nStill stopped: everything.\n']);
  assert.deepEqual(api.asked[0]?.body, { scope: 'tool', name: 'refund', action: 'revive' });
});

test('a refusal of the server is a failure in its own words', async (t) => {
  const detail = 'No agent has a tool "refunds"; there are: refund.';
  const api = await anApi(t, { [ROUTE]: () => aProblem('unknown_tool', 400, detail) });
  const { code, output } = await run(t, ['kill', 'tool', 'refunds', '--reason', 'x'], at(api.url));
  assert.deepEqual([code, output], [1, `${detail}\n`]);
});

test('switches lists what is stopped, since when, by whom and why, neutralised', async (t) => {
  const evil = { ...REFUND, scope: 'agent', name: 'x', reason: 'a\u001b[2J\nb' };
  let switches: object[] = [];
  const api = await anApi(t, { 'GET /v1/switches': () => ({ body: { switches } }) });
  const env = aRunningStart(t, api.url);
  assert.equal((await run(t, ['switches'], env)).output, 'Nothing is stopped.\n');
  switches = [REFUND, evil];
  const { code, output } = await run(t, ['switches'], env);
  assert.equal(code, 0);
  const [head, first, second] = output.split('\n').map((line) => line.split(/ {2,}/));
  assert.deepEqual(head, ['STOPPED', 'SINCE', 'BY', 'WHY']);
  assert.deepEqual([first?.[0], ...(first?.slice(2) ?? [])], ['the tool refund', 'olga', 'it pays twice']);
  assert.deepEqual([second?.[0], second?.at(-1)], ['the agent x', 'a<U+001B>[2J b']);
  assert.ok(
    api.asked.every(({ headers }) => headers.authorization === 'Bearer cs_finn'),
    'as who operates',
  );
});
