// Whose conversation a place of a channel is.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { slack } from '../../channels/slack.ts';
import { direct, envelope, settings, tsOf } from '../channels/slack-fixture.ts';
import { listening, said } from './support/listening.ts';

test('nobody can take a place of a channel before its people do, and what was taken there is not theirs', async (t) => {
  const { send, gateway, store, call } = await listening(t);
  await send(said('customer', 'hello', 1));
  const [first = ''] = gateway.conversations.keys();
  for (const id of [first, `${first}-2`, `telegram-${'x'.repeat(22)}`]) {
    const { status, body } = await call('stranger', 'POST', '/v1/conversations', { agent: 'on-call', id });
    assert.deepEqual([status, body['type']], [400, 'bad_request'], id);
  }
  for (const id of ['slack-1', `slackx-${'x'.repeat(22)}`, `slack-${'x'.repeat(23)}`])
    assert.equal((await call('stranger', 'POST', '/v1/conversations', { agent: 'on-call', id })).status, 201, id);
  // As it could be taken before that was refused.
  const other = await listening(t);
  const principal = { id: 'stranger', name: 'stranger', tenant: 'default' };
  const fact = {
    kind: 'conversation_opened',
    agent: 'support-desk',
    tenant: 'default',
    owner: 'x',
    principal,
  } as const;
  await other.store.record([{ subject: first, step: 'opened', conversationId: first, atMs: 1, fact }]);
  assert.equal(await other.send(said('customer', 'my card is 4711', 1)), '200');
  assert.deepEqual([...other.gateway.conversations.keys()], [`${first}-2`]);
  assert.deepEqual(
    (await other.store.conversations.get(`${first}-2`))?.channel,
    (await store.conversations.get(first))?.channel,
  );
});

test('another agent, or a conversation that has ended, means another one at the same place', async (t) => {
  const { send, gateway, store } = await listening(t);
  const next = (event: number) => envelope({ ...direct, user: 'U0CUSTOMER', ts: tsOf(event) });
  const end = async (id: string) => {
    await gateway.close({ conversationId: id, agent: 'support-desk', tenant: 'default', owner: 'x', principalId: 'y' });
    const fact = { kind: 'phase', phase: 'closed', by: '', reason: '' } as const;
    await store.record([{ subject: id, step: 'closed', conversationId: id, atMs: 1, fact }]);
  };
  for (let nth = 1; nth <= 12; nth++) {
    assert.equal(await send(next(nth)), '200');
    const ids = [...gateway.conversations.keys()];
    assert.equal(ids.length, nth);
    assert.equal(ids.at(-1), nth === 1 ? ids[0] : `${ids[0]}-${nth}`);
    await end(ids.at(-1) ?? '');
  }
  const agent = await listening(t, { receivers: [slack.receiver({ ...settings, SLACK_AGENT: 'on-call' })] });
  const [first = ''] = gateway.conversations.keys();
  const row = await store.conversations.get(first);
  assert.ok(row?.channel);
  const { principal, channel, tenant, owner } = row;
  const fact = { kind: 'conversation_opened', agent: 'support-desk', tenant, owner, principal, channel } as const;
  await agent.store.record([{ subject: first, step: 'opened', conversationId: first, atMs: 1, fact }]);
  assert.equal(await agent.send(next(1)), '200');
  assert.equal((await agent.store.conversations.get(`${first}-2`))?.agent, 'on-call');
});

test('a message that the conversation before has taken is not said again to the next', async (t) => {
  const { send, gateway, store } = await listening(t);
  const body = envelope({ ...direct, user: 'U0CUSTOMER' });
  await send(body);
  const [id = ''] = gateway.conversations.keys();
  const { id: messageId, text } = gateway.taken[0] ?? { id: '', text: '' };
  const from = { id: 'customer', name: 'customer', tenant: 'default' };
  const item = { kind: 'message', text, from } as const;
  await store.items.append([
    { key: `message:${messageId}`, conversationId: id, turn: 1, trust: 'principal', body: item },
  ]);
  gateway.ended.add(id);
  assert.equal(await send(body), '200');
  assert.equal(gateway.taken.length, 1);
});
