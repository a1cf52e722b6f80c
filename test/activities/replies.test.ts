import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ChannelFault } from '../../channels/definition.ts';
import { ada, aConversationId, anEntry, aReply } from '../store/builders.ts';
import { createPigeon } from '../support/pigeon.ts';
import { deliverStage } from './deliver-stage.ts';

const stage = deliverStage();
const { delivering, asked } = stage;

test('the replies of a conversation stand where it stands, each once, in order, the long ones in parts', async () => {
  const pigeon = createPigeon();
  const deliver = delivering(pigeon);
  const id = aConversationId();
  const channel = { name: 'pigeon', address: { to: 'C1', thread: '17.1' } };
  const fact = {
    kind: 'conversation_opened',
    agent: 'a',
    tenant: 'default',
    owner: 'o',
    principal: ada,
    channel,
  } as const;
  await stage.store.record([anEntry(id, id, 'opened', fact)]);
  const long = { kind: 'reply', text: `${'a'.repeat(39)}😀${'b'.repeat(10)} \u202E`, by: 'model' } as const;
  const staff = {
    kind: 'staff_reply',
    text: 'I am Olga',
    from: { id: 'per_olga', name: 'Olga', tenant: 'default' },
  } as const;
  await stage.store.items.append([aReply(id, 1), { ...aReply(id, 2), body: long }, { ...aReply(id, 3), body: staff }]);
  assert.deepEqual(await deliver('deliverReplies', { conversationId: id }), { done: 3, refused: [] });
  assert.deepEqual(await deliver('deliverReplies', { conversationId: id }), { done: 0, refused: [] });
  const said = [...pigeon.standing.values()].map(({ message, thread }) => [
    message.kind === 'text' && message.text,
    thread,
  ]);
  assert.deepEqual(said, [
    ['reply of 1', '17.1'],
    ['a'.repeat(39), '17.1'],
    [`😀${'b'.repeat(10)} <U+202E>`, '17.1'],
    ['Olga: I am Olga', '17.1'],
  ]);
});

test('a reply that does not get through holds up those behind it, and the next call goes on there', async () => {
  const pigeon = createPigeon();
  const deliver = delivering(pigeon);
  const id = aConversationId();
  const channel = { name: 'pigeon', address: { to: 'C2', thread: '' } };
  const fact = {
    kind: 'conversation_opened',
    agent: 'a',
    tenant: 'default',
    owner: 'o',
    principal: ada,
    channel,
  } as const;
  await stage.store.record([anEntry(id, id, 'opened', fact)]);
  await stage.store.items.append([aReply(id, 1), aReply(id, 2)]);
  pigeon.faults.set('C2', new ChannelFault('unavailable', 'down'));
  await assert.rejects(deliver('deliverReplies', { conversationId: id }), /down/);
  pigeon.faults.clear();
  assert.equal((await deliver('deliverReplies', { conversationId: id })).done, 2);
  assert.deepEqual(await deliver('deliverReplies', { conversationId: (await asked('treasury')).conversationId }), {
    done: 0,
    refused: [],
  });
});

test('a reply that is refused is given up whole, and the next one goes out', async () => {
  const pigeon = createPigeon();
  const refuse = new ChannelFault('refused', 'too odd');
  const sender = {
    ...pigeon,
    post: (...[address, rendered]: Parameters<typeof pigeon.post>) =>
      rendered.includes('forbidden') ? Promise.reject(refuse) : pigeon.post(address, rendered),
  };
  const deliver = delivering(sender);
  const id = aConversationId();
  const channel = { name: 'pigeon', address: { to: 'C3', thread: '' } };
  const by = { agent: 'a', tenant: 'default', owner: 'o', principal: ada };
  await stage.store.record([anEntry(id, id, 'opened', { kind: 'conversation_opened', ...by, channel })]);
  const long = { kind: 'reply', text: `forbidden ${'x'.repeat(50)}`, by: 'code' } as const;
  await stage.store.items.append([{ ...aReply(id, 1), body: long }, aReply(id, 2)]);
  const { done, refused } = await deliver('deliverReplies', { conversationId: id });
  assert.deepEqual([done, refused], [1, ['pigeon C3: too odd']]);
  assert.deepEqual(await deliver('deliverReplies', { conversationId: id }), { done: 0, refused: [] });
  assert.deepEqual(
    [...pigeon.standing.values()].map(({ message }) => (message.kind === 'text' ? message.text : '')),
    ['reply of 2'],
  );
});
