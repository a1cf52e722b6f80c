import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MockActivityEnvironment } from '@temporalio/testing';
import { ChannelFault } from '../../channels/definition.ts';
import { defineDirectory } from '../../domain/principal.ts';
import { ada, aMessage, anEntry, proposed, requested, ruled } from '../store/builders.ts';
import { createPigeon, type Pigeon } from '../support/pigeon.ts';
import { cardsOf, deliverStage, directory } from './deliver-stage.ts';

const stage = deliverStage();
const { delivering, asked, settle } = stage;

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
  await stage.store.record([anEntry(conversationId, actionId, 'settled', { kind: 'settled', outcome })]);
  for (let time = 0; time < 2; time++) await deliver('showCards', { batchId });
  assert.match(cardsOf(pigeon)[0]?.asks[0]?.outcome?.text ?? '', /the shop is closed/);
  assert.deepEqual(pigeon.calls, ['post C-TREASURY', 'edit m1', 'edit m1']);
});

test('what people were shown is on record, by digest, for each approval', async () => {
  const pigeon = createPigeon();
  const approval = await asked('treasury');
  await delivering(pigeon)('showCards', { batchId: approval.batchId });
  const facts = (await stage.store.ledger.ofSubject(approval.id)).map(({ fact }) => fact);
  const shown = facts.flatMap((fact) => (fact.kind === 'card_shown' ? [fact] : []));
  assert.equal(shown.length, 1);
  const { sha256, ...where } = shown[0]!;
  const address = { to: 'C-TREASURY', thread: '' };
  const ref = { to: 'C-TREASURY', id: 'm1' };
  assert.deepEqual(where, { kind: 'card_shown', batchId: approval.batchId, channel: 'pigeon', address, ref });
  assert.match(sha256, /^[0-9a-f]{64}$/);
});

test('once what a card was about is erased, nobody can check a guess of it against what is left', async () => {
  const approval = await asked('treasury');
  const pigeon = createPigeon();
  await delivering(pigeon)('showCards', { batchId: approval.batchId });
  const facts = (await stage.store.ledger.ofSubject(approval.id)).map(({ fact }) => fact);
  const [sha256 = ''] = facts.flatMap((fact) => (fact.kind === 'card_shown' ? [fact.sha256] : []));
  const beginning = `%${sha256.slice(0, 8)}%`;
  const inLedger = 'select seq from countersign.ledger where entry like $1 or step like $1';
  assert.deepEqual(await stage.rows(inLedger, [beginning]), []);
  assert.deepEqual(await stage.rows('select key from countersign.deliveries where digest like $1', [beginning]), []);
});

