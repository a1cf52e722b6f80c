import { deepEqual, equal } from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { defineDirectory } from 'countersign';
import { createFarSide, createTestAgent, directory as people } from '../support/far-side.ts';
import { createPigeon } from '../support/pigeon.ts';
import { eventually, obedient, startSystem, type System } from '../support/system.ts';
import { startTimeSkipping } from '../support/temporal.ts';

const pigeon = createPigeon({ textChars: 400 });
const directory = defineDirectory({
  ...people,
  people: people.people.map((one) => (one.id === 'lena' ? { ...one, channels: { pigeon: 'LENA' } } : one)),
  addresses: { finance: { pigeon: 'C-FINANCE' } },
});
let temporal: TestWorkflowEnvironment;
let system: System;

before(async () => {
  temporal = await startTimeSkipping();
  const agent = createTestAgent(createFarSide());
  system = await startSystem({ temporal, agent, directory, script: obedient, senders: [pigeon] });
});
after(async () => {
  await system?.stop();
  await temporal?.teardown();
});

const standing = (to: string) => [...pigeon.standing.values()].filter((one) => one.to === to);
const textsIn = (to: string): readonly string[] =>
  standing(to).flatMap(({ message }) => (message.kind === 'text' ? [message.text.split('\n')[0] ?? ''] : []));
const endsIn = (to: string): readonly string[] =>
  standing(to).flatMap(({ message }) => (message.kind === 'card' ? message.card.asks.map(({ end }) => end) : []));
const soon = (what: string, isSo: () => boolean) => eventually(async () => (isSo() ? true : undefined), what);

test('a card that is escalated reaches the next group, everybody is reminded, and all cards end as one', async () => {
  await system.open('c-long');
  await system.submit('c-long', 'm1', 'pay 77');
  await system.reply('c-long', 'm1');
  const approval = await system.approval('c-long:1:0.0.0');
  await soon('a card', () => endsIn('C-FINANCE').length === 1);
  deepEqual(endsIn('LENA'), []);
  await temporal.sleep('11 days');
  await soon('the card of the next group', () => endsIn('LENA').length === 1);
  await temporal.sleep('18 days');
  await soon('two reminders', () => textsIn('LENA').length === 2);
  const until = new Date(approval.deadlineMs).toISOString().slice(0, 16).replace('T', ' ');
  const said = ['Half', 'Nearly all'].map(
    (part) => `${part} of the time to answer is over. This waits until ${until} UTC; then it is denied by itself.`,
  );
  deepEqual([textsIn('C-FINANCE'), textsIn('LENA')], [said, said]);
  await temporal.sleep('2 days');
  await system.approvalEnd(approval.id, 'expired');
  await soon('the end on all cards', () =>
    [...endsIn('C-FINANCE'), ...endsIn('LENA')].every((end) => end === 'expired'),
  );
  equal(endsIn('C-FINANCE').length + endsIn('LENA').length, 2);
});
