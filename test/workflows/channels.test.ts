import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { defineDirectory } from 'countersign';
import { ChannelFault } from '../../channels/definition.ts';
import type { CardAsk } from '../../domain/card.ts';
import { CONVERSATION } from '../../domain/protocol.ts';
import { createFarSide, createTestAgent, directory as people } from '../support/far-side.ts';
import { createPigeon } from '../support/pigeon.ts';
import { eventually, obedient, startSystem, type System } from '../support/system.ts';
import { startTemporal } from '../support/temporal.ts';

const far = createFarSide();
const pigeon = createPigeon();
/** How long a call takes, by where it goes, ms. */
const takesMs = new Map<string, number>();
const slow = {
  ...pigeon,
  async post(...[address, rendered]: Parameters<typeof pigeon.post>) {
    await wait(takesMs.get(address.to) ?? 0);
    return pigeon.post(address, rendered);
  },
};
const directory = defineDirectory({
  ...people,
  people: people.people.map((one) => (one.id === 'olga' ? { ...one, channels: { pigeon: 'OLGA' } } : one)),
  addresses: { finance: { pigeon: 'C-FINANCE' } },
});
let temporal: TestWorkflowEnvironment;
let system: System;

before(async () => {
  // The server suggests Continue-As-New after 30 events, so that a few turns renew the history several times.
  temporal = await startTemporal('limit.historyCount.suggestContinueAsNew=30');
  system = await startSystem({ temporal, agent: createTestAgent(far), directory, script: obedient, senders: [slow] });
});
after(async () => {
  await system?.stop();
  await temporal?.teardown();
});

interface Standing {
  readonly id: string;
  readonly asks: readonly CardAsk[];
}

/** The cards that stand for a batch, oldest first. */
const cards = (batchId: string): readonly Standing[] =>
  [...pigeon.standing.entries()].flatMap(([id, { message }]) =>
    message.kind === 'card' && message.card.id === batchId ? [{ id, asks: message.card.asks }] : [],
  );

const card = (batchId: string, fits: (ask: CardAsk) => boolean, what: string): Promise<Standing> =>
  eventually(async () => cards(batchId).find(({ asks: [first] }) => first !== undefined && fits(first)), what);

const texts = (to: string): readonly string[] =>
  [...pigeon.standing.values()].flatMap((one) =>
    one.to === to && one.message.kind === 'text' ? [one.message.text] : [],
  );

async function ask(id: string, text: string) {
  await system.open(id);
  await system.submit(id, 'm1', text);
  return system.approval(`${id}:1:0.0.0`);
}

test('a card is posted before anyone decides, and edited to what became of it, wherever that was decided', async () => {
  const approval = await ask('c-card', 'pay 60000');
  const posted = await card('c-card:1:0', ({ end, decided }) => end === 'open' && decided.length === 0, 'a card');
  await system.decide(approval, 'finn', 'approve');
  await card('c-card:1:0', ({ decided }) => decided.length === 1, 'the first decision');
  await system.decide(approval, 'olga', 'approve');
  const last = await card('c-card:1:0', ({ outcome }) => outcome !== null, 'the outcome');
  deepEqual([last.id, last.asks[0]?.end, cards('c-card:1:0').length], [posted.id, 'approved', 1]);
  match(last.asks[0]?.outcome?.text ?? '', /^Done/);
});

test('what is denied, edited and asked anew shows so, each in its own message', async () => {
  await system.decide(await ask('c-deny', 'pay 72'), 'finn', 'deny', { reason: 'not in March' });
  const denied = await card('c-deny:1:0', ({ end }) => end === 'denied', 'the denial');
  equal(denied.asks[0]?.decided[0]?.reason.text, 'not in March');
  await system.decide(await ask('c-edit', 'pay 73'), 'finn', 'edit', { args: '{"cents":71,"order":1042}' });
  await card('c-edit:1:0', ({ end }) => end === 'superseded', 'the void card');
  await card('c-edit:1:0', ({ end, fields }) => end === 'open' && fields[0]?.value.text === '71', 'the new one');
});

