import { deepEqual, equal, match, rejects } from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { MockActivityEnvironment } from '@temporalio/testing';
import { patient } from '../../activities/actor/patient.ts';
import { ChannelFault } from '../../channels/definition.ts';
import type { Delivered } from '../../domain/activity-ports.ts';
import type { Deliveries } from '../../domain/delivery.ts';
import { anEntry } from '../store/builders.ts';
import { createPigeon, type Pigeon } from '../support/pigeon.ts';
import { cardsOf, deliverStage, directory } from './deliver-stage.ts';

const stage = deliverStage();
const { delivering, asked, settle } = stage;
// 4 s: a claim that is not renewed has lapsed by then.
const LONGER_THAN_HELD_MS = 4_000;
const BEFORE = 700;
const full = () => Promise.reject(new Error('the disk is full'));

/** Activities of one process, over the store of the stage but for these parts of it. */
function processWith(pigeon: Pigeon, change: () => Partial<Deliveries>) {
  const deliveries = new Proxy({} as Deliveries, {
    get: (_, name: keyof Deliveries) => change()[name] ?? stage.store.deliveries[name],
  });
  const { approvals, actions, conversations, items, sealedBytes } = stage.store;
  const activities = stage.activities({
    store: { approvals, actions, conversations, items, deliveries, sealedBytes },
    senders: [pigeon],
  });
  return (batchId: string) => new MockActivityEnvironment().run(activities.showCards, { batchId });
}

test('nothing is posted while it cannot be put on record that it is about to be', async () => {
  const pigeon = createPigeon();
  let broken: Partial<Deliveries> = { claim: full };
  const show = processWith(pigeon, () => broken);
  const { batchId } = await asked('treasury');
  for (let time = 0; time < 3; time++) await rejects(show(batchId), /disk is full/);
  deepEqual(pigeon.calls, []);
  broken = {};
  await show(batchId);
  deepEqual(pigeon.calls, ['post C-TREASURY']);
});

test('what was posted and could not be recorded is recorded later, and not posted again by the process that lives', async () => {
  const pigeon = createPigeon();
  let broken: Partial<Deliveries> = { put: full };
  const show = processWith(pigeon, () => broken);
  const approval = await asked('treasury');
  for (let time = 0; time < 3; time++) await rejects(show(approval.batchId), /disk is full/);
  deepEqual(pigeon.calls, ['post C-TREASURY']);
  // Another process waits first: whoever has claimed it may post it still.
  const other = delivering(pigeon);
  await rejects(other('showCards', { batchId: approval.batchId }), /another attempt may be posting/);
  broken = {};
  deepEqual(await show(approval.batchId), { done: 0, refused: [] });
  await settle(approval, 'approved');
  await other('showCards', { batchId: approval.batchId });
  deepEqual(pigeon.calls, ['post C-TREASURY', 'edit m1']);
});

test('what a process that died had begun to post is posted once more, after a while', async () => {
  const pigeon = createPigeon();
  const { batchId } = await asked('treasury');
  const died = processWith(pigeon, () => ({ put: full }));
  await rejects(died(batchId), /disk is full/);
  const lapsed = processWith(pigeon, () => ({ claim: (claim) => stage.store.deliveries.claim(claim, 0) }));
  for (let time = 0; time < 2; time++) await lapsed(batchId);
  deepEqual(pigeon.calls, ['post C-TREASURY', 'post C-TREASURY']);
});

test('a card whose posting nobody could note is known from the first click on it, and follows the record from then on', async () => {
  const pigeon = createPigeon();
  // So that its message has a number of its own in the store of this file.
  pigeon.calls.push(...Array<string>(BEFORE).fill('before'));
  const approval = await asked('treasury');
  const { batchId, id } = approval;
  const died = processWith(pigeon, () => ({ put: full }));
  await rejects(died(batchId), /disk is full/);
  await settle(approval, 'approved');
  equal((await delivering(pigeon)('showCards', { batchId })).done, 0, 'nobody knows where it stands');
  const ref = { to: 'C-TREASURY', id: `m${BEFORE + 1}` };
  equal(await stage.clicked(pigeon, id, { ...ref, to: 'C-ELSEWHERE' }), false, 'nobody is asked there');
  equal(await stage.clicked(pigeon, id, ref), true);
  equal(cardsOf(pigeon)[0]?.asks[0]?.end, 'approved');
  equal(await stage.clicked(pigeon, id, ref), false, 'it is known by now');
  const outcome = { kind: 'failed', reason: 'the shop is closed' } as const;
  const { conversationId, actionId } = approval;
  await stage.store.record([anEntry(conversationId, actionId, 'settled', { kind: 'settled', outcome })]);
  equal((await delivering(pigeon)('showCards', { batchId })).done, 1);
  deepEqual(pigeon.calls.slice(BEFORE), ['post C-TREASURY', `edit ${ref.id}`, `edit ${ref.id}`]);
});

test('a click with the handle of another approval changes no card that is known', async () => {
  const pigeon = createPigeon();
  const [one, other] = [await asked('treasury'), await asked('treasury')];
  await delivering(pigeon)('showCards', { batchId: one.batchId });
  equal(await stage.clicked(pigeon, other.id, { to: 'C-TREASURY', id: 'm1' }), false);
  deepEqual(pigeon.calls, ['post C-TREASURY']);
});

