import assert from 'node:assert/strict';
import type { Contract } from '../contract.test.ts';
import { aConversationId, aMessage, anEntry, aReply, finn, noted, opened } from '../builders.ts';

export const itemsContract: Contract = {
  'an item written twice under one key is one item, as first written': async ({ store }) => {
    const id = aConversationId();
    const [first] = await store.items.append([aMessage(id, 'm1')]);
    const again = { ...aMessage(id, 'm1'), body: { kind: 'report', text: 'another text' } as const };
    const written = await store.items.append([again, aReply(id)]);
    assert.deepEqual(written[0], first);
    assert.deepEqual(await store.items.page(id, 0, 10), written);
  },

  'items come back as stored, in the order asked for, and only from their own conversation': async ({ store }) => {
    const [id, other] = [aConversationId(), aConversationId()];
    const [one, two, foreign] = await store.items.append([aMessage(id, 'm1'), aReply(id), aMessage(other, 'm1')]);
    assert.ok(one && two && foreign);
    const { key: _, ...given } = aMessage(id, 'm1');
    const { id: itemId, salt, seq, createdMs, ...kept } = one;
    assert.deepEqual(kept, given);
    assert.match(itemId, /^[\w-]{22}$/);
    assert.match(salt, /^[\w-]{22}$/);
    assert.notEqual(itemId, salt);
    assert.ok(two.seq > seq && createdMs > 0);
    const ids = [two.id, 'unknown', foreign.id, one.id];
    assert.deepEqual(await store.items.load(id, ids), [two, one]);
    assert.deepEqual(await store.items.load(id, []), []);
    assert.deepEqual(await store.items.byKey(id, 'message:m1'), one);
    assert.equal(await store.items.byKey(id, 'message:m2'), undefined);
    assert.deepEqual(await store.items.page(id, seq, 10), [two]);
    assert.deepEqual(await store.items.page(id, 0, 1), [one]);
  },

  'the last items since a time come back, oldest first': async ({ store }) => {
    const [id, other] = [aConversationId(), aConversationId()];
    const all = await store.items.append([aMessage(id, 'm1'), aReply(id), aMessage(other, 'm1'), aMessage(id, 'm2')]);
    const own = all.filter(({ conversationId }) => conversationId === id);
    assert.deepEqual(await store.items.since(id, 0, 2), own.slice(-2));
    assert.deepEqual(await store.items.since(id, (own[0]?.createdMs ?? 0) + 60_000, 9), []);
  },

  'a text keeps every character that JSON can say': async ({ store }) => {
    const id = aConversationId();
    const text = 'NUL \u0000, quote ", half a pair \ud800, ümläut, 🙂';
    const [item] = await store.items.append([{ ...aReply(id), body: { kind: 'reply', text, by: 'model' } }]);
    assert.ok(item?.body.kind === 'reply');
    assert.equal(item.body.text, text);
  },

  'items and their entries are written together or not at all': async ({ store }) => {
    const id = aConversationId();
    const refuse = () => {
      throw new Error('no');
    };
    await assert.rejects(store.items.append([aMessage(id, 'm1')], refuse), /no/);
    assert.deepEqual(await store.items.page(id, 0, 10), []);
    const written = await store.items.append([aMessage(id, 'm1')], ([item]) => [noted(id, `wrote ${item?.id}`)]);
    const [entry] = await store.ledger.ofConversation(id, 0, 10);
    assert.equal(entry?.step, `wrote ${written[0]?.id}`);
  },

  'the last turn is known, and whether a turn has its reply': async ({ store }) => {
    const id = aConversationId();
    assert.deepEqual(await store.items.turns(id, 1), { last: 0, isAnswered: false });
    await store.items.append([aMessage(id, 'm1', 1), aReply(id, 1), aMessage(id, 'm2', 2)]);
    assert.deepEqual(await store.items.turns(id, 1), { last: 2, isAnswered: true });
    assert.deepEqual(await store.items.turns(id, 2), { last: 2, isAnswered: false });
    assert.deepEqual(await store.items.turns(id, 3), { last: 0, isAnswered: false });
  },

  'the reply to a message is what ended the turn that took it': async ({ store }) => {
    const id = aConversationId();
    await store.items.append([aMessage(id, 'm1', 1), aMessage(id, 'm2', 1), aMessage(id, 'm3', 2)]);
    assert.equal(await store.items.replyTo(id, 'm1'), undefined);
    const [reply] = await store.items.append([aReply(id, 1)]);
    assert.deepEqual(await store.items.replyTo(id, 'm1'), reply);
    assert.deepEqual(await store.items.replyTo(id, 'm2'), reply);
    assert.equal(await store.items.replyTo(id, 'm3'), undefined);
    assert.equal(await store.items.replyTo(id, 'm4'), undefined);
    const staff = { ...aReply(id, 2), body: { kind: 'staff_reply', text: 'I am here', from: finn } } as const;
    const [spoken] = await store.items.append([staff]);
    assert.equal((await store.items.replyTo(id, 'm3'))?.id, spoken?.id);
  },

  'a message is over once its turn has a reply, or its conversation is not open': async ({ store }) => {
    const [id, paused] = [aConversationId(), aConversationId()];
    const phase = { kind: 'phase', phase: 'paused', by: 'olga', reason: '' } as const;
    await store.record([opened(id), opened(paused), anEntry(paused, paused, 'phase:1', phase)]);
    await store.items.append([aMessage(id, 'm1', 1), aMessage(id, 'm2', 2), aReply(id, 1), aMessage(paused, 'm4', 1)]);
    const asked = [
      [id, 'm1'],
      [id, 'm2'],
      [id, 'm3'],
      [paused, 'm4'],
      [paused, 'm5'],
    ] as const;
    const over = await store.items.overOf(asked.map(([conversationId, messageId]) => ({ conversationId, messageId })));
    assert.deepEqual(over.map(({ messageId, isAnswered }) => `${messageId} ${isAnswered}`).toSorted(), [
      'm1 true',
      'm4 false',
      'm5 false',
    ]);
    assert.deepEqual(await store.items.overOf([]), []);
  },

  'many writers of one item and of one conversation leave each item once, in growing order': async ({ store }) => {
    const id = aConversationId();
    const writers = Array.from({ length: 12 }, (_, n) =>
      store.items.append([aMessage(id, `m${n % 4}`), aReply(id, n)]),
    );
    const written = await Promise.all(writers);
    const page = await store.items.page(id, 0, 100);
    assert.equal(page.length, 4 + 12);
    assert.equal(new Set(written.map(([message]) => message?.id)).size, 4);
    assert.deepEqual(
      page.map((item) => item.seq),
      page.map((item) => item.seq).toSorted((a, b) => a - b),
    );
  },
};
