// What the store remembers of channels: where a conversation stands, what was sent, and what is still to be told.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { NewNote } from '../../../domain/delivery.ts';
import { aConversationId, aMessage, anEntry, aReply, ada, finn } from '../builders.ts';
import type { Contract } from '../contract.test.ts';

const delivery = (key: string, digest: string) =>
  ({ key, channel: 'slack', ref: { to: 'C1', id: '17.1' }, digest, atMs: 5 }) as const;

const aNote = (change: Partial<NewNote> = {}): NewNote => ({
  id: randomUUID(),
  channel: 'slack',
  way: { channel: 'C1', user: 'U1' },
  note: { kind: 'text', text: 'counted \0 <U+202E>' },
  nowMs: 100,
  ...change,
});

export const deliveriesContract: Contract = {
  'a conversation remembers where it stands': async ({ store }) => {
    const id = aConversationId();
    const channel = { name: 'slack', address: { to: 'C1', thread: '17.1' } };
    const fact = {
      kind: 'conversation_opened',
      agent: 'a',
      tenant: 'default',
      owner: 'o',
      principal: ada,
      channel,
    } as const;
    await store.record([anEntry(id, id, 'opened', fact, 1)]);
    assert.deepEqual((await store.conversations.get(id))?.channel, channel);
  },

  'what stands in a channel is remembered with its entry, and replaced by what stands there next': async ({
    store,
  }) => {
    const [key, id] = [randomUUID(), aConversationId()];
    assert.equal(await store.deliveries.get(key), undefined);
    const first = delivery(key, 'one');
    const shown = { batchId: 'b', channel: 'slack', address: { to: 'C1', thread: '' }, ref: first.ref, sha256: 'one' };
    await store.deliveries.put(first, [anEntry(id, id, 'shown:one', { kind: 'card_shown', ...shown }, 5)]);
    assert.deepEqual(await store.deliveries.get(key), first);
    await store.deliveries.put({ ...first, ref: null, digest: 'two' }, []);
    assert.deepEqual(await store.deliveries.get(key), { ...first, ref: null, digest: 'two' });
    assert.deepEqual(
      (await store.ledger.ofSubject(id)).map(({ fact }) => fact),
      [{ kind: 'card_shown', ...shown }],
    );
  },

  'replies are to be delivered in order, each until it was': async ({ store }) => {
    const id = aConversationId();
    const staff = (key: string) => ({
      ...aReply(id, 2),
      key,
      body: { kind: 'staff_reply', text: 't', from: finn } as const,
    });
    const said = [aMessage(id, 'm1'), aReply(id, 1), aMessage(id, 'm2', 2), staff('message:m-3')];
    const items = await store.items.append([...said, staff('message:slack-4'), staff('message:slack-5')]);
    const waiting = async () =>
      (await store.deliveries.replies({ conversationId: id, channel: 'slack', limit: 10 })).map((item) => item.id);
    assert.deepEqual(await waiting(), [items[1]?.id, items[3]?.id]);
    assert.deepEqual((await store.deliveries.replies({ conversationId: id, channel: 'slack', limit: 1 })).length, 1);
    await store.deliveries.put(delivery(`reply:${items[1]?.id}`, 'x'), []);
    assert.deepEqual(await waiting(), [items[3]?.id]);
  },

  'a note is taken by one at a time, comes again when nobody says how it went, and is told once': async ({ store }) => {
    await store.notes.forget(Number.MAX_SAFE_INTEGER);
    const note = aNote();
    await store.notes.add(note);
    await store.notes.add({ ...note, note: { kind: 'text', text: 'again' } });
    const { nowMs: madeMs, ...same } = note;
    assert.equal(await store.notes.take(99, 10), undefined);
    const taken = await Promise.all([1, 2, 3].map(() => store.notes.take(100, 10)));
    assert.deepEqual(
      taken.filter((one) => one !== undefined),
      [{ ...same, madeMs, tries: 1 }],
    );
    assert.equal((await store.notes.take(110, 10))?.tries, 2);
    await store.notes.later(note.id, 500);
    assert.equal(await store.notes.take(499, 10), undefined);
    await store.notes.over(note.id);
    assert.equal(await store.notes.take(900, 10), undefined);
    await store.notes.add(note);
    assert.equal(await store.notes.take(900, 10), undefined);
    await store.notes.forget(101);
    await store.notes.add({ ...note, nowMs: 800 });
    assert.equal((await store.notes.take(900, 10))?.id, note.id);
    await store.notes.over(note.id);
  },
};
