// Stop means stop: what has not begun does not begin, and whoever asks learns what was not done.
import { deepEqual, equal, match, ok, rejects } from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { ACTION, CONVERSATION } from '../../domain/protocol.ts';
import { createFarSide, createTestAgent, directory } from '../support/far-side.ts';
import { eventually, obedient, startSystem, type System } from '../support/system.ts';
import { startTemporal } from '../support/temporal.ts';

const far = createFarSide();
let temporal: TestWorkflowEnvironment;
let system: System;
const HUNDRED = Array.from({ length: 100 }, (_, at) => `note ${at + 1}`).join(' ');

before(async () => {
  temporal = await startTemporal();
  system = await startSystem({ temporal, agent: createTestAgent(far), directory, script: obedient });
});
after(async () => {
  await system?.stop();
  await temporal?.teardown();
});
beforeEach(() => {
  far.effects.length = 0;
  Object.assign(far.record, createFarSide().record);
});

const begun = (atLeast: number) =>
  eventually(async () => (far.effects.length >= atLeast ? true : undefined), `${atLeast} effects`);

async function outcomesOf(id: string): Promise<Record<string, number>> {
  const rows = await system.store.actions.ofConversation(id, 200);
  const counts: Record<string, number> = {};
  for (const { outcome } of rows) counts[outcome?.kind ?? 'open'] = (counts[outcome?.kind ?? 'open'] ?? 0) + 1;
  return counts;
}

test('a stop in the middle of a hundred leaves the rest undone, on record and listed', async () => {
  await system.open('s-hundred');
  await system.submit('s-hundred', 'm1', HUNDRED);
  await begun(3);
  await system.handle('s-hundred').executeUpdate(CONVERSATION.stop);
  const reply = await system.reply('s-hundred', 'm1');
  const done = far.effects.length;
  ok(done < 100, `${done} were done`);
  match(reply, /^An operator stopped this conversation while I was working. What had not begun was not done:\n- note/);
  match(reply, new RegExp(`and ${100 - done - 60} more$`));
  deepEqual(await outcomesOf('s-hundred'), { succeeded: done, cancelled: 100 - done });
  equal(far.effects.length, done);
});

test('a stop is on record once Temporal has it in history: a task that is discarded leaves none behind', async ({
  mock,
}) => {
  await system.open('s-committed');
  await system.submit('s-committed', 'm1', 'hello');
  await system.reply('s-committed', 'm1');
  const record = system.store.record;
  const wereInHistory: boolean[] = [];
  mock.method(system.store, 'record', async (entries: Parameters<typeof record>[0]) => {
    if (entries.some(({ fact }) => fact.kind === 'phase')) {
      const { events } = await system.handle('s-committed').fetchHistory();
      wereInHistory.push(
        events?.some(
          (one) =>
            one.workflowExecutionUpdateAcceptedEventAttributes?.acceptedRequest?.input?.name === CONVERSATION.stop,
        ) ?? false,
      );
    }
    return record(entries);
  });
  await system.handle('s-committed').executeUpdate(CONVERSATION.stop);
  const known = async () =>
    (await system.store.conversations.get('s-committed'))?.phase === 'stopped' ? true : undefined;
  await eventually(known, 'the stop on record');
  deepEqual(wereInHistory, [true]);
});

test('a switch thrown in the middle of a hundred leaves the rest undone and on record', async () => {
  await system.open('s-switch');
  await system.submit('s-switch', 'm1', HUNDRED);
  await begun(3);
  const stop = { scope: 'tool', name: 'note', setBy: 'olga', reason: 'too many notes', setMs: 1 } as const;
  await system.store.switches.set({ id: 'kill', isThrown: true, switch: stop });
  match(await system.reply('s-switch', 'm1'), /cancelled: /);
  const done = far.effects.length;
  ok(done < 100, `${done} were done`);
  deepEqual(await outcomesOf('s-switch'), { succeeded: done, cancelled: 100 - done });
  await system.store.switches.set({ id: 'revive', isThrown: false, switch: stop });
});

test('a batch that is paused decides and does not act; stopped meanwhile, it never acts', async () => {
  await system.open('s-pause');
  await system.submit('s-pause', 'm1', 'pay 10');
  await system.reply('s-pause', 'm1');
  await system.handle('s-pause').executeUpdate(CONVERSATION.pause);
  await eventually(async () => {
    const entries = await system.store.ledger.ofSubject('s-pause');
    return entries.find(({ fact }) => fact.kind === 'phase' && fact.phase === 'paused');
  }, 'the pause on record');
  const receipt = await system.decide(await system.approval('s-pause:1:0.0.0'), 'finn', 'approve');
  equal(receipt.end, 'approved');
  await system.handle('s-pause').executeUpdate(CONVERSATION.stop);
  equal(await system.outcome('s-pause:1:0'), 'cancelled');
  deepEqual(far.effects, []);
});

test('a pause that comes after the resume that followed it holds nothing; an operator’s own always does', async () => {
  await system.open('s-order');
  await system.submit('s-order', 'm1', 'pay 10');
  await system.reply('s-order', 'm1');
  const batch = system.client.workflow.getHandle('action/s-order:1:0');
  const held = async () => (await batch.query<{ hold: string }>('action')).hold;
  const told = Date.now() + 1_000;
  await batch.signal(ACTION.resume, told + 1);
  await batch.signal(ACTION.pause, told);
  equal(await held(), 'none');
  for (const byHand of [[], [9e15], ['x']]) {
    await batch.signal(ACTION.resume, told + 2);
    await batch.signal(ACTION.pause, ...byHand);
    equal(await held(), 'paused');
  }
  await batch.signal(ACTION.resume, told + 3);
  await system.decide(await system.approval('s-order:1:0.0.0'), 'finn', 'approve');
  equal(await system.outcome('s-order:1:0'), 'succeeded');
});

