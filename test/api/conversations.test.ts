import assert from 'node:assert/strict';
import { test } from 'node:test';
import { problem } from './support/answers.ts';
import { serve } from './support/served.ts';

test('a conversation is on record and its Workflow started before the caller gets its URL', async (t) => {
  const { call, store, gateway } = await serve(t);
  const { status, headers, body } = await call('customer', 'POST', '/v1/conversations', {
    agent: 'support-desk',
    id: 'c1',
  });
  assert.equal(status, 201);
  assert.equal(headers.get('location'), '/v1/conversations/c1');
  assert.equal(body.url, '/v1/conversations/c1');
  assert.equal((await store.conversations.get('c1'))?.owner, 'operator');
  assert.equal(gateway.conversations.has('c1'), true);
});

test('the same id or the same Idempotency-Key opens one conversation', async (t) => {
  const { call, store } = await serve(t);
  const again = () => call('customer', 'POST', '/v1/conversations', { agent: 'support-desk', id: 'c1' });
  assert.deepEqual([(await again()).status, (await again()).status], [201, 200]);
  const keyed = (who: 'customer' | 'stranger') =>
    call(who, 'POST', '/v1/conversations', { agent: 'support-desk' }, { 'idempotency-key': 'k1' });
  const [first, second, other] = [await keyed('customer'), await keyed('customer'), await keyed('stranger')];
  assert.equal(first.body.id, second.body.id);
  assert.notEqual(first.body.id, other.body.id, 'a key is its sender’s own');
  assert.equal(store.entries.filter((one) => one.fact.kind === 'conversation_opened').length, 3);
});

test("an id that is another's is refused, and nothing changes", async (t) => {
  const { call, open, store } = await serve(t);
  await open('c1');
  const answer = await call('stranger', 'POST', '/v1/conversations', { agent: 'support-desk', id: 'c1' });
  assert.equal(problem(answer), '409 conversation_exists');
  assert.equal((await store.conversations.get('c1'))?.principal.id, 'customer');
});

test('a conversation whose Workflow a crash kept from starting is started by the next opening', async (t) => {
  const { call, gateway } = await serve(t);
  gateway.state = 'down';
  const lost = await call('customer', 'POST', '/v1/conversations', { agent: 'support-desk', id: 'c1' });
  assert.equal(problem(lost), '503 unavailable');
  assert.ok(Number(lost.headers.get('retry-after')) > 0);
  gateway.state = 'up';
  assert.equal((await call('customer', 'POST', '/v1/conversations', { agent: 'support-desk', id: 'c1' })).status, 200);
  assert.equal(gateway.conversations.has('c1'), true);
});

test('an unknown agent is refused by name, with those that there are', async (t) => {
  const { call, store } = await serve(t);
  const answer = await call('customer', 'POST', '/v1/conversations', { agent: 'sales' });
  assert.equal(problem(answer), '400 unknown_agent');
  assert.match(answer.body.detail, /support-desk/);
  assert.equal(store.entries.length, 0);
});

test('who neither opened a conversation, nor is of its team, nor operates, learns nothing of it', async (t) => {
  const { call, open, gateway } = await serve(t);
  await open('c1');
  for (const [method, path, body] of [
    ['GET', '/v1/conversations/c1', undefined],
    ['GET', '/v1/conversations/c1/events', undefined],
    ['GET', '/v1/conversations/c1/messages/m-1', undefined],
    ['POST', '/v1/conversations/c1/messages', { text: 'hello' }],
    ['DELETE', '/v1/conversations/c1', undefined],
  ] as const) {
    const known = await call('stranger', method, path, body);
    const unknown = await call('stranger', method, path.replace('c1', 'c2'), body);
    assert.equal(problem(known), '404 not_found');
    assert.equal(known.body.detail.replace('c1', 'c2'), unknown.body.detail, 'the two cannot be told apart');
  }
  assert.equal((await call('operator', 'GET', '/v1/conversations/c1')).status, 200);
  assert.equal(gateway.taken.length, 0);
});

test('the list shows the caller’s own conversations by pages; staff see those of their agents', async (t) => {
  const { call, open } = await serve(t);
  for (const id of ['a', 'b', 'c']) await open(id);
  const first = await call('customer', 'GET', '/v1/conversations?limit=2');
  assert.deepEqual(
    first.body.rows.map((row) => row.id),
    ['c', 'b'],
  );
  const rest = await call('customer', 'GET', `/v1/conversations?limit=2&cursor=${first.body.next}`);
  assert.deepEqual([rest.body.rows.map((row) => row.id), rest.body.next], [['a'], '']);
  assert.deepEqual((await call('stranger', 'GET', '/v1/conversations')).body.rows, []);
  await call('stranger', 'POST', '/v1/conversations', { agent: 'support-desk', id: 'own' });
  const ofNone = await call('stranger', 'GET', '/v1/conversations?of=staff');
  assert.deepEqual(
    ofNone.body.rows.map((row) => row.id),
    ['own'],
    'staff of no agent see their own alone',
  );
  assert.equal((await call('operator', 'GET', '/v1/conversations?of=staff')).body.rows.length, 4);
});

