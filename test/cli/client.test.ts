import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import v8 from 'node:v8';
import vm from 'node:vm';
import { z } from 'zod';
import { createClient } from '../../cli/client.ts';
import { Refused, Unreachable } from '../../cli/failure.ts';
import { aProblem, anApi, streamTo } from './support.ts';

const Thing = z.object({ name: z.string() });
const clientOf = (url: string) => createClient({ url, key: 'cs_mine', whenSilent: 'Start it.' });
const answered = { body: { name: 'ok' } };

test('a refusal is the sentence of the server, and nothing of it is tried again', async (t) => {
  const api = await anApi(t, { 'POST /x': () => aProblem('approval_settled', 409, 'Too late: it is already denied.') });
  await assert.rejects(clientOf(api.url).post('/x', {}, Thing, { countsOnce: true }), (error: unknown) => {
    assert.ok(error instanceof Refused);
    assert.deepEqual(
      [error.message, error.type, error.status],
      ['Too late: it is already denied.', 'approval_settled', 409],
    );
    return true;
  });
  assert.equal(api.asked.length, 1);
});

test('an id that is empty is told before anything is asked', async (t) => {
  const api = await anApi(t, {});
  await assert.rejects(clientOf(api.url).get('/v1/actions//why', Thing), /an id is empty; give the whole id/);
  assert.equal(api.asked.length, 0);
});

test('what names itself is sent again after an outage, the same each time, and at most three times', async (t) => {
  const outage = aProblem('unavailable', 503, 'Not now.', { 'retry-after': '0' });
  let outages = 2;
  const api = await anApi(t, { 'POST /x': () => (outages-- > 0 ? outage : answered) });
  const post = (countsOnce: boolean) =>
    clientOf(api.url).post('/x', { a: 1 }, Thing, { countsOnce, headers: { 'idempotency-key': 'k' } });
  assert.deepEqual(await post(true), { name: 'ok' });
  assert.deepEqual(
    api.asked.map(({ headers, body }) => [headers['idempotency-key'], body]),
    [1, 2, 3].map(() => ['k', { a: 1 }]),
  );
  outages = 3;
  await assert.rejects(post(true), /Not now\./);
  outages = 1;
  await assert.rejects(post(false), /Not now\./);
  assert.equal(api.asked.length, 7);
});

test('no answer, a foreign answer and an answer of another shape are each one sentence', async (t) => {
  const api = await anApi(t, {
    'GET /page': () => ({ status: 502, body: '<html>Bad gateway</html>' }),
    'GET /shape': () => ({ body: { name: 7 } }),
    'GET /ours': () => aProblem('internal', 500, 'This is our fault.'),
  });
  const get = (path: string) => clientOf(api.url).get(path, Thing);
  await assert.rejects(get('/page'), /answers 502 without saying why; is it the API of Countersign\?/);
  await assert.rejects(
    get('/shape'),
    /answers what this client does not understand \(name: .*\); are both of one version\?/,
  );
  await assert.rejects(get('/ours'), /This is our fault\. \(request request-1\)/);
  await assert.rejects(clientOf('http://127.0.0.1:9').get('/', Thing), (error: unknown) => {
    assert.ok(error instanceof Unreachable);
    assert.equal(error.message, 'The API at http://127.0.0.1:9 does not answer (ECONNREFUSED). Start it.');
    return true;
  });
});

test('a key goes to the address it was meant for, and after no redirect', async (t) => {
  const elsewhere = await anApi(t, { 'GET /x': () => answered });
  const api = await anApi(t, {
    'GET /x': () => ({ status: 307, headers: { location: `${elsewhere.url}/x` }, body: '' }),
  });
  await assert.rejects(clientOf(api.url).get('/x', Thing), /answers 307/);
  assert.equal(api.asked[0]?.headers.authorization, 'Bearer cs_mine');
  assert.deepEqual(elsewhere.asked, []);
});

test('a stream that breaks goes on after the last event, and a break is told once', async (t) => {
  const leaving = new AbortController();
  let connections = 0;
  const api = await anApi(t, {
    'GET /events': (_asked, response) => {
      connections++;
      if (connections === 2 || connections === 3) return void response.destroy();
      streamTo(response, connections === 1 ? [{ n: 1 }, { n: 2 }] : [{ n: 3 }]);
      if (connections === 1) setTimeout(() => response.destroy(), 50);
      return undefined;
    },
  });
  const breaks: string[] = [];
  const seen: string[] = [];
  for await (const event of clientOf(api.url).events('/events', {
    signal: leaving.signal,
    onBreak: (one) => breaks.push(one),
  })) {
    seen.push(event.data);
    if (seen.length === 3) leaving.abort();
  }
  assert.deepEqual(seen, ['{"n":1}', '{"n":2}', '{"n":3}']);
  assert.deepEqual(
    api.asked.map(({ headers }) => headers['last-event-id']),
    [undefined, '2', '2', '2'],
  );
  assert.equal(breaks.length, 1);
});

test('a stream that is refused for good ends with the reason', async (t) => {
  const api = await anApi(t, { 'GET /events': () => aProblem('conversation_closed', 410, 'It has ended for good.') });
  const { signal } = new AbortController();
  const events = clientOf(api.url).events('/events', { signal, onBreak: assert.fail });
  await assert.rejects(events.next(), /It has ended for good\./);
});

test('a stream and a request end with their signal, whatever was collected as garbage meanwhile', async (t) => {
  v8.setFlagsFromString('--expose-gc');
  const collectGarbage = vm.runInNewContext('gc') as () => void;
  const open: ServerResponse[] = [];
  const api = await anApi(t, {
    'GET /events': (_asked, response) => void streamTo(response, [{ n: 1 }]),
    'POST /slow': (_asked, response) => void open.push(response),
  });
  const leaving = new AbortController();
  const client = clientOf(api.url);
  const events = client.events('/events', { signal: leaving.signal, onBreak: assert.fail });
  await events.next();
  const ended = events.next();
  const posted = assert.rejects(client.post('/slow', {}, Thing, { signal: leaving.signal }));
  while (open.length === 0) await nextTurn();
  for (let round = 0; round < 20; round++) {
    collectGarbage();
    await nextTurn();
  }
  leaving.abort();
  assert.equal((await ended).done, true);
  await posted;
});
