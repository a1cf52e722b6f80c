// Reminders at one place: what falls due at about the same time rings once, however many wait, and nothing is left out.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ChannelFault } from '../../channels/definition.ts';
import type { Approval } from '../../domain/approval.ts';
import { anEntry } from '../store/builders.ts';
import { createPigeon, type Pigeon } from '../support/pigeon.ts';
import { cardsOf, deliverStage } from './deliver-stage.ts';

const stage = deliverStage();
const { delivering, settle } = stage;

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** A day for each test, as all are told at one place; asked for an hour, so half and nine tenths are over by then. */
function aDay(nth: number) {
  const askedMs = nth * 24 * HOUR_MS;
  const asked = (group = 'treasury', minutes = 60) =>
    stage.asked(group, { askedMs, deadlineMs: askedMs + minutes * MINUTE_MS });
  return { asked, halfMs: askedMs + 31 * MINUTE_MS, lateMs: askedMs + 55 * MINUTE_MS };
}

const textsOf = ({ standing }: Pigeon): readonly string[] =>
  [...standing.values()].flatMap(({ message }) => (message.kind === 'text' ? [message.text] : []));
const rang = ({ calls }: Pigeon): number => calls.filter((call) => call.startsWith('post')).length;

/** As a Worker would: what is told to come again comes again. */
async function remindAll(pigeon: Pigeon, batches: readonly Approval[], atMs: number): Promise<void> {
  const deliver = delivering(pigeon);
  const once = async ({ batchId }: Approval): Promise<Approval[]> =>
    deliver('remind', { batchId, atMs }).then(
      () => [],
      () => deliver('remind', { batchId, atMs }).then(() => []),
    );
  await Promise.all(batches.map(once));
}

test('two batches of which half the time is over ring once, and both are named; the end of each is told', async () => {
  const { asked, halfMs } = aDay(1);
  const pigeon = createPigeon({ textChars: 400 });
  const deliver = delivering(pigeon);
  const [first, second] = [await asked(), await asked('treasury', 50)];
  await deliver('remind', { batchId: first.batchId, atMs: halfMs });
  await deliver('remind', { batchId: second.batchId, atMs: halfMs + MINUTE_MS });
  assert.deepEqual(pigeon.calls, ['post C-TREASURY'], 'the first says all that is due by the record');
  assert.deepEqual(textsOf(pigeon)[0]?.split('\n'), [
    '2 wait here for an answer, and half of their time is over or more. The first ends 1970-01-02 00:50 UTC.',
    'refund order 1042 · 72.00 EUR · until 1970-01-02 00:50 UTC',
    'refund order 1042 · 72.00 EUR · until 1970-01-02 01:00 UTC',
  ]);
  // What falls due a little later is added where it stands, without a sound.
  const third = await asked('treasury', 65);
  await deliver('remind', { batchId: third.batchId, atMs: halfMs + 2 * MINUTE_MS });
  assert.deepEqual(pigeon.calls, ['post C-TREASURY', 'edit m1']);
  assert.match(textsOf(pigeon)[0] ?? '', /^3 wait here/);
  for (const one of [first, second, third]) await settle(one, 'denied');
});

test('the last call of an approval rings again, and so does what falls due after three minutes', async () => {
  const { asked, halfMs, lateMs } = aDay(2);
  const pigeon = createPigeon();
  const one = await asked();
  for (const atMs of [halfMs, halfMs + 1, lateMs]) {
    await delivering(pigeon)('remind', { batchId: one.batchId, atMs });
  }
  assert.deepEqual(
    textsOf(pigeon).map((text) => text.split(' of ')[0]),
    ['Half', 'Nearly all'],
  );
  await settle(one, 'approved');
});

test('a flood of two hundred rings two hundred times for its cards, and once for each reminder; none is left out', async () => {
  const { asked, halfMs, lateMs } = aDay(3);
  const pigeon = createPigeon();
  const flood: Approval[] = [];
  for (let nth = 0; nth < 200; nth++) flood.push(await asked());
  for (const { batchId } of flood) await delivering(pigeon)('showCards', { batchId });
  assert.equal(new Set(cardsOf(pigeon).map(({ id }) => id)).size, 200, 'each has its card');
  await remindAll(pigeon, flood.slice(0, 20), halfMs);
  for (const { batchId } of flood.slice(20)) await delivering(pigeon)('remind', { batchId, atMs: halfMs });
  assert.equal(textsOf(pigeon).length, 1);
  const [said, ...named] = textsOf(pigeon)[0]?.split('\n') ?? [];
  assert.match(said ?? '', /^200 wait here/);
  assert.deepEqual([named.length, named.at(-1)], [6, 'and 195 more']);
  await delivering(pigeon)('remind', { batchId: flood[7]!.batchId, atMs: lateMs });
  assert.deepEqual([textsOf(pigeon).length, rang(pigeon)], [2, 202]);
  for (const one of flood) await settle(one, 'expired');
});

