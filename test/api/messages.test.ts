import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { messageKey } from '../../domain/ids.ts';
import type { Served } from './support/served.ts';
import { problem } from './support/answers.ts';
import { serve } from './support/served.ts';

/** What a turn does once it takes a message: the message, and at once or later its reply. */
function transcript({ store, gateway }: Served) {
  let turn = 0;
  const append = (
    conversationId: string,
    key: string,
    of: number,
    body: { kind: 'reply' | 'message'; text: string },
  ) => {
    const from = { id: 'customer', name: 'customer', tenant: 'default' };
    const full =
      body.kind === 'reply'
        ? ({ ...body, kind: 'reply', by: 'model' } as const)
        : ({ ...body, kind: 'message', from } as const);
    return store.items.append([{ key, conversationId, turn: of, trust: 'model', body: full }]);
  };
  return {
    take: async (conversationId: string, message: { id: string; text: string }) => {
      turn += 1;
      gateway.conversations.get(conversationId)?.inbox.shift();
      await append(conversationId, messageKey(message.id), turn, { kind: 'message', text: message.text });
      return () => append(conversationId, `reply:${turn}`, turn, { kind: 'reply', text: `you said: ${message.text}` });
    },
  };
}

const send = (served: Served, id: string, text: string, key?: string, query = '') =>
  served.call(
    'customer',
    'POST',
    `/v1/conversations/${id}/messages${query}`,
    { text },
    key === undefined ? {} : { 'idempotency-key': key },
  );

test('a message is taken before 202, signed as its sender’s, with the digest of its text', async (t) => {
  const served = await serve(t);
  const id = await served.open();
  const { status, headers, body } = await send(served, id, 'where is my order?', 'k1');
  assert.equal(status, 202);
  assert.deepEqual([body.status, body.ahead, body.phase, body.duplicate], ['queued', 0, 'open', false]);
  assert.equal(headers.get('location'), body.url);
  const [message] = served.gateway.taken;
  assert.ok(message);
  const statement = JSON.parse(Buffer.from(message.signed.split('.')[1] ?? '', 'base64url').toString());
  assert.equal(statement.textSha256, createHash('sha256').update('where is my order?').digest('hex'));
  assert.deepEqual(
    [statement.conversationId, statement.messageId, statement.principal.id],
    [id, body.messageId, 'customer'],
  );
});

test('the same Idempotency-Key is one message, and another person’s key of the same name is another', async (t) => {
  const served = await serve(t);
  const id = await served.open();
  const [first, again] = [await send(served, id, 'hello', 'k1'), await send(served, id, 'hello', 'k1')];
  assert.equal(first.body.messageId, again.body.messageId);
  assert.deepEqual([again.status, again.body], [first.status, first.body], 'its ticket again');
  served.gateway.renew(id);
  assert.equal((await send(served, id, 'hello', 'k1')).body.duplicate, true);
  await served.call(
    'operator',
    'POST',
    `/v1/conversations/${id}/messages`,
    { text: 'hello' },
    { 'idempotency-key': 'k1' },
  );
  assert.deepEqual(
    served.gateway.taken.map((one) => one.principalId),
    ['customer', 'operator'],
  );
});

test('a key that was used for other words is refused, since nobody would ever see these, wherever the first is', async (t) => {
  const served = await serve(t);
  const { take } = transcript(served);
  const id = await served.open();
  const other = async () => problem(await send(served, id, 'refund 1043', 'k1'));
  assert.equal((await send(served, id, 'refund 1042', 'k1')).status, 202);
  assert.equal(await other(), '422 key_reused', 'queued');
  const [message] = served.gateway.taken;
  assert.ok(message);
  const reply = await take(id, message);
  assert.equal(await other(), '422 key_reused', 'running');
  await reply();
  assert.equal(await other(), '422 key_reused', 'answered');
  served.gateway.renew(id);
  assert.equal(await other(), '422 key_reused', 'answered in an earlier run');
  assert.equal((await send(served, id, 'refund 1042', 'k1')).status, 202);
  assert.equal(served.gateway.taken.length, 1);
});