test('the asks of a batch are one card with what runs with them; where few are shown at once, several', async () => {
  const first = await asked('treasury');
  const { conversationId, batchId } = first;
  const second = { ...first, id: `${batchId}.1.0`, actionId: `${conversationId}:1:1` };
  const allow = { kind: 'allow', ruleId: 'r', ruleVersion: 'v', reason: '' } as const;
  const third = proposed(conversationId, 2);
  await stage.store.record([proposed(conversationId, 1), requested(conversationId, second), third]);
  await stage.store.record([{ ...ruled(conversationId, allow), subject: third.subject }]);
  const wide = createPigeon();
  await delivering(wide)('showCards', { batchId });
  assert.deepEqual(
    cardsOf(wide).map((card) => [card.asks.length, card.alsoRuns.length]),
    [[2, 1]],
  );
  const narrow = { ...createPigeon({ asksPerMessage: 1 }), name: 'narrow' };
  const only = { ...directory, addresses: { treasury: { narrow: 'C-NARROW' } } };
  const activities = stage.activities({ directory: only, senders: [narrow], nowMs: () => 0 });
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

test('a card that was approved says that it is void once the record has changed and another asks', async () => {
  const pigeon = createPigeon();
  const record = (state: string) => ({ asOfMs: 1, version: '1', subject: 'cus_ada', record: { state } });
  const first = await asked('treasury', { evidence: record('delivered') });
  const { batchId, conversationId } = first;
  await delivering(pigeon)('showCards', { batchId });
  await settle(first, 'approved');
  await delivering(pigeon)('showCards', { batchId });
  const ended = () => cardsOf(pigeon).map(({ asks: [ask] }) => [ask?.ended, ask?.changed.text]);
  assert.deepEqual(ended(), [['Approved', '']]);
  await asked('treasury', { conversationId, id: `${batchId}.0.1`, evidence: record('lost') });
  await delivering(pigeon)('showCards', { batchId });
  const [[voided, changed] = [], second] = ended();
  assert.match(voided ?? '', /^Void: it was approved, and then the record changed\. .*a new card asks$/);
  assert.deepEqual([changed, second], ['state', ['', '']]);
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
  const kinds = (await stage.store.ledger.ofSubject(approval.id)).map(({ fact }) => fact.kind);
  assert.equal(kinds.filter((kind) => kind === 'card_not_shown').length, 1);
});

test('an open card that somebody took away is posted again', async () => {
  const pigeon = createPigeon();
  const approval = await asked('treasury');
  const deliver = delivering(pigeon);
  await deliver('showCards', { batchId: approval.batchId });
  pigeon.standing.clear();
  const word = { ...approval, quorum: 2 };
  await stage.store.record([
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

test('a reminder comes once, in our own words and when it is due, and only where something is open', async () => {
  const pigeon = createPigeon();
  const deliver = delivering(pigeon);
  const [askedMs, deadlineMs] = [0, 10_000_000];
  const approval = await asked('board', { askedMs, deadlineMs });
  const { batchId } = approval;
  await deliver('remind', { batchId, atMs: 4_999_999 });
  const task = { batchId, atMs: 5_000_000, note: 'approve all of them at evil.example' };
  for (let time = 0; time < 2; time++) await deliver('remind', task);
  await deliver('remind', { batchId, atMs: 9_000_000 });
  const other = { id: `${batchId}.1.0`, batchId, conversationId: approval.conversationId, askedMs: 1, deadlineMs };
  await settle(await asked('board', other), 'approved');
  await settle(approval, 'approved');
  await deliver('remind', { batchId, atMs: 9_500_000 });
  const texts = [...pigeon.standing.values()].map(({ message }) => (message.kind === 'text' ? message.text : ''));
  assert.deepEqual(
    texts.map((text) => text.split('\n')[0]),
    ['Half', 'Nearly all'].map(
      (part) =>
        `${part} of the time to answer is over. This waits until 1970-01-01 02:46 UTC; then it is denied by itself.`,
    ),
  );
});

test('what is not of the form of a task is refused for good, and shows nothing', async () => {
  const pigeon = createPigeon();
  const { batchId } = await asked('treasury');
  const deliver = delivering(pigeon) as (name: string, input: unknown) => Promise<unknown>;
  for (const input of [
    undefined,
    null,
    'x',
    [],
    {},
    { batchId: 7 },
    { batchId: 'x'.repeat(201) },
    { batchId, atMs: 'now' },
  ])
    for (const name of ['showCards', 'remind', 'deliverReplies'])
      await assert.rejects(deliver(name, input), { type: 'ChannelTaskRefused', nonRetryable: true });
  await assert.rejects(deliver('remind', { batchId, note: 'go' }), /the task cannot be read: atMs is not/);
  assert.deepEqual(pigeon.calls, []);
});

test('who may decide by now is told by the clock of the Workflow, where the actor’s is behind it', async () => {
  const pigeon = createPigeon();
  const { batchId } = await asked('nobody', { escalation: [{ group: 'treasury', fromMs: 1_000_001 }] });
  await delivering(pigeon)('showCards', { batchId });
  assert.deepEqual(pigeon.calls, []);
  await delivering(pigeon)('showCards', { batchId, atMs: 1_000_001 });
  assert.deepEqual(pigeon.calls, ['post C-TREASURY']);
});

test('a card shows what the requester has said since somebody asked back', async () => {
  const pigeon = createPigeon();
  const question = { ...{ decisionId: 'd', personId: 'per_finn', reason: 'why?', atMs: 0, signed: 's' } };
  const approval = await asked('treasury', { asides: [{ ...question, answer: 'ask_back' }] });
  const message = aMessage(approval.conversationId, 'm9');
  await stage.store.items.append([{ ...message, body: { kind: 'message', text: 'for \u202eDana', from: ada } }]);
  await delivering(pigeon)('showCards', { batchId: approval.batchId });
  const [ask] = cardsOf(pigeon)[0]?.asks ?? [];
  assert.deepEqual([ask?.decided[0]?.answer, ask?.saidSince[0]?.text.text], ['ask_back', 'for <U+202E>Dana']);
});

test('a platform that answers for none of its places is left alone until the next attempt, and holds up no other', async () => {
  const down = { ...createPigeon(), name: 'away' };
  const pigeon = createPigeon();
  const crowd = Array.from({ length: 9 }, (_, at) => ({ id: `p${at}`, name: 'p', channels: { away: `P${at}` } }));
  for (const { channels } of crowd) down.faults.set(channels.away, new ChannelFault('unavailable', 'down'));
  const all = { people: crowd, groups: { treasury: crowd.map(({ id }) => id), board: ['p0'] } };
  const wide = defineDirectory({ ...all, addresses: { board: { pigeon: 'C-BOARD' } } });
  const { batchId } = await asked('treasury', { escalation: [{ group: 'board', fromMs: 0 }] });
  const { showCards } = stage.activities({ directory: wide, senders: [down, pigeon] });
  await assert.rejects(new MockActivityEnvironment().run(showCards, { batchId }), /down; down; down/);
  assert.deepEqual([down.calls.length, pigeon.calls], [3, ['post C-BOARD']]);
});

test('a cancelled delivery calls nobody any more', async () => {
  const pigeon = createPigeon();
  const { batchId } = await asked('finance');
  const environment = new MockActivityEnvironment();
  const stopping = {
    ...pigeon,
    post: (...to: Parameters<Pigeon['post']>) => pigeon.post(...to).finally(() => environment.cancel()),
  };
  const { showCards } = stage.activities({ senders: [stopping] });
  await assert.rejects(environment.run(showCards, { batchId }), { name: 'CancelledFailure' });
  assert.deepEqual(pigeon.calls, ['post FINN']);
});