test('a card that was approved is void once the record has changed: it says so, and what then came of it stands on the new one', async () => {
  const first = await ask('c-void', 'pay 74');
  await card('c-void:1:0', ({ end }) => end === 'open', 'a card');
  far.record.state = 'returned';
  await system.decide(first, 'finn', 'approve');
  const second = await system.approval('c-void:1:0.0.1');
  await card(
    'c-void:1:0',
    ({ ended }) => ended.startsWith('Void: it was approved, and then the record changed'),
    'the void one',
  );
  await system.decide(second, 'finn', 'approve');
  await card(
    'c-void:1:0',
    () => cards('c-void:1:0')[1]?.asks[0]?.outcome?.text === 'Done.',
    'the outcome on the new one',
  );
  far.record.state = 'delivered';
  const [ask1, ask2] = cards('c-void:1:0').map(({ asks }) => asks[0]);
  deepEqual([ask1?.changed.text, ask1?.outcome, ask2?.ended], ['state', null, 'Approved']);
});

test('a question is a card, which shows what a person has answered', async () => {
  far.record.fail = 'throw';
  await system.open('c-question');
  await system.submit('c-question', 'm1', 'note 7');
  await system.reply('c-question', 'm1');
  far.record.fail = '';
  const question = await system.approval('c-question:1:0.question.0.0');
  await card(question.batchId, ({ end }) => end === 'open', 'the question');
  await system.decide(question, 'olga', 'happened');
  await card(question.batchId, ({ end }) => end === 'happened', 'the answer');
});

test('what people say of an unknown outcome stands on the card on which the action was approved', async () => {
  const approval = await ask('c-unknown', 'pay 77');
  await card('c-unknown:1:0', ({ end }) => end === 'open', 'a card');
  far.record.fail = 'throw';
  await system.decide(approval, 'finn', 'approve');
  const question = await system.approval('c-unknown:1:0.question.0.0');
  far.record.fail = '';
  const outcome = (words: RegExp) => (one: CardAsk) => words.test(one.outcome?.text ?? '');
  await card('c-unknown:1:0', outcome(/may not have happened/), 'that it is unknown');
  await system.decide(question, 'olga', 'happened');
  await card('c-unknown:1:0', outcome(/^Done/), 'that it happened');
});

test('whoever asks back sees on the card what the requester says, as soon as it is said', async () => {
  const approval = await ask('c-back', 'pay 75');
  await card('c-back:1:0', ({ end }) => end === 'open', 'a card');
  await system.decide(approval, 'finn', 'ask_back', { reason: 'for whom?' });
  await card('c-back:1:0', ({ decided }) => decided[0]?.answer === 'ask_back', 'the question');
  await system.reportReply('c-back');
  await system.submit('c-back', 'm2', 'for Dana');
  await card('c-back:1:0', ({ saidSince }) => saidSince.some(({ text }) => text.text === 'for Dana'), 'the answer');
  await system.decide(approval, 'finn', 'approve');
  await card('c-back:1:0', ({ outcome }) => outcome !== null, 'the outcome');
});

test('a batch that an operator has terminated is shown as cancelled with the next message', async () => {
  await ask('c-gone', 'pay 76');
  await card('c-gone:1:0', ({ end }) => end === 'open', 'a card');
  await temporal.client.workflow.getHandle('action/c-gone:1:0').terminate('by mistake');
  await system.submit('c-gone', 'm2', 'hello');
  await card('c-gone:1:0', ({ end }) => end === 'cancelled', 'the end');
});

