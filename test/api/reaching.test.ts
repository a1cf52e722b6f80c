// Open approvals that no channel shows anybody: the metrics count them, and the doctor says what to do.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { Approval } from '../../domain/approval.ts';
import type { Fact } from '../../domain/entry.ts';
import { slack } from '../../channels/slack.ts';
import { settings } from '../channels/slack-fixture.ts';
import { NOW_MS, type Served, serve } from './support/served.ts';

const listeningTo = (t: TestContext) => serve(t, {}, { receivers: [slack.receiver(settings)] });

const carded = async ({ store }: Served, { id, batchId, conversationId }: Approval, isShown: boolean) => {
  const of = { batchId, channel: 'slack', address: { to: 'C0FIN', thread: '' } } as const;
  const fact: Fact = isShown
    ? { kind: 'card_shown', ...of, ref: { to: 'C0FIN', id: '1' }, sha256: 'd' }
    : { kind: 'card_not_shown', ...of, reason: 'not_in_channel' };
  const step = `${fact.kind}:slack C0FIN :d`;
  await store.record([{ subject: id, step, conversationId, atMs: NOW_MS, fact }]);
};

async function doctorOf({ call }: Served, name: string): Promise<{ readonly kind: string; readonly text: string }> {
  const { body } = await call('operator', 'GET', '/v1/doctor');
  const { checks } = body as unknown as { checks: { name: string; kind: string; text: string }[] };
  const { kind = '', text = '' } = checks.find((one) => one.name === name) ?? {};
  return { kind, text };
}

async function metricsOf({ server }: Served): Promise<readonly string[]> {
  const text = await (await fetch(`${server.url}/metrics`)).text();
  return text.split('\n').filter((line) => line.startsWith('countersign_approvals_unreached'));
}

const counted = (noChannel: number, refused: number, late: number) => [
  `countersign_approvals_unreached{why="no_channel"} ${noChannel}`,
  `countersign_approvals_unreached{why="refused"} ${refused}`,
  `countersign_approvals_unreached{why="late"} ${late}`,
];

test('an approval of people without a channel is counted, and the doctor says whom to give one', async (t) => {
  const served = await listeningTo(t);
  const { id } = await served.ask({ group: 'nobody-there' });
  assert.deepEqual(await metricsOf(served), counted(1, 0, 0));
  const { kind, text } = await doctorOf(served, 'approvals');
  assert.equal(kind, 'problem');
  assert.equal(
    text,
    `${id} (refund order 1042 · 72.00 EUR) waits for nobody-there until 2027-01-15 08:01 UTC, and nobody who may decide it can be written to on slack: put an id of theirs, or an address of the group, into the directory and start the roles again; until then decide it by hand: countersign approvals ${id}`,
  );
});

test('whom a group has beside those who may not decide it does not count as asked', async (t) => {
  const served = await listeningTo(t);
  await served.ask({ group: 'desk', requester: 'operator' });
  assert.deepEqual(await metricsOf(served), counted(1, 0, 0));
});

test('an approval whose card a channel refuses is counted, and the doctor says where and in whose words', async (t) => {
  const served = await listeningTo(t);
  const approval = await served.ask();
  await carded(served, approval, false);
  assert.deepEqual(await metricsOf(served), counted(0, 1, 0));
  assert.match(
    (await doctorOf(served, 'approvals')).text,
    /and slack refuses its card in C0FIN \(not_in_channel\): invite the bot there/,
  );
  await carded(served, approval, true);
  assert.deepEqual(await doctorOf(await listeningTo(t), 'approvals'), {
    ...{ kind: 'ok', text: 'every open approval is shown to somebody who may decide it' },
  });
});

test('an approval that no card shows after five minutes is counted; before, it is on its way', async (t) => {
  const served = await listeningTo(t);
  const { conversationId } = await served.ask({ askedMs: NOW_MS - 299_000 });
  await served.ask({ conversationId, id: 'c-9:1:0.0.0', askedMs: NOW_MS - 300_000 });
  assert.deepEqual(await metricsOf(served), counted(0, 0, 1));
  assert.match(
    (await doctorOf(served, 'approvals')).text,
    /^c-9:1:0\.0\.0 .*: see that the actor runs and has the tokens/,
  );
});

test('where a card stands, where nobody listens to a channel, and of another house, nothing is missed', async (t) => {
  const served = await listeningTo(t);
  const approval = await served.ask({ askedMs: 0 });
  await carded(served, approval, true);
  const { conversationId } = approval;
  await served.ask({ conversationId, id: 'c-8:1:0.0.0', group: 'x', tenant: 'other' });
  await served.ask({ conversationId, id: 'c-9:1:0.0.0', group: 'x', end: 'denied' });
  assert.deepEqual(await metricsOf(served), counted(0, 0, 0));
  const without = await serve(t);
  await without.ask({ group: 'x', askedMs: 0 });
  assert.deepEqual(await metricsOf(without), counted(0, 0, 0));
  assert.equal((await doctorOf(without, 'approvals')).kind, 'ok');
});

test('more of them than a person reads are counted in words', async (t) => {
  const served = await listeningTo(t);
  const { conversationId } = await served.ask({ group: 'x' });
  for (let at = 0; at < 9; at++) await served.ask({ conversationId, id: `c-9:${at}:0.0.0`, group: 'x' });
  const { text } = await doctorOf(served, 'approvals');
  assert.deepEqual([text.split('\n').length, /^5 more reach nobody either$/m.test(text)], [6, true]);
});

test('a group that can be asked nowhere is a warning before anything waits for it', async (t) => {
  assert.deepEqual((await doctorOf(await listeningTo(t), 'groups')).kind, 'ok');
  const others = { ...slack.receiver(settings), name: 'pigeon' };
  const { kind, text } = await doctorOf(await serve(t, {}, { receivers: [others] }), 'groups');
  assert.equal(kind, 'warning');
  assert.match(text, /^nobody of "finance", "desk", "treasury" can be written to on pigeon: /);
});
