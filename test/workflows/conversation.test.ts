import { deepEqual, equal, match, rejects } from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { CONVERSATION } from '../../domain/protocol.ts';
import { createFarSide, createTestAgent, directory } from '../support/far-side.ts';
import { obedient, startSystem, type System } from '../support/system.ts';
import { startTemporal } from '../support/temporal.ts';

const far = createFarSide();
let temporal: TestWorkflowEnvironment;
let system: System;

before(async () => {
  temporal = await startTemporal();
  system = await startSystem({ temporal, agent: createTestAgent(far), directory, script: obedient });
});
after(async () => {
  await system?.stop();
  await temporal?.teardown();
});

test('a message answered once is answered once, however often it is sent', async () => {
  await system.open('c-once');
  await system.submit('c-once', 'm1', 'hello');
  equal(await system.reply('c-once', 'm1'), 'you said: hello');
  const again = await system.handle('c-once').executeUpdate(CONVERSATION.submitMessage, {
    args: [{ id: 'm1', text: 'hello', principalId: 'ada', signed: await system.sign('c-once', 'm1', 'hello', 'ada') }],
  });
  equal((again as { duplicate: boolean }).duplicate, true);
  deepEqual(await system.transcript('c-once'), ['message: hello', 'reply: you said: hello']);
});

test('what is allowed runs inside the turn, reads and writes in order, each effect once', async () => {
  far.effects.length = 0;
  await system.open('c-inline');
  await system.submit('c-inline', 'm1', 'look 1 then note 5 then note 6');
  await system.reply('c-inline', 'm1');
  deepEqual(far.effects, ['note c-inline:1:1 5', 'note c-inline:1:2 6']);
  equal(await system.outcome('c-inline:1:2'), 'succeeded');
});

test('a risky step waits for a person, the conversation goes on, and the outcome comes back as a new turn', async () => {
  far.effects.length = 0;
  await system.open('c-ask');
  await system.submit('c-ask', 'm1', 'pay 7200');
  match(await system.reply('c-ask', 'm1'), /Not done yet: it waits for finance \(1 must approve\)/);
  await system.submit('c-ask', 'm2', 'meanwhile');
  equal(await system.reply('c-ask', 'm2'), 'you said: meanwhile');
  deepEqual(far.effects, []);
  const receipt = await system.decide(await system.approval('c-ask:1:0.0.0'), 'finn', 'approve');
  deepEqual([receipt.counted, receipt.end], [true, 'approved']);
  equal(await system.outcome('c-ask:1:0'), 'succeeded');
  deepEqual(far.effects, ['pay c-ask:1:0 7200']);
  const last = (await system.reportReply('c-ask')).split('\n');
  deepEqual(last, ['What waited has ended:', '- pay 7200 for order 1042: succeeded. Result: {"done":true}']);
});

test('a denial ends the action, and nothing runs', async () => {
  far.effects.length = 0;
  await system.open('c-deny');
  await system.submit('c-deny', 'm1', 'pay 10 then note 5');
  await system.reply('c-deny', 'm1');
  await system.decide(await system.approval('c-deny:1:0.0.0'), 'finn', 'deny', { reason: 'no' });
  equal(await system.outcome('c-deny:1:0'), 'denied');
  equal(await system.outcome('c-deny:1:1'), 'cancelled');
  deepEqual(far.effects, []);
});

test('an approval for another action, by another person, or forged, changes nothing', async () => {
  far.effects.length = 0;
  await system.open('c-forged');
  await system.submit('c-forged', 'm1', 'pay 10');
  await system.reply('c-forged', 'm1');
  const approval = await system.approval('c-forged:1:0.0.0');
  const refused = { name: 'WorkflowUpdateFailedError' };
  await rejects(system.decide(approval, 'finn', 'approve', { digest: '0'.repeat(64) }), refused);
  await rejects(system.decide(approval, 'mallory', 'approve'), refused);
  await rejects(system.decide(approval, 'finn', 'approve', { approvalId: 'c-ask:1:0.0.0' }), refused);
  equal((await system.approval('c-forged:1:0.0.0')).end, 'open');
  deepEqual(far.effects, []);
});

test('a quorum of two needs two distinct people', async () => {
  await system.open('c-two');
  await system.submit('c-two', 'm1', 'pay 60000');
  await system.reply('c-two', 'm1');
  const approval = await system.approval('c-two:1:0.0.0');
  equal((await system.decide(approval, 'finn', 'approve')).end, 'open');
  equal((await system.decide(approval, 'finn', 'approve', { decisionId: 'again' })).end, 'open');
  equal((await system.decide(approval, 'olga', 'approve')).end, 'approved');
  equal(await system.outcome('c-two:1:0'), 'succeeded');
});