test('a decision is on record before it is confirmed, also while its batch is paused', async () => {
  await system.open('s-record');
  await system.submit('s-record', 'm1', 'pay 10 then pay 11');
  await system.reply('s-record', 'm1');
  const batch = system.client.workflow.getHandle('action/s-record:1:0');
  await batch.signal(ACTION.pause);
  await system.decide(await system.approval('s-record:1:0.0.0'), 'finn', 'approve');
  await system.decide(await system.approval('s-record:1:0.1.0'), 'olga', 'approve');
  const ends = [
    await system.store.approvals.get('s-record:1:0.0.0'),
    await system.store.approvals.get('s-record:1:0.1.0'),
  ];
  deepEqual(
    ends.map((one) => [one?.end, one?.decisions.length]),
    [
      ['approved', 1],
      ['approved', 1],
    ],
  );
  await batch.signal(ACTION.resume);
  equal(await system.outcome('s-record:1:1'), 'succeeded');
});

test('a decision that does not verify is on record, and changes nothing', async () => {
  await system.open('s-forged');
  await system.submit('s-forged', 'm1', 'pay 10');
  await system.reply('s-forged', 'm1');
  const approval = await system.approval('s-forged:1:0.0.0');
  const signed = await system.signDecision(approval, 'finn', 'approve', {});
  const forged = `${signed.slice(0, -4)}AAAA`;
  await rejects(
    system.client.workflow.getHandle('action/s-forged:1:0').executeUpdate(ACTION.decideApproval, { args: [forged] }),
  );
  const refused = await eventually(async () => {
    const entries = await system.store.ledger.ofSubject('s-forged:1:0');
    return entries.find(({ fact }) => fact.kind === 'decision_refused');
  }, 'the refusal on record');
  equal(refused.conversationId, 's-forged');
  equal((await system.store.approvals.get(approval.id))?.end, 'open');
  await system.handle('s-forged').executeUpdate(CONVERSATION.stop);
});

test('a pause reaches what waits at once, also while a turn runs', async () => {
  far.record.takesMs = 150;
  await system.open('s-during');
  await system.submit('s-during', 'm1', 'pay 10');
  await system.reply('s-during', 'm1');
  await system.submit('s-during', 'm2', Array.from({ length: 20 }, (_, at) => `transfer ${at + 1}`).join(' '));
  await begun(1);
  await system.handle('s-during').executeUpdate(CONVERSATION.pause);
  const batch = system.client.workflow.getHandle('action/s-during:1:0');
  const held = async () => ((await batch.query<{ hold: string }>('action')).hold === 'paused' ? true : undefined);
  await eventually(held, 'the batch being paused');
  await system.handle('s-during').executeUpdate(CONVERSATION.stop);
  await system.reply('s-during', 'm2');
});

test('a pause does not undo a stop, and resume gives a conversation back to the person who had it', async () => {
  await system.open('s-phases');
  const phase = async (update: string) =>
    (await system.handle('s-phases').executeUpdate<{ phase: string }, []>(update)).phase;
  equal(await phase(CONVERSATION.stop), 'stopped');
  equal(await phase(CONVERSATION.pause), 'stopped');
  equal((await system.command('s-phases', 'resume')).phase, 'open');
  equal((await system.command('s-phases', 'handover')).phase, 'handed_over');
  equal(await phase(CONVERSATION.pause), 'paused');
  equal((await system.command('s-phases', 'resume')).phase, 'handed_over');
});

test('a command is obeyed once, and only when it was just signed', async () => {
  await system.open('s-command');
  const sign = (atMs: number) =>
    system.api.sign({
      kind: 'command',
      command: 'resume',
      conversationId: 's-command',
      principal: { id: 'olga', name: 'olga', tenant: 'default' },
      atMs,
    });
  const resume = async (signed: string) =>
    (await system.handle('s-command').executeUpdate<{ phase: string }, [string]>('resume', { args: [signed] })).phase;
  const signed = await sign(Date.now());
  await system.handle('s-command').executeUpdate(CONVERSATION.pause);
  equal(await resume(signed), 'open');
  await system.handle('s-command').executeUpdate(CONVERSATION.pause);
  equal(await resume(signed), 'paused', 'kept from before');
  await rejectsAsRefused(resume(await sign(Date.now() - 600_000)));
  equal(await resume(await sign(Date.now())), 'open');
});

test('what an operator terminates in Temporal is closed on record, and can be asked for again', async () => {
  await system.open('s-gone');
  await system.submit('s-gone', 'm1', 'pay 10 note 5');
  await system.reply('s-gone', 'm1');
  const approval = await system.approval('s-gone:1:0.0.0');
  await system.client.workflow.getHandle('action/s-gone:1:0').terminate();
  await system.submit('s-gone', 'm2', 'pay 10');
  match(await system.reply('s-gone', 'm2'), /it waits for finance/);
  equal((await system.approval(approval.id)).end, 'cancelled');
  deepEqual([await system.outcome('s-gone:1:0'), await system.outcome('s-gone:1:1')], ['cancelled', 'cancelled']);
  await system.decide(await system.approval('s-gone:2:0.0.0'), 'finn', 'approve');
  equal(await system.outcome('s-gone:2:0'), 'succeeded');
  deepEqual(far.effects, ['pay s-gone:2:0 10']);
});

async function rejectsAsRefused(promise: Promise<unknown>): Promise<void> {
  const error = await promise.then(
    () => undefined,
    (thrown: Error & { cause?: { type?: string } }) => thrown,
  );
  equal(error?.cause?.type, 'CommandRefused');
}
