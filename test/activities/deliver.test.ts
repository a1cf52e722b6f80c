import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { MockActivityEnvironment } from '@temporalio/testing';
import pino from 'pino';
import { createDeliverActivities } from '../../activities/actor/deliver.ts';
import { ChannelFault } from '../../channels/definition.ts';
import type { Delivered, DeliverActivities } from '../../domain/activity-ports.ts';
import type { Approval } from '../../domain/approval.ts';
import type { Card } from '../../domain/card.ts';
import { defineDirectory } from '../../domain/principal.ts';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../store/embedded.ts';
import type { Store } from '../../store/ports.ts';
import { openStore } from '../../store/store.ts';
import {
  ada,
  aConversationId,
  anApproval,
  anEntry,
  aReply,
  opened,
  proposed,
  requested,
  ruled,
} from '../store/builders.ts';
import { createPigeon, type Pigeon } from '../support/pigeon.ts';

const directory = defineDirectory({
  people: [
    { id: 'per_finn', name: 'Finn Berger', channels: { pigeon: 'FINN' } },
    { id: 'per_olga', name: 'Olga Lind', channels: { pigeon: 'OLGA' } },
    { id: 'cus_ada', name: 'Ada', channels: { pigeon: 'ADA' } },
    { id: 'per_tom', name: 'Tom, without a channel' },
  ],
  groups: { finance: ['per_finn', 'per_olga', 'cus_ada', 'per_tom'], treasury: ['per_finn'], nobody: [] },
  addresses: { treasury: { pigeon: 'C-TREASURY' } },
});

let folder: string;
let postgres: EmbeddedPostgres;
let store: Store;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'countersign-deliver-'));
  postgres = await startEmbeddedPostgres({ dataDir: folder });
  store = await openStore({ pool: postgres.poolConfig });
});
after(async () => {
  await store?.close();
  await postgres?.stop();
  await rm(folder, { recursive: true, force: true });
});

/** Run one of the Activities as a Worker would. */
function delivering(pigeon: Pigeon) {
  const activities = createDeliverActivities({
    ...{ store, directory, senders: [pigeon], nowMs: () => 1_000_000, log: pino({ level: 'silent' }) },
  });
  return async <Name extends keyof DeliverActivities>(name: Name, input: Parameters<DeliverActivities[Name]>[0]) => {
    const run = activities[name] as (one: typeof input) => Promise<Delivered>;
    return (await new MockActivityEnvironment().run(run, input)) as Delivered;
  };
}

/** Put an approval on record, as a batch does before its card. */
async function asked(group: string, change: Partial<Approval> = {}): Promise<Approval> {
  const conversationId = change.conversationId ?? aConversationId();
  const approval = { ...anApproval(conversationId, group), ...change, conversationId };
  await store.record([opened(conversationId), proposed(conversationId), requested(conversationId, approval)]);
  return approval;
}

const settle = (approval: Approval, end: Approval['end']): Promise<void> =>
  store.record([
    anEntry(approval.conversationId, approval.id, 'settled', {
      kind: 'approval_settled',
      approval: { ...approval, end },
    }),
  ]);

const cardsOf = ({ standing }: Pigeon): readonly Card[] =>
  [...standing.values()].flatMap(({ message }) => (message.kind === 'card' ? [message.card] : []));

test('a card goes to the address of the group, or to each member in person but the one who asks', async () => {
  const [inGroup, inPerson] = [createPigeon(), createPigeon()];
  const { batchId } = await asked('treasury');
  assert.deepEqual(await delivering(inGroup)('showCards', { batchId }), { done: 1, refused: [] });
  assert.deepEqual(inGroup.calls, ['post C-TREASURY']);
  const other = await asked('finance');
  await delivering(inPerson)('showCards', { batchId: other.batchId });
  assert.deepEqual(inPerson.calls, ['post FINN', 'post OLGA']);
  const [card] = cardsOf(inPerson);
  assert.deepEqual(
    [card?.id, card?.asks[0]?.answers],
    [other.batchId, ['approve', 'deny', 'edit', 'withdraw', 'ask_back']],
  );
});