test('while a message is neither queued nor on record, nobody can tell what a second one under its key is', async (t) => {
  const served = await serve(t);
  const { take } = transcript(served);
  const id = await served.open();
  assert.equal((await send(served, id, 'refund 1042', 'k1')).status, 202);
  const [message] = served.gateway.taken;
  assert.ok(message);
  served.gateway.conversations.get(id)?.inbox.shift();
  const unsure = await send(served, id, 'refund 1043', 'k1');
  assert.equal(problem(unsure), '503 unavailable');
  assert.equal(unsure.body.idempotencyKey, 'k1');
  const opening = send(served, id, 'refund 1043', 'k1');
  await take(id, message);
  assert.equal(problem(await opening), '422 key_reused');
});

test('?wait=reply answers with the reply of the turn that took the message', async (t) => {
  const served = await serve(t);
  const { take } = transcript(served);
  served.gateway.onMessage = async (id, message) => {
    const reply = await take(id, message);
    setImmediate(() => void reply());
  };
  const id = await served.open();
  const { status, body } = await send(served, id, 'hello', 'k1', '?wait=reply');
  assert.deepEqual(
    [status, body.status, body.reply.text, body.reply.by],
    [200, 'answered', 'you said: hello', 'model'],
  );
  const later = await served.call('customer', 'GET', body.url);
  assert.deepEqual([later.body.status, later.body.reply.text], ['answered', 'you said: hello']);
});

test('a reply that does not come in time is 202 with the URL under which it will be', async (t) => {
  const served = await serve(t, { replyWaitMs: 50 });
  const { take } = transcript(served);
  let reply: () => Promise<unknown> = async () => undefined;
  served.gateway.onMessage = async (id, message) => void (reply = await take(id, message));
  const id = await served.open();
  const { status, body } = await send(served, id, 'hello', 'k1', '?wait=reply');
  assert.deepEqual([status, body.status], [202, 'queued']);
  assert.equal((await served.call('customer', 'GET', body.url)).body.status, 'taken');
  await reply();
  assert.equal((await served.call('customer', 'GET', body.url)).body.status, 'answered');
});

test('a paused or handed over conversation queues the message and answers at once', async (t) => {
  const served = await serve(t);
  const id = await served.open();
  for (const [command, phase] of [
    ['handover', 'handed_over'],
    ['pause', 'paused'],
  ] as const) {
    await served.call('operator', 'POST', `/v1/conversations/${id}/${command}`);
    const begunMs = performance.now();
    const { status, body } = await send(served, id, 'hello', command, '?wait=reply');
    assert.deepEqual([status, body.phase], [202, phase]);
    assert.ok(performance.now() - begunMs < 5_000, 'far below the 30 s of a reply');
    assert.equal((await served.call('customer', 'GET', body.url)).body.status, 'queued');
  }
});

test('a stopped conversation refuses messages with 409 until it is resumed', async (t) => {
  const served = await serve(t);
  const id = await served.open();
  await served.call('operator', 'POST', `/v1/conversations/${id}/stop`);
  assert.equal(problem(await send(served, id, 'hello')), '409 conversation_stopped');
  await served.call('operator', 'POST', `/v1/conversations/${id}/resume`);
  assert.equal((await send(served, id, 'hello')).status, 202);
});

test('a full inbox is 429 with Retry-After', async (t) => {
  const served = await serve(t);
  const id = await served.open();
  const state = served.gateway.conversations.get(id);
  assert.ok(state);
  state.inbox = Array.from({ length: 100 }, (_, at) => ({
    id: `x${at}`,
    text: 'x',
    principalId: 'customer',
    signed: '',
  }));
  const answer = await send(served, id, 'hello');
  assert.equal(problem(answer), '429 inbox_full');
  assert.ok(Number(answer.headers.get('retry-after')) > 0);
});

test('with Temporal down a message is 503, never 2xx, and the key in the answer sends it again once', async (t) => {
  const served = await serve(t);
  const id = await served.open();
  served.gateway.state = 'down';
  const lost = await send(served, id, 'hello');
  assert.equal(problem(lost), '503 unavailable');
  assert.ok(Number(lost.headers.get('retry-after')) > 0);
  assert.equal(served.gateway.taken.length, 0);
  served.gateway.state = 'up';
  const sent = await send(served, id, 'hello', lost.body.idempotencyKey);
  assert.deepEqual([sent.status, sent.body.duplicate], [202, false]);
  assert.equal((await send(served, id, 'hello', lost.body.idempotencyKey)).body.messageId, sent.body.messageId);
  assert.equal(served.gateway.taken.length, 1);
});