test('a rule that asks an empty group denies, and so does an unknown tool', async () => {
  await system.open('c-nobody');
  await system.submit('c-nobody', 'm1', 'pay 13');
  match(await system.reply('c-nobody', 'm1'), /Not done. denied: the rule asks 1 of nobody, where 0 may decide/);
  await system.submit('c-nobody', 'm2', 'unknown_tool 1');
  match(await system.reply('c-nobody', 'm2'), /Not done. denied: there is no tool "unknown_tool"/);
});

test('what the tool cannot parse goes back to the model as a reason', async () => {
  await system.open('c-invalid');
  await system.submit('c-invalid', 'm1', 'pay -5');
  match(await system.reply('c-invalid', 'm1'), /Not done. denied: cents:/);
});

test('a record that changed while people looked asks them anew', async () => {
  far.effects.length = 0;
  await system.open('c-anew');
  await system.submit('c-anew', 'm1', 'pay 20');
  await system.reply('c-anew', 'm1');
  const first = await system.approval('c-anew:1:0.0.0');
  far.record.state = 'returned';
  await system.decide(first, 'finn', 'approve');
  const second = await system.approval('c-anew:1:0.0.1');
  deepEqual([second.digest, second.end, far.effects], [first.digest, 'open', []]);
  await system.decide(second, 'finn', 'approve');
  equal(await system.outcome('c-anew:1:0'), 'succeeded');
  deepEqual(far.effects, ['pay c-anew:1:0 20']);
  far.record.state = 'delivered';
});

test('evidence that cannot be read denies', async () => {
  far.record.readable = false;
  await system.open('c-blind');
  await system.submit('c-blind', 'm1', 'pay 30');
  match(await system.reply('c-blind', 'm1'), /the record that it concerns could not be read/);
  far.record.readable = true;
});

test('the same effect that already waits is denied before any rule', async () => {
  await system.open('c-twin');
  await system.submit('c-twin', 'm1', 'pay 40');
  await system.reply('c-twin', 'm1');
  await system.submit('c-twin', 'm2', 'pay 40');
  match(await system.reply('c-twin', 'm2'), /the same is open as c-twin:1:0 \(waiting\)/);
});

test('a write that throws is unknown and is never repeated; one that did not happen is failed', async () => {
  far.effects.length = 0;
  await system.open('c-throw');
  far.record.fail = 'throw';
  await system.submit('c-throw', 'm1', 'note 7');
  match(await system.reply('c-throw', 'm1'), /It may or may not have happened: the connection broke/);
  far.record.fail = 'did_not_happen';
  await system.submit('c-throw', 'm2', 'note 8');
  match(await system.reply('c-throw', 'm2'), /failed: the far side refused/);
  far.record.fail = '';
  deepEqual(far.effects, ['note c-throw:1:0 7']);
});

test('a model that is down for good ends the turn with an honest reply, and the conversation stays usable', async () => {
  await system.open('c-down');
  await system.submit('c-down', 'm1', 'be down');
  match(await system.reply('c-down', 'm1'), /^I cannot answer: my language model did not accept the request/);
  await system.submit('c-down', 'm2', 'better now?');
  equal(await system.reply('c-down', 'm2'), 'you said: better now?');
});

test('a paused conversation queues, holds its turn, and goes on after resume', async () => {
  await system.open('c-pause');
  await system.handle('c-pause').executeUpdate(CONVERSATION.pause);
  const ticket = await system.submit('c-pause', 'm1', 'hello');
  equal(ticket.phase, 'paused');
  await rejects(system.handle('c-pause').executeUpdate(CONVERSATION.resume, { args: ['forged'] }));
  equal((await system.command('c-pause', 'resume')).phase, 'open');
  equal(await system.reply('c-pause', 'm1'), 'you said: hello');
});

test('stop cancels what waits and refuses messages until resume', async () => {
  far.effects.length = 0;
  await system.open('c-stop');
  await system.submit('c-stop', 'm1', 'pay 50');
  await system.reply('c-stop', 'm1');
  await system.approval('c-stop:1:0.0.0');
  await system.handle('c-stop').executeUpdate(CONVERSATION.stop);
  equal((await system.approvalEnd('c-stop:1:0.0.0', 'cancelled')).end, 'cancelled');
  await rejects(system.submit('c-stop', 'm2', 'hello'), (error: Error & { cause?: { type?: string } }) => {
    return error.cause?.type === 'ConversationStopped';
  });
  await system.command('c-stop', 'resume');
  await system.submit('c-stop', 'm3', 'back?');
  equal(await system.reply('c-stop', 'm3'), 'you said: back?');
  deepEqual(far.effects, []);
});