test('its card catches up once its channel is back, though the run that saw it end was renewed or the conversation closed', async () => {
  const ends = ['c-gone-renewed', 'c-gone-closed'] as const;
  const stood = new Map<string, string>();
  for (const id of ends) {
    await ask(id, 'pay 77');
    const { id: posted } = await card(`${id}:1:0`, ({ end }) => end === 'open', 'a card');
    pigeon.faults.set(posted, new ChannelFault('unavailable', 'down'));
    stood.set(id, posted);
    await temporal.client.workflow.getHandle(`action/${id}:1:0`).terminate('by mistake');
    await system.submit(id, 'm2', 'hello');
    await system.reply(id, 'm2');
  }
  const first = (await system.handle('c-gone-renewed').describe()).runId;
  for (let n = 3; n < 12; n++) {
    await system.submit('c-gone-renewed', `m${n}`, `word ${n}`);
    await system.reply('c-gone-renewed', `m${n}`);
  }
  equal((await system.handle('c-gone-renewed').describe()).runId === first, false, 'the history was renewed');
  await system.handle('c-gone-closed').executeUpdate(CONVERSATION.close);
  for (const id of ends) {
    equal(cards(`${id}:1:0`)[0]?.asks[0]?.end, 'open');
    pigeon.faults.delete(stood.get(id) ?? '');
    const ended = async () => (cards(`${id}:1:0`)[0]?.asks[0]?.end === 'cancelled' ? true : undefined);
    await eventually(ended, 'the end', 45_000); // the next try comes within half a minute
  }
  await system.handle('c-gone-closed').result();
});

test('a channel that is away holds up no decision, no act and no report; the card catches up once it is back', async () => {
  const approval = await ask('c-away', 'pay 74');
  const { id } = await card('c-away:1:0', ({ end }) => end === 'open', 'a card');
  pigeon.faults.set(id, new ChannelFault('unavailable', 'down'));
  const fromMs = Date.now();
  await system.decide(approval, 'finn', 'approve');
  match(await system.reportReply('c-away'), /pay 74 for order 1042: succeeded/);
  const tookMs = Date.now() - fromMs;
  ok(tookMs < 10_000, `${tookMs} ms`);
  equal(cards('c-away:1:0')[0]?.asks[0]?.end, 'open');
  pigeon.faults.delete(id);
  await card('c-away:1:0', ({ end, outcome }) => end === 'approved' && outcome !== null, 'the outcome');
});

test('the replies of a conversation reach its channel, each once and in order, however often the run is renewed', async () => {
  const to = 'C-TALK';
  takesMs.set(to, 300);
  await system.open('c-talk', { name: 'pigeon', address: { to, thread: '' } });
  const first = (await system.handle('c-talk').describe()).runId;
  for (let n = 0; n < 20; n++) await system.submit('c-talk', `m${n}`, `word ${n}`, n % 2 === 0 ? 'ada' : 'bob');
  await system.reply('c-talk', 'm19');
  equal((await system.handle('c-talk').describe()).runId === first, false, 'the history was renewed');
  const replies = async () =>
    (await system.transcript('c-talk')).filter((line) => line.startsWith('reply: ')).map((line) => line.slice(7));
  const said = await replies();
  const all = async () => (texts(to).length >= said.length ? true : undefined);
  await eventually(all, 'all replies', 60_000);
  await wait(2_000); // what is sent twice would come now
  deepEqual(texts(to), await replies());
});

test('a channel that is away holds up no turn, and loses no reply', async () => {
  const to = 'C-DOWN';
  pigeon.faults.set(to, new ChannelFault('unavailable', 'down'));
  await system.open('c-down', { name: 'pigeon', address: { to, thread: '' } });
  for (let n = 0; n < 3; n++) {
    await system.submit('c-down', `m${n}`, `word ${n}`);
    equal(await system.reply('c-down', `m${n}`), `you said: word ${n}`);
  }
  pigeon.faults.delete(to);
  await eventually(async () => (texts(to).length === 3 ? true : undefined), 'the replies', 60_000);
  deepEqual(
    texts(to),
    [0, 1, 2].map((n) => `you said: word ${n}`),
  );
});
