// What the store remembers of channels: where a conversation stands, what was sent, and what is still to be told.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { NewNote } from '../../../domain/delivery.ts';
import { ada, aConversationId, aMessage, anApproval, anEntry, aReply, finn } from '../builders.ts';
import { opened, proposed, requested } from '../builders.ts';
import type { Contract } from '../contract.test.ts';

const delivery = (key: string, digest: string) =>
  ({ key, channel: 'slack', ref: { to: 'C1', id: '17.1' }, digest, atMs: 5, card: null }) as const;

// 60 s: longer than a test takes.
const HELD_MS = 60_000;

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
    assert.deepEqual(await store.deliveries.get(key), { ...first, claimedBy: null });
    await store.deliveries.put({ ...first, ref: null, digest: 'two' }, []);
    assert.deepEqual(await store.deliveries.get(key), { ...first, ref: null, digest: 'two', claimedBy: null });
    assert.deepEqual(
      (await store.ledger.ofSubject(id)).map(({ fact }) => fact),
      [{ kind: 'card_shown', ...shown }],
    );
  },

  'a claim is renewed by whoever holds it, and not once it is over': async ({ store: { deliveries } }) => {
    const [key, attempt] = [randomUUID(), randomUUID()];
    const claim = { key, channel: 'slack', attempt };
    assert.equal(await deliveries.claim(claim, HELD_MS), true);
    await deliveries.renew({ ...claim, attempt: 'another' });
    await deliveries.renew(claim);
    assert.equal((await deliveries.get(key))?.claimedBy, attempt);
    await deliveries.put(delivery(key, 'one'), []);
    await deliveries.renew(claim);
    assert.equal((await deliveries.get(key))?.claimedBy, null);
    await deliveries.renew({ ...claim, key: `${key} of nothing` });
    assert.equal(await deliveries.get(`${key} of nothing`), undefined);
  },

  'what stands in a message is found by the message': async ({ store }) => {
    const [key, id] = [randomUUID(), `17.${randomUUID()}`];
    const ref = { to: 'C1', id };
    const standsAt = (channel: string, where = ref) => store.deliveries.standsAt({ channel, ref: where });
    assert.equal(await standsAt('slack'), false);
    await store.deliveries.put({ ...delivery(key, 'one'), ref }, []);
    assert.deepEqual(
      [await standsAt('slack'), await standsAt('telegram'), await standsAt('slack', { to: 'C2', id })],
      [true, false, false],
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
    // Just claimed, it may not have been told; remembered without a claim, it was.
    const key = `reply:${items[1]?.id}`;
    await store.deliveries.claim({ key, channel: 'slack', attempt: 'one' }, HELD_MS);
    assert.deepEqual(await waiting(), [items[1]?.id, items[3]?.id]);
    await store.deliveries.put(delivery(key, 'x'), []);
    assert.deepEqual(await waiting(), [items[3]?.id]);
  },

  'what was told of a conversation is remembered by how far it goes, and no longer reply by reply': async ({
    store,
  }) => {
    const id = aConversationId();
    const items = await store.items.append([aReply(id, 1), aReply(id, 2), aReply(id, 3)]);
    const waiting = async () =>
      (await store.deliveries.replies({ conversationId: id, channel: 'slack', limit: 10 })).map((item) => item.id);
    const [first, second, third] = items.map((item) => ({ id: item.id, key: `reply:${item.id}`, seq: item.seq }));
    assert.ok(first && second && third);
    await store.deliveries.put(delivery(`${second.key}/0`, 'part'), []);
    await store.deliveries.claim({ key: second.key, channel: 'slack', attempt: 'one' }, HELD_MS);
    await store.deliveries.told({ conversationId: id, seq: second.seq, keys: [`${second.key}/0`, second.key] });
    assert.deepEqual(await waiting(), [third.id]);
    assert.equal(await store.deliveries.get(second.key), undefined);
    assert.equal(await store.deliveries.get(`${second.key}/0`), undefined);
    await store.deliveries.told({ conversationId: id, seq: first.seq, keys: [first.key] });
    assert.deepEqual(await waiting(), [third.id]);
  },

  'what is about to be posted is claimed by one attempt at a time, until it says how it went or its time is over':
    async ({ store: { deliveries } }) => {
      const key = randomUUID();
      const by = (attempt: string) => ({ key, channel: 'slack', attempt });
      const claims = await Promise.all(['a', 'b', 'c'].map((attempt) => deliveries.claim(by(attempt), HELD_MS)));
      assert.equal(claims.filter((is) => is).length, 1);
      const claimedBy = (await deliveries.get(key))?.claimedBy ?? '';
      assert.equal(await deliveries.claim(by(claimedBy), HELD_MS), true);
      await deliveries.release(by('another'));
      assert.equal((await deliveries.get(key))?.claimedBy, claimedBy);
      await deliveries.release(by(claimedBy));
      assert.equal(await deliveries.get(key), undefined);
      assert.equal(await deliveries.claim(by('d'), HELD_MS), true);
      assert.equal(await deliveries.claim(by('e'), 0), true);
      await deliveries.put(delivery(key, 'one'), []);
      assert.equal(await deliveries.claim(by('f'), HELD_MS), true);
      // What stood there before stands there still.
      const { digest, ref } = (await deliveries.get(key)) ?? {};
      assert.deepEqual([digest, ref], ['one', { to: 'C1', id: '17.1' }]);
      await deliveries.release(by('f'));
      assert.deepEqual(await deliveries.get(key), { ...delivery(key, 'one'), claimedBy: null });
    },

  'a card that says open where nothing is open any more is found, by its batch': async ({ store }) => {
    const id = aConversationId();
    const approval = anApproval(id);
    const { batchId } = approval;
    await store.record([opened(id), proposed(id), requested(id, approval)]);
    const card = { batchId, isOpen: true };
    await store.deliveries.put({ ...delivery(`card ${batchId}`, 'x'), card }, []);
    assert.deepEqual(
      (await store.deliveries.ofBatch(batchId)).map((one) => one.card),
      [card],
    );
    const of = { channels: ['slack', 'telegram'], after: '', limit: 1_000 };
    const isFound = async (change = {}) => (await store.deliveries.stale({ ...of, ...change })).includes(batchId);
    assert.equal(await isFound(), false);
    await store.deliveries.forget(6);
    assert.equal((await store.deliveries.ofBatch(batchId)).length, 1, 'what is open is not forgotten');
    const settled = { kind: 'approval_settled', approval: { ...approval, end: 'cancelled' } } as const;
    await store.record([anEntry(id, approval.id, 'settled', settled)]);
    assert.deepEqual(
      [await isFound(), await isFound({ channels: ['telegram'] }), await isFound({ after: batchId })],
      [true, false, false],
    );
    await store.deliveries.put({ ...delivery(`card ${batchId}`, 'y'), card: { batchId, isOpen: false } }, []);
    assert.equal(await isFound(), false);
    await store.deliveries.forget(5);
    assert.equal((await store.deliveries.ofBatch(batchId)).length, 1);
    await store.deliveries.put(delivery(`reply:${id}`, 'z'), []);
    await store.deliveries.forget(6);
    assert.deepEqual(await store.deliveries.ofBatch(batchId), []);
    assert.ok(await store.deliveries.get(`reply:${id}`));
  },

  'a note is taken by one at a time, comes again when nobody says how it went, and is told once': async ({ store }) => {
    await store.notes.forget(Number.MAX_SAFE_INTEGER);
    const note = aNote();
    await store.notes.add(note);
    await store.notes.add({ ...note, note: { kind: 'text', text: 'again' } });
    const { nowMs: madeMs, ...same } = note;
    assert.equal(await store.notes.take('slack', 99, 10), undefined);
    const taken = await Promise.all([1, 2, 3].map(() => store.notes.take('slack', 100, 10)));
    assert.deepEqual(
      taken.filter((one) => one !== undefined),
      [{ ...same, madeMs, tries: 1 }],
    );
    assert.equal(await store.notes.take('telegram', 110, 10), undefined);
    assert.equal((await store.notes.take('slack', 110, 10))?.tries, 2);
    await store.notes.later(note.id, 500);
    assert.equal(await store.notes.take('slack', 499, 10), undefined);
    await store.notes.over(note.id);
    assert.equal(await store.notes.take('slack', 900, 10), undefined);
    await store.notes.add(note);
    assert.equal(await store.notes.take('slack', 900, 10), undefined);
    await store.notes.forget(101);
    await store.notes.add({ ...note, nowMs: 800 });
    await store.notes.expire(800);
    assert.equal((await store.notes.take('slack', 900, 10))?.id, note.id);
    await store.notes.expire(801);
    assert.equal(await store.notes.take('slack', 9_000, 10), undefined);
  },
};
