import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hashOfApiKey, newApiKey } from '../../api/keys.ts';
import { StoreUnavailable } from '../../store/unavailable.ts';
import { problem } from './support/answers.ts';
import { serve } from './support/served.ts';

test('no key, a malformed, an unknown and a revoked key are 401 with what to send', async (t) => {
  const { server, keys, store } = await serve(t);
  const list = async (authorization?: string) => {
    const response = await fetch(
      `${server.url}/v1/conversations`,
      authorization === undefined ? {} : { headers: { authorization } },
    );
    assert.match(response.headers.get('www-authenticate') ?? '', /^Bearer/);
    return problem({ status: response.status, headers: response.headers, body: (await response.json()) as never });
  };
  const id = keys.customer.split('_')[1] ?? '';
  await store.apiKeys.revoke(id, 0);
  for (const header of [
    undefined,
    'Bearer',
    'Basic abc',
    'Bearer cs_x',
    `Bearer ${newApiKey().text}`,
    `Bearer ${keys.customer}`,
  ]) {
    assert.equal(await list(header), '401 unauthenticated', header);
  }
});

test('the store knows a key by its hash alone, and a guess of another form costs no look-up', () => {
  const { id, text, hash } = newApiKey();
  assert.match(text, new RegExp(`^cs_${id}_[A-Za-z0-9_-]{43}$`));
  assert.equal(hashOfApiKey(text), hash);
  assert.equal(hashOfApiKey(`${text} `), undefined);
  assert.notEqual(newApiKey().text, text);
});

test('a key without the scope is 403 and names the scope', async (t) => {
  const { call, open } = await serve(t);
  const id = await open();
  const answer = await call('approver', 'POST', `/v1/conversations/${id}/messages`, { text: 'hello' });
  assert.equal(problem(answer), '403 missing_scope');
  assert.match(answer.body.detail, /conversations:write/);
});

test('the caller is the key’s principal, whatever a body says', async (t) => {
  const { call, store } = await serve(t);
  const answer = await call('customer', 'POST', '/v1/conversations', {
    agent: 'support-desk',
    principal: { id: 'operator' },
  });
  assert.equal(problem(answer), '400 bad_request');
  assert.equal(store.entries.length, 0);
});

test('a wrong body, path, method or media type is the right 4xx with what to do', async (t) => {
  const { call, open } = await serve(t);
  const id = await open();
  const messages = `/v1/conversations/${id}/messages`;
  for (const [method, path, body, headers, expected] of [
    ['POST', messages, '{"text": ', {}, '400 bad_request'],
    ['POST', messages, '"just text"', {}, '400 bad_request'],
    ['POST', messages, '{"text":"a","more":1}', {}, '400 bad_request'],
    ['POST', messages, undefined, {}, '415 unsupported_media_type'],
    [
      'POST',
      messages,
      'text=hello',
      { 'content-type': 'application/x-www-form-urlencoded' },
      '415 unsupported_media_type',
    ],
    ['POST', `${messages}?wait=forever`, { text: 'a' }, {}, '400 bad_request'],
    ['GET', '/v1/conversations?limit=1000', undefined, {}, '400 bad_request'],
    ['GET', '/v1/conversations?cursor=of-another-list', undefined, {}, '400 bad_request'],
    ['GET', '/v1/conversations?limit=1&limit=2', undefined, {}, '400 bad_request'],
    ['GET', '/v1/conversations/not%20an%20id', undefined, {}, '404 not_found'],
    ['GET', '/v1/conversations/%E0%A4%A', undefined, {}, '400 bad_request'],
    ['GET', '/v1/nothing', undefined, {}, '404 not_found'],
    ['GET', `/v1/conversations/${id}/events`, undefined, { 'last-event-id': 'x' }, '400 bad_request'],
  ] as const) {
    assert.equal(problem(await call('customer', method, path, body, headers)), expected, `${method} ${path}`);
  }
  const put = await call('customer', 'PUT', `/v1/conversations/${id}`, {});
  assert.equal(problem(put), '405 method_not_allowed');
  assert.equal(put.headers.get('allow'), 'GET, DELETE');
});

test('what is not there is a page to a browser that follows a link, and a problem to everybody else', async (t) => {
  const { call, server } = await serve(t);
  const browser = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' };
  const answered = async (method: string, headers: Record<string, string>) => {
    const response = await fetch(`${server.url}/v1/nothing`, { method, headers });
    return [response.status, response.headers.get('content-type')?.split(';')[0], await response.text()] as const;
  };
  const [status, type, text] = await answered('GET', browser);
  const { body } = await call('customer', 'GET', '/v1/nothing');
  assert.deepEqual([status, type], [404, 'text/html']);
  assert.ok(text.includes(String(body.title)) && text.includes('There is no GET /v1/nothing'), text);
  const asProblem = [404, 'application/problem+json'];
  for (const accept of ['*/*', 'application/json', 'application/problem+json', 'text/plain']) {
    assert.deepEqual((await answered('GET', { accept })).slice(0, 2), asProblem, accept);
  }
  assert.deepEqual((await answered('POST', browser)).slice(0, 2), asProblem);
});