test('a message that was never taken in is 404', async (t) => {
  const served = await serve(t);
  const id = await served.open();
  assert.equal(
    problem(await served.call('customer', 'GET', `/v1/conversations/${id}/messages/m-none`)),
    '404 not_found',
  );
});

test('a message of 1 MB is 413, and nothing of it is handed in', async (t) => {
  const served = await serve(t);
  const id = await served.open();
  assert.equal(problem(await send(served, id, 'x'.repeat(1024 * 1024))), '413 too_large');
  assert.equal(served.gateway.taken.length, 0);
});

test('a text that is too long, empty, or that no store can keep is 400 with the place and the reason', async (t) => {
  const served = await serve(t);
  const id = await served.open();
  for (const text of ['x'.repeat(16_001), '  ', 'nul \0 here', 'half \ud800 pair', 7]) {
    const answer = await served.call('customer', 'POST', `/v1/conversations/${id}/messages`, { text });
    assert.equal(problem(answer), '400 bad_request');
    assert.equal(answer.body.issues[0]?.path, 'body.text');
  }
  const key = await send(served, id, 'hello', 'two words');
  assert.equal(problem(key), '400 bad_request');
  assert.equal(served.gateway.taken.length, 0);
});

test('beyond what is answered a message is 429 with Retry-After, and nothing of it was begun', async (t) => {
  const served = await serve(t, { turnsAtOnce: 5 });
  const id = await served.open();
  const statuses: number[] = [];
  for (let said = 0; said < 6; said++) statuses.push((await send(served, id, 'hello', `k${said}`)).status);
  assert.deepEqual(statuses, [202, 202, 202, 202, 429, 429]);
  const refused = await send(served, id, 'hello', 'k5');
  assert.equal(problem(refused), '429 overloaded');
  assert.ok(Number(refused.headers.get('retry-after')) >= 5);
  assert.equal(served.gateway.taken.length, 4);
  assert.equal((await send(served, id, 'hello', 'k0')).status, 202, 'what was taken is not refused afterwards');
  const opening = await served.call('customer', 'POST', '/v1/conversations', { agent: 'support-desk' });
  assert.equal(problem(opening), '429 overloaded');
});

test('while messages are refused, another principal, a decision, a pause and a stop get in', async (t) => {
  const served = await serve(t, { turnsAtOnce: 5 });
  const approval = await served.ask();
  const id = approval.conversationId;
  for (let said = 0; said < 5; said++) await send(served, id, 'hello', `k${said}`);
  assert.equal(problem(await send(served, id, 'hello')), '429 overloaded');
  const opened = await served.call('stranger', 'POST', '/v1/conversations', { agent: 'support-desk' });
  assert.equal(opened.status, 201);
  const decided = await served.call('approver', 'POST', `/v1/approvals/${approval.id}/decision`, { answer: 'approve' });
  assert.equal(decided.status, 200);
  for (const command of ['pause', 'stop'])
    assert.ok((await served.call('operator', 'POST', `/v1/conversations/${id}/${command}`)).status < 300);
});

test('what a paused conversation keeps takes nobody’s place', async (t) => {
  const served = await serve(t, { turnsAtOnce: 2 });
  const id = await served.open();
  await served.call('operator', 'POST', `/v1/conversations/${id}/pause`);
  for (let said = 0; said < 10; said++) assert.equal((await send(served, id, 'hello', `k${said}`)).status, 202);
});

test('how much is under way, and how much was refused, is in the metrics', async (t) => {
  const served = await serve(t, { turnsAtOnce: 2 });
  const id = await served.open();
  for (let said = 0; said < 3; said++) await send(served, id, 'hello', `k${said}`);
  const { body } = await served.call('nobody', 'GET', '/metrics');
  assert.match(body.text, /^countersign_turns_under_way 2$/m);
  assert.match(body.text, /^countersign_turns_limit 2$/m);
  assert.match(body.text, /^countersign_turns_refused 1$/m);
});