test('who waits for its platform keeps what it has begun to post, however long that takes', async () => {
  const pigeon = createPigeon();
  const { batchId } = await asked('treasury');
  let answer = (): void => undefined;
  const slow = {
    ...pigeon,
    post: async (...what: Parameters<Pigeon['post']>) => {
      await new Promise<void>((resume) => {
        answer = resume;
      });
      return pigeon.post(...what);
    },
  };
  const posting = delivering(slow)('showCards', { batchId });
  await sleep(LONGER_THAN_HELD_MS);
  await rejects(delivering(pigeon)('showCards', { batchId }), /another attempt may be posting/);
  answer();
  await posting;
  deepEqual(pigeon.calls, ['post C-TREASURY']);
});

test('a call that failed leaves no claim behind', async () => {
  const pigeon = createPigeon();
  const { batchId } = await asked('treasury');
  pigeon.faults.set('C-TREASURY', new ChannelFault('unavailable', 'down'));
  await rejects(delivering(pigeon)('showCards', { batchId }), /down/);
  pigeon.faults.clear();
  await delivering(pigeon)('showCards', { batchId });
  deepEqual(pigeon.calls, ['post C-TREASURY', 'post C-TREASURY']);
});

test('a card that was refused for a while is edited where it stands once there is news', async () => {
  const pigeon = createPigeon();
  const deliver = delivering(pigeon);
  const approval = await asked('treasury');
  const { batchId } = approval;
  await deliver('showCards', { batchId });
  const kicked = new ChannelFault('refused', 'we were taken out of the channel');
  for (const name of ['m1', 'C-TREASURY']) pigeon.faults.set(name, kicked);
  await settle(approval, 'approved');
  equal((await deliver('showCards', { batchId })).refused.length, 1);
  equal((await deliver('showCards', { batchId })).refused.length, 0, 'not tried again without news');
  pigeon.faults.clear();
  const outcome = { kind: 'failed', reason: 'the shop is closed' } as const;
  const { conversationId, actionId } = approval;
  await stage.store.record([anEntry(conversationId, actionId, 'settled', { kind: 'settled', outcome })]);
  deepEqual(await deliver('showCards', { batchId }), { done: 1, refused: [] });
  equal(cardsOf(pigeon)[0]?.asks[0]?.end, 'approved');
});

test('a place into which nobody has let us yet is tried again, and holds up no other of that channel', async () => {
  const pigeon = createPigeon();
  const { batchId } = await asked('finance', { escalation: [{ group: 'treasury', fromMs: 0 }] });
  for (const to of ['C-TREASURY', 'FINN']) pigeon.faults.set(to, new ChannelFault('not_let_in', 'invite me'));
  await rejects(delivering(pigeon)('showCards', { batchId }), { type: 'ChannelUnavailable' });
  deepEqual(pigeon.calls, ['post C-TREASURY', 'post FINN', 'post OLGA']);
  pigeon.faults.clear();
  await delivering(pigeon)('showCards', { batchId });
  deepEqual(pigeon.calls.slice(3), ['post C-TREASURY', 'post FINN']);
});

test('what cannot be shown at one place is refused there, on record, and shown at the others', async () => {
  const pigeon = createPigeon();
  const render = (): string => {
    throw new Error('a short card must fit');
  };
  const odd = { ...createPigeon(), name: 'odd', render };
  const approval = await asked('treasury', { escalation: [{ group: 'finance', fromMs: 0 }] });
  const addresses = { treasury: { odd: 'C-ODD' }, finance: { pigeon: 'C-FINANCE' } };
  const { showCards } = stage.activities({ directory: { ...directory, addresses }, senders: [odd, pigeon] });
  const { batchId } = approval;
  const { refused } = (await new MockActivityEnvironment().run(showCards, { batchId })) as Delivered;
  match(refused.join(), /odd C-ODD: odd cannot show it: a short card must fit/);
  equal(pigeon.calls.includes('post C-FINANCE'), true);
  const kinds = (await stage.store.ledger.ofSubject(approval.id)).map(({ fact }) => fact.kind);
  equal(kinds.includes('card_not_shown'), true);
});

test('a place that wants us to wait an hour is not called before; other channels are brought up to date meanwhile', async () => {
  let nowMs = 0;
  const pigeon = createPigeon();
  const sender = patient(pigeon, () => nowMs);
  const address = { to: 'C1', thread: '' };
  pigeon.faults.set('C1', new ChannelFault('rate_limited', 'slow down', 3_600_000));
  await rejects(sender.post(address, '{}'), { kind: 'rate_limited' });
  pigeon.faults.clear();
  nowMs = 3_599_999;
  await rejects(sender.post(address, '{}'), { kind: 'later', retryAfterMs: 1 });
  await sender.post({ to: 'C2', thread: '' }, '{}');
  nowMs = 3_600_000;
  await sender.post(address, '{}');
  deepEqual(pigeon.calls, ['post C1', 'post C2', 'post C1']);

  const slow = createPigeon();
  slow.faults.set('C-TREASURY', new ChannelFault('rate_limited', 'slow down', 3_600_000));
  const { batchId } = await asked('treasury');
  await rejects(delivering(slow)('showCards', { batchId }), { nextRetryDelay: 30_000 });
});