test('a body is a JSON object, and whatever else it is, the answer says so', async (t) => {
  const { call, open } = await serve(t);
  const messages = `/v1/conversations/${await open()}/messages`;
  for (const body of ['null', '1', '"x"', '[]']) {
    const answer = await call('customer', 'POST', messages, body);
    assert.equal(problem(answer), '400 bad_request', body);
    assert.match(answer.body.detail, /must be a JSON object/, body);
  }
  assert.match((await call('customer', 'POST', messages, '{"text":')).body.detail, /is not JSON/);
});

test('bytes that are no UTF-8 are refused, never stored as other words', async (t) => {
  const { server, open, keys, gateway } = await serve(t);
  const url = `${server.url}/v1/conversations/${await open()}/messages`;
  const post = (bytes: number[], charset = '') =>
    fetch(url, {
      method: 'POST',
      headers: { authorization: `Bearer ${keys.customer}`, 'content-type': `application/json${charset}` },
      body: Buffer.from([...Buffer.from('{"text":"caf'), ...bytes, ...Buffer.from('"}')]),
    });
  const wrong = await post([0xff, 0xfe]);
  assert.equal(wrong.status, 400);
  assert.match(((await wrong.json()) as { detail: string }).detail, /not valid UTF-8/);
  assert.equal((await post([0xe9], '; charset=utf-16le')).status, 415);
  assert.equal(gateway.taken.length, 0);
  assert.equal((await post([0xc3, 0xa9], '; charset=UTF-8')).status, 202);
});

test('the longest message fits, however its JSON writes it; a longer body is 413', async (t) => {
  const { call, open } = await serve(t);
  const messages = `/v1/conversations/${await open()}/messages`;
  const escaped = `{"text":"${'\\u00e9'.repeat(16_000)}"}`;
  assert.equal((await call('customer', 'POST', messages, escaped)).status, 202);
  const emoji = `{"text":"${'\\ud83d\\ude42'.repeat(16_000)}"}`;
  assert.equal((await call('customer', 'POST', messages, emoji)).status, 202);
  const larger = await call('customer', 'POST', messages, { text: 'x'.repeat(200_000) });
  assert.equal(problem(larger), '413 too_large');
  assert.match(larger.body.detail, /larger than 188 KB/);
});

test('with the store down every call is 503 with Retry-After, and nothing reaches Temporal', async (t) => {
  const { call, open, store, gateway } = await serve(t);
  const id = await open();
  store.fail(new StoreUnavailable('ECONNREFUSED'));
  for (const [method, path, body] of [
    ['GET', '/v1/conversations', undefined],
    ['POST', `/v1/conversations/${id}/messages`, { text: 'hello' }],
    ['POST', '/v1/conversations', { agent: 'support-desk' }],
  ] as const) {
    const answer = await call('customer', method, path, body);
    assert.equal(problem(answer), '503 unavailable');
    assert.ok(Number(answer.headers.get('retry-after')) > 0);
  }
  assert.equal(gateway.taken.length, 0);
});

test('an unforeseen error is 500 without its inside, which is in the log under the request’s id', async (t) => {
  const { call, store, logged } = await serve(t);
  store.fail(new TypeError('cannot read secret-password of undefined'));
  const answer = await call('customer', 'GET', '/v1/conversations', undefined, { 'x-request-id': 'request-1234' });
  assert.equal(problem(answer), '500 internal');
  assert.doesNotMatch(JSON.stringify(answer.body), /secret-password/);
  assert.equal(answer.body.requestId, 'request-1234');
  const line = logged.find((one) => one.includes('secret-password'));
  assert.match(line ?? '', /"requestId":"request-1234"/);
});

test('a log line has method, path, status and key id, and neither body nor key nor query', async (t) => {
  const { call, open, logged, keys } = await serve(t);
  const id = await open();
  await call('customer', 'POST', `/v1/conversations/${id}/messages?x=in-query`, { text: 'in-body' });
  const all = logged.join('');
  assert.doesNotMatch(all, /in-body|in-query/);
  for (const key of Object.values(keys)) assert.equal(all.includes(key), false);
  assert.match(
    all,
    new RegExp(`"path":"/v1/conversations/${id}/messages","status":202,"ms":\\d+,"keyId":"[0-9a-f]{12}"`),
  );
});