test('the principal sees what was said; staff also see tool calls, and where Temporal shows them', async (t) => {
  const { call, open, store } = await serve(t);
  const id = await open();
  const from = { id: 'customer', name: 'customer', tenant: 'default' };
  const common = { conversationId: id, turn: 1 };
  await store.items.append([
    { key: 'message:m', ...common, trust: 'principal', body: { kind: 'message', text: 'where is 1042?', from } },
    { key: 'calls', ...common, trust: 'model', body: { kind: 'calls', text: '', calls: [], opaque: 'secret' } },
    {
      key: 'result',
      ...common,
      trust: 'record',
      body: { kind: 'tool_result', callId: 'x', tool: 'look_up', text: 'note: vip' },
    },
    { key: 'reply', ...common, trust: 'model', body: { kind: 'reply', text: 'on its way', by: 'model' } },
  ]);
  const own = await call('customer', 'GET', `/v1/conversations/${id}`);
  assert.deepEqual(
    own.body.items.map((item) => item.kind),
    ['message', 'reply'],
  );
  assert.equal(own.body.temporalUrl, undefined);
  const staff = await call('operator', 'GET', `/v1/conversations/${id}?limit=3`);
  assert.deepEqual(
    staff.body.items.map((item) => item.kind),
    ['message', 'calls', 'tool_result'],
  );
  assert.equal(staff.body.temporalUrl, `http://ui/namespaces/default/workflows/conversation%2F${id}`);
  assert.doesNotMatch(JSON.stringify(staff.body), /secret|salt/);
  const rest = await call('operator', 'GET', `/v1/conversations/${id}?limit=3&after=${staff.body.nextAfter}`);
  assert.deepEqual([rest.body.items.map((item) => item.kind), rest.body.nextAfter], [['reply'], null]);
});

test('without a worker the state comes from the store', async (t) => {
  const { call, open, gateway } = await serve(t);
  const id = await open();
  gateway.state = 'no_worker';
  const { status, body } = await call('customer', 'GET', `/v1/conversations/${id}`);
  assert.deepEqual([status, body.phase, body.live], [200, 'open', null]);
});

test('an ended conversation answers 410 everywhere, and its id is not used again', async (t) => {
  const { call, open, store, gateway } = await serve(t);
  await open('c1');
  assert.equal((await call('customer', 'DELETE', '/v1/conversations/c1')).status, 204);
  assert.deepEqual(store.entries.at(-1)?.fact, {
    kind: 'phase',
    phase: 'closed',
    by: 'customer',
    reason: 'ended over the API',
  });
  for (const [who, method, path, body] of [
    ['customer', 'GET', '/v1/conversations/c1', undefined],
    ['customer', 'GET', '/v1/conversations/c1/events', undefined],
    ['customer', 'GET', '/v1/conversations/c1/messages/m-1', undefined],
    ['customer', 'POST', '/v1/conversations/c1/messages', { text: 'hello' }],
    ['customer', 'DELETE', '/v1/conversations/c1', undefined],
    ['customer', 'POST', '/v1/conversations', { agent: 'support-desk', id: 'c1' }],
    ['operator', 'POST', '/v1/conversations/c1/pause', undefined],
    ['operator', 'POST', '/v1/conversations/c1/resume', undefined],
  ] as const) {
    assert.equal(problem(await call(who, method, path, body)), '410 conversation_closed', `${method} ${path}`);
  }
  assert.equal(gateway.taken.length, 0);
});

test('a Workflow ended in Temporal itself is found ended by the next message, and put on record', async (t) => {
  const { call, open, store, gateway } = await serve(t);
  await open('c1');
  gateway.ended.add('c1');
  assert.equal(
    problem(await call('customer', 'POST', '/v1/conversations/c1/messages', { text: 'hello' })),
    '410 conversation_closed',
  );
  assert.equal((await store.conversations.get('c1'))?.phase, 'closed');
  assert.equal(problem(await call('customer', 'GET', '/v1/conversations/c1')), '410 conversation_closed');
});

test('commands need the scope operate, and answer with the phase that holds now', async (t) => {
  const { call, open } = await serve(t);
  const id = await open();
  const command = async (name: string) => call('operator', 'POST', `/v1/conversations/${id}/${name}`);
  for (const [name, phase] of [
    ['pause', 'paused'],
    ['resume', 'open'],
    ['handover', 'handed_over'],
    ['handback', 'open'],
    ['handover', 'handed_over'],
    ['pause', 'paused'],
    ['resume', 'handed_over'],
    ['stop', 'stopped'],
    ['handback', 'stopped'],
    ['resume', 'open'],
  ] as const) {
    const { status, body } = await command(name);
    assert.deepEqual([status, body.phase], [200, phase]);
  }
  assert.equal(problem(await call('customer', 'POST', `/v1/conversations/${id}/resume`)), '403 missing_scope');
});

test('pause and stop get in by Signal when no worker answers; what opens something again does not', async (t) => {
  const { call, open, gateway } = await serve(t);
  const id = await open();
  gateway.state = 'no_worker';
  for (const name of ['pause', 'stop']) {
    const { status, body } = await call('operator', 'POST', `/v1/conversations/${id}/${name}`);
    assert.deepEqual([status, body.delivered], [202, 'signal']);
  }
  assert.deepEqual(gateway.signals, [`pause ${id}`, `stop ${id}`]);
  assert.equal(problem(await call('operator', 'POST', `/v1/conversations/${id}/resume`)), '503 unavailable');
});