test('what stands right is left alone; what is decided, wherever, is edited in place to its outcome', async () => {
  const pigeon = createPigeon();
  const deliver = delivering(pigeon);
  const approval = await asked('treasury');
  const { batchId, actionId, conversationId } = approval;
  for (let time = 0; time < 3; time++) await deliver('showCards', { batchId });
  assert.equal(pigeon.calls.length, 1);
  await settle(approval, 'approved');
  await deliver('showCards', { batchId });
  assert.equal(cardsOf(pigeon)[0]?.asks[0]?.end, 'approved');
  const outcome = { kind: 'failed', reason: 'the shop is closed' } as const;
  await store.record([anEntry(conversationId, actionId, 'settled', { kind: 'settled', outcome })]);
  for (let time = 0; time < 2; time++) await deliver('showCards', { batchId });
  assert.match(cardsOf(pigeon)[0]?.asks[0]?.outcome?.text ?? '', /the shop is closed/);
  assert.deepEqual(pigeon.calls, ['post C-TREASURY', 'edit m1', 'edit m1']);
});

test('what people were shown is on record, by digest, for each approval', async () => {
  const pigeon = createPigeon();
  const approval = await asked('treasury');
  await delivering(pigeon)('showCards', { batchId: approval.batchId });
  const facts = (await store.ledger.ofSubject(approval.id)).map(({ fact }) => fact);
  const shown = facts.flatMap((fact) => (fact.kind === 'card_shown' ? [fact] : []));
  assert.equal(shown.length, 1);
  const { sha256, ...where } = shown[0]!;
  const address = { to: 'C-TREASURY', thread: '' };
  const ref = { to: 'C-TREASURY', id: 'm1' };
  assert.deepEqual(where, { kind: 'card_shown', batchId: approval.batchId, channel: 'pigeon', address, ref });
  assert.match(sha256, /^[0-9a-f]{64}$/);
});

test('the asks of a batch are one card with what runs with them; where few are shown at once, several', async () => {
  const first = await asked('treasury');
  const { conversationId, batchId } = first;
  const second = { ...first, id: `${batchId}.1.0`, actionId: `${conversationId}:1:1` };
  const allow = { kind: 'allow', ruleId: 'r', ruleVersion: 'v', reason: '' } as const;
  const third = proposed(conversationId, 2);
  await store.record([proposed(conversationId, 1), requested(conversationId, second), third]);
  await store.record([{ ...ruled(conversationId, allow), subject: third.subject }]);
  const wide = createPigeon();
  await delivering(wide)('showCards', { batchId });
  assert.deepEqual(
    cardsOf(wide).map((card) => [card.asks.length, card.alsoRuns.length]),
    [[2, 1]],
  );
  const narrow = { ...createPigeon({ asksPerMessage: 1 }), name: 'narrow' };
  const only = { ...directory, addresses: { treasury: { narrow: 'C-NARROW' } } };
  const log = pino({ level: 'silent' });
  const activities = createDeliverActivities({ store, directory: only, senders: [narrow], nowMs: () => 0, log });
  await new MockActivityEnvironment().run(activities.showCards, { batchId });
  assert.deepEqual(
    cardsOf(narrow).map((card) => card.asks.map((ask) => ask.approvalId)),
    [[first.id], [second.id]],
  );
});

test('what is asked anew is a new message, and the void one says so', async () => {
  const pigeon = createPigeon();
  const first = await asked('treasury');
  await delivering(pigeon)('showCards', { batchId: first.batchId });
  await settle(first, 'superseded');
  await asked('treasury', { conversationId: first.conversationId, id: `${first.batchId}.0.1` });
  await delivering(pigeon)('showCards', { batchId: first.batchId });
  assert.deepEqual(pigeon.calls, ['post C-TREASURY', 'edit m1', 'post C-TREASURY']);
  assert.deepEqual(
    cardsOf(pigeon).map((card) => card.asks[0]?.end),
    ['superseded', 'open'],
  );
});

test('what is already over is posted to nobody', async () => {
  const pigeon = createPigeon();
  const approval = await asked('treasury');
  await settle(approval, 'cancelled');
  assert.deepEqual(await delivering(pigeon)('showCards', { batchId: approval.batchId }), { done: 0, refused: [] });
  assert.deepEqual(await delivering(pigeon)('showCards', { batchId: 'no-such:1:0' }), { done: 0, refused: [] });
  assert.deepEqual(pigeon.calls, []);
});