test('a reminder that somebody took away is posted anew; one that is refused is not tried again', async () => {
  const { asked, halfMs, lateMs } = aDay(4);
  const pigeon = createPigeon();
  const [first, second] = [await asked(), await asked('treasury', 63)];
  const deliver = delivering(pigeon);
  await deliver('remind', { batchId: first.batchId, atMs: halfMs });
  pigeon.standing.clear();
  await deliver('remind', { batchId: second.batchId, atMs: halfMs + MINUTE_MS });
  assert.deepEqual(pigeon.calls, ['post C-TREASURY', 'edit m1', 'post C-TREASURY']);
  pigeon.faults.set('C-TREASURY', new ChannelFault('refused', 'the channel is archived'));
  for (let time = 0; time < 2; time++) {
    const late = { batchId: first.batchId, atMs: lateMs };
    await deliver('remind', late);
  }
  assert.deepEqual(pigeon.calls.slice(3), ['post C-TREASURY']);
  for (const one of [first, second]) await settle(one, 'denied');
});

test('who is not asked about what else waits is reminded of their own alone', async () => {
  const { asked, halfMs } = aDay(5);
  const pigeon = createPigeon();
  const [own, other] = [await asked(), await asked('finance')];
  await delivering(pigeon)('remind', { batchId: own.batchId, atMs: halfMs });
  assert.match(textsOf(pigeon).join(), /^Half of the time [^\n]*\nrefund order 1042 · 72.00 EUR$/);
  for (const one of [own, other]) await settle(one, 'denied');
});

test('who has approved it already is reminded no more; the others asked in person are, and whoever took it back', async () => {
  const { asked, halfMs, lateMs } = aDay(6);
  const pigeon = createPigeon();
  const one = await asked('finance');
  const word = { decisionId: 'd-1', personId: 'per_finn', reason: '', atMs: halfMs - MINUTE_MS, signed: 's' } as const;
  const standsAs = async (change: Partial<Approval>) => {
    const fact = { kind: 'approval_settled', approval: { ...one, quorum: 2, ...change } } as const;
    await stage.store.record([anEntry(one.conversationId, one.id, `stands:${JSON.stringify(change)}`, fact)]);
  };
  await standsAs({ decisions: [{ ...word, answer: 'approve' }] });
  await delivering(pigeon)('remind', { batchId: one.batchId, atMs: halfMs });
  assert.deepEqual(pigeon.calls, ['post OLGA']);
  await standsAs({ decisions: [], asides: [{ ...word, answer: 'withdraw' }] });
  await delivering(pigeon)('remind', { batchId: one.batchId, atMs: lateMs });
  assert.deepEqual(pigeon.calls.toSorted(), ['post FINN', 'post OLGA', 'post OLGA']);
  await settle(one, 'denied');
});

test('what stands at a shared address is reminded of there, whoever of the group has approved it', async () => {
  const { asked, halfMs } = aDay(7);
  const pigeon = createPigeon();
  const one = await asked();
  const word = {
    decisionId: 'd-1',
    personId: 'per_finn',
    reason: '',
    atMs: 1,
    signed: 's',
    answer: 'approve',
  } as const;
  const fact = { kind: 'approval_settled', approval: { ...one, quorum: 2, decisions: [word] } } as const;
  await stage.store.record([anEntry(one.conversationId, one.id, 'stands', fact)]);
  await delivering(pigeon)('remind', { batchId: one.batchId, atMs: halfMs });
  assert.deepEqual(pigeon.calls, ['post C-TREASURY']);
  await settle(one, 'denied');
});

test('what was found in the words of an action is said in its reminder, too', async () => {
  const askedMs = 8 * 24 * HOUR_MS;
  const pigeon = createPigeon();
  const one = await stage.asked('treasury', { askedMs, deadlineMs: askedMs + HOUR_MS, summary: 'pay \u202eada' });
  await delivering(pigeon)('remind', { batchId: one.batchId, atMs: askedMs + 31 * MINUTE_MS });
  assert.match(
    textsOf(pigeon).join(),
    /\npay <U\+202E>ada \(careful: characters that turn text around; each is written/,
  );
  await settle(one, 'denied');
});