test('after a handover the agent keeps quiet until a person of the team answers', async () => {
  await system.open('c-hand');
  await system.submit('c-hand', 'm1', 'escalate 1');
  await system.reply('c-hand', 'm1');
  await system.submit('c-hand', 'm2', 'anybody?');
  await system.submit('c-hand', 'm3', 'I am here', 'olga');
  await system.submit('c-hand', 'm4', 'thanks');
  equal(await system.reply('c-hand', 'm4'), 'you said: thanks');
  deepEqual((await system.transcript('c-hand')).slice(-4), [
    'message: anybody?',
    'staff_reply: I am here',
    'message: thanks',
    'reply: you said: thanks',
  ]);
});

test('a closed conversation is final, its waiting actions are cancelled, and no queued message is lost', async () => {
  await system.open('c-close');
  await system.submit('c-close', 'm1', 'pay 60');
  await system.reply('c-close', 'm1');
  await system.approval('c-close:1:0.0.0');
  await system.handle('c-close').executeUpdate(CONVERSATION.pause);
  await system.submit('c-close', 'm2', 'queued');
  await system.handle('c-close').executeUpdate(CONVERSATION.close);
  await system.handle('c-close').result();
  await system.approvalEnd('c-close:1:0.0.0', 'cancelled');
  deepEqual((await system.transcript('c-close')).slice(-2), [
    'message: queued',
    'reply: This conversation was ended before I could answer.',
  ]);
});

test('workers that restart lose nothing that waits', async () => {
  far.effects.length = 0;
  await system.open('c-restart');
  await system.submit('c-restart', 'm1', 'pay 70');
  await system.reply('c-restart', 'm1');
  const approval = await system.approval('c-restart:1:0.0.0');
  await system.restartRoles();
  await system.decide(approval, 'finn', 'approve');
  equal(await system.outcome('c-restart:1:0'), 'succeeded');
  await system.submit('c-restart', 'm2', 'still there?');
  equal(await system.reply('c-restart', 'm2'), 'you said: still there?');
  deepEqual(far.effects, ['pay c-restart:1:0 70']);
});

test('a report that is forged is refused and on record, and the true one still counts', async () => {
  await system.open('c-report');
  await system.submit('c-report', 'm1', 'pay 80');
  await system.reply('c-report', 'm1');
  const forged = { batchId: 'c-report:1:0', settled: [], signed: 'e30.e30.e30' };
  await system.handle('c-report').signal(CONVERSATION.actionSettled, forged);
  await system.decide(await system.approval('c-report:1:0.0.0'), 'finn', 'approve');
  match(await system.reportReply('c-report'), /pay 80 for order 1042: succeeded/);
  const entries = await system.store.ledger.ofSubject('c-report');
  equal(entries.filter((entry) => entry.fact.kind === 'report_refused').length, 1);
});

test("words of the model that are long and wide fit into the server's limits", async () => {
  await system.open('c-wide');
  await system.submit('c-wide', 'm1', 'wide 1');
  match(await system.reply('c-wide', 'm1'), /it waits for finance/);
  await system.decide(await system.approval('c-wide:1:0.0.0'), 'finn', 'approve');
  match(await system.reportReply('c-wide'), /succeeded/);
});

test("Temporal's own Cancel ends a batch and a conversation in good order", async () => {
  await system.open('c-cancel');
  await system.submit('c-cancel', 'm1', 'pay 90');
  await system.reply('c-cancel', 'm1');
  await system.approval('c-cancel:1:0.0.0');
  await system.client.workflow.getHandle('action/c-cancel:1:0').cancel();
  await system.approvalEnd('c-cancel:1:0.0.0', 'cancelled');
  match(await system.reportReply('c-cancel'), /pay 90 for order 1042: cancelled/);
  await system.handle('c-cancel').cancel();
  await system.handle('c-cancel').result();
  equal((await system.handle('c-cancel').describe()).status.name, 'COMPLETED');
});

test('where nobody who is asked is on a channel, nothing is scheduled for one', async () => {
  await system.open('c-mute');
  await system.submit('c-mute', 'm1', 'pay 7200');
  await system.decide(await system.approval('c-mute:1:0.0.0'), 'finn', 'approve');
  await system.reportReply('c-mute');
  const scheduled: string[] = [];
  for (const workflowId of ['action/c-mute:1:0', 'conversation/c-mute']) {
    const { events } = await temporal.client.workflow.getHandle(workflowId).fetchHistory();
    for (const { activityTaskScheduledEventAttributes: one } of events ?? [])
      scheduled.push(one?.activityType?.name ?? '');
  }
  deepEqual([...new Set(scheduled)].filter(Boolean).toSorted(), ['act', 'callModel', 'inspect']);
});