test('a place that refuses is told, on record, and not tried again; it holds up no other', async () => {
  const pigeon = createPigeon();
  pigeon.faults.set('FINN', new ChannelFault('refused', 'he has blocked us'));
  const approval = await asked('finance');
  const deliver = delivering(pigeon);
  const { done, refused } = await deliver('showCards', { batchId: approval.batchId });
  assert.deepEqual([done, refused], [1, ['pigeon FINN: he has blocked us']]);
  await settle(approval, 'denied');
  await deliver('showCards', { batchId: approval.batchId });
  assert.deepEqual(pigeon.calls, ['post FINN', 'post OLGA', 'edit m2']);
  const kinds = (await store.ledger.ofSubject(approval.id)).map(({ fact }) => fact.kind);
  assert.equal(kinds.filter((kind) => kind === 'card_not_shown').length, 1);
});

test('an open card that somebody took away is posted again', async () => {
  const pigeon = createPigeon();
  const approval = await asked('treasury');
  const deliver = delivering(pigeon);
  await deliver('showCards', { batchId: approval.batchId });
  pigeon.standing.clear();
  const word = { ...approval, quorum: 2 };
  await store.record([
    anEntry(approval.conversationId, approval.id, 'settled', { kind: 'approval_settled', approval: word }),
  ]);
  await deliver('showCards', { batchId: approval.batchId });
  assert.deepEqual(pigeon.calls, ['post C-TREASURY', 'edit m1', 'post C-TREASURY']);
});

test('a platform that wants us to wait is tried again when it says, and only where it did not get through', async () => {
  const pigeon = createPigeon();
  pigeon.faults.set('FINN', new ChannelFault('rate_limited', 'slow down', 7_000));
  const { batchId } = await asked('finance');
  const deliver = delivering(pigeon);
  await assert.rejects(
    deliver('showCards', { batchId }),
    (error: Error & { type?: string; nextRetryDelay?: unknown }) => {
      assert.deepEqual([error.type, error.nextRetryDelay], ['ChannelRateLimited', 7_000]);
      return true;
    },
  );
  pigeon.faults.clear();
  await deliver('showCards', { batchId });
  assert.deepEqual(pigeon.calls, ['post FINN', 'post OLGA', 'post FINN']);
});

test('a reminder comes once for each note, and only where something is open', async () => {
  const pigeon = createPigeon();
  const deliver = delivering(pigeon);
  const approval = await asked('treasury');
  const { batchId } = approval;
  for (let time = 0; time < 2; time++) await deliver('remind', { batchId, note: 'half of the time is over' });
  await deliver('remind', { batchId, note: 'last call' });
  await settle(approval, 'approved');
  await deliver('remind', { batchId, note: 'too late' });
  const texts = [...pigeon.standing.values()].map(({ message }) => (message.kind === 'text' ? message.text : ''));
  assert.deepEqual(
    texts.map((text) => text.split('\n')[0]),
    ['half of the time is over', 'last call'],
  );
});

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
  await store.record([anEntry(id, id, 'opened', fact)]);
  const long = { kind: 'reply', text: `${'a'.repeat(39)}😀${'b'.repeat(10)} \u202E`, by: 'model' } as const;
  const staff = {
    kind: 'staff_reply',
    text: 'I am Olga',
    from: { id: 'per_olga', name: 'Olga', tenant: 'default' },
  } as const;
  await store.items.append([aReply(id, 1), { ...aReply(id, 2), body: long }, { ...aReply(id, 3), body: staff }]);
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
  await store.record([anEntry(id, id, 'opened', fact)]);
  await store.items.append([aReply(id, 1), aReply(id, 2)]);
  pigeon.faults.set('C2', new ChannelFault('unavailable', 'down'));
  await assert.rejects(deliver('deliverReplies', { conversationId: id }), /down/);
  pigeon.faults.clear();
  assert.equal((await deliver('deliverReplies', { conversationId: id })).done, 2);
  assert.deepEqual(await deliver('deliverReplies', { conversationId: (await asked('treasury')).conversationId }), {
    done: 0,
    refused: [],
  });
});