test('too many requests of one key are 429 for that key alone', async (t) => {
  const { call } = await serve(t, { requestsPerKeyPerMinute: 3 });
  for (let n = 1; n <= 3; n++) assert.equal((await call('customer', 'GET', '/v1/conversations')).status, 200);
  const answer = await call('customer', 'GET', '/v1/conversations');
  assert.equal(problem(answer), '429 too_many_requests');
  assert.ok(Number(answer.headers.get('retry-after')) > 0);
  assert.ok(answer.headers.get('ratelimit'), 'draft-8 headers');
  assert.equal((await call('stranger', 'GET', '/v1/conversations')).status, 200);
});

test('guessing keys is bounded per address, before any look-up', async (t) => {
  const { call, server, store } = await serve(t, { requestsPerAddressPerMinute: 2 });
  const guess = () =>
    fetch(`${server.url}/v1/conversations`, { headers: { authorization: `Bearer ${newApiKey().text}` } });
  assert.deepEqual([(await guess()).status, (await guess()).status], [401, 401]);
  store.fail(new Error('looked up all the same'));
  assert.equal((await guess()).status, 429);
  assert.equal((await call('nobody', 'GET', '/healthz')).status, 200, 'probes are not counted');
});

test('readiness says what is missing, in sentences', async (t) => {
  const { call, gateway } = await serve(t);
  assert.deepEqual((await call('nobody', 'GET', '/readyz')).body, { ready: true, missing: [] });
  const other = await serve(t);
  other.gateway.state = 'down';
  other.store.fail(new Error('gone'));
  const { status, body } = await other.call('nobody', 'GET', '/readyz');
  assert.equal(status, 503);
  assert.deepEqual(
    body.missing.map((one) => /^(the store|Temporal) does not answer/.test(one)),
    [true, true],
  );
  assert.equal(gateway.state, 'up');
});

test('metrics show what waits, what is unknown, what is stuck, and how HTTP goes', async (t) => {
  const { call, ask, store } = await serve(t);
  await ask();
  store.put({ counts: { unknown: 3, claimed: 1 } });
  const refund = { scope: 'tool', name: 'refund', setBy: 'operator', reason: 'why', setMs: 1 } as const;
  await store.switches.set({ id: 's', isThrown: true, switch: refund });
  const { text } = (await call('nobody', 'GET', '/metrics')).body;
  for (const line of [
    'countersign_approvals_open 1',
    'countersign_approvals_oldest_age_seconds 60',
    'countersign_actions{outcome="unknown"} 3',
    'countersign_actions{outcome="claimed"} 1',
    'countersign_conversations{phase="open"} 1',
    'countersign_batches_waiting 1',
    'countersign_workflows_stuck 2',
    'countersign_switches_thrown{scope="tool"} 1',
    'countersign_switches_thrown{scope="all"} 0',
    'countersign_up{part="store"} 1',
    'countersign_http_request_duration_seconds_count{method="POST",route="/v1/conversations",status="201"} 1',
  ]) {
    assert.ok(text.split('\n').includes(line), line);
  }
});

test('a part that is down says so in the metrics, instead of an old or a false number', async (t) => {
  const { call, store, gateway } = await serve(t);
  store.fail(new Error('gone'));
  gateway.state = 'down';
  const { text } = (await call('nobody', 'GET', '/metrics')).body;
  assert.match(text, /^countersign_up\{part="store"\} 0$/m);
  assert.match(text, /^countersign_up\{part="temporal"\} 0$/m);
  assert.doesNotMatch(text, /approvals_open|batches_waiting/);
});

test('the OpenAPI document lists every route with its scope, and is valid where it matters', async (t) => {
  const { call } = await serve(t);
  const { status, body } = await call('nobody', 'GET', '/openapi.json');
  assert.equal(status, 200);
  const document = body as unknown as {
    openapi: string;
    paths: Record<string, Record<string, { operationId: string; security: object[] }>>;
  };
  assert.match(document.openapi, /^3\.1\./);
  const operations = Object.values(document.paths).flatMap((path) => Object.values(path));
  assert.equal(operations.length, 42);
  assert.equal(new Set(operations.map((one) => one.operationId)).size, 42, 'each has an id of its own');
  const open = operations.filter((one) => one.security.length === 0).map((one) => one.operationId);
  assert.deepEqual(open.sort(), ['health', 'metrics', 'openapi', 'readiness', 'receiveWebhook']);
});

test('answers are not kept by caches and carry the headers that browsers need', async (t) => {
  const { call } = await serve(t);
  const { headers } = await call('customer', 'GET', '/v1/conversations');
  assert.equal(headers.get('cache-control'), 'no-store');
  assert.equal(headers.get('x-content-type-options'), 'nosniff');
  assert.equal(headers.get('x-powered-by'), null);
});
