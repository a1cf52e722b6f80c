// What may have happened: nobody repeats it, people are asked, and their answer counts.
import { deepEqual, equal, match, rejects } from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { ACTION, CONVERSATION } from '../../domain/protocol.ts';
import { askOnce } from '../../workers/ask-unknown.ts';
import { createFarSide, createTestAgent, directory } from '../support/far-side.ts';
import { eventually, obedient, startSystem, type System } from '../support/system.ts';
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
beforeEach(() => {
  far.effects.length = 0;
  Object.assign(far.record, createFarSide().record);
});

/** A note whose far side breaks after the effect: its outcome is unknown, and its question is asked. */
async function leaveUnknown(id: string) {
  far.record.fail = 'throw';
  await system.open(id);
  await system.submit(id, 'm1', 'note 7');
  match(await system.reply(id, 'm1'), /It may or may not have happened: the connection broke/);
  far.record.fail = '';
  return system.approval(`${id}:1:0.question.0.0`);
}

test('an unknown outcome is asked of the owner of the agent, and stays unknown until somebody answers', async () => {
  const question = await leaveUnknown('u-asked');
  const { group, question: kind, end, actionId, summary, reason } = question;
  deepEqual([group, kind, end, actionId], ['@olga', 'unknown', 'open', 'u-asked:1:0']);
  deepEqual([summary, reason], ['note', 'the connection broke']);
  equal(await system.outcome('u-asked:1:0'), 'unknown');
});

test('only who is asked answers, and only whether it happened', async () => {
  const question = await leaveUnknown('u-who');
  const refused = { name: 'WorkflowUpdateFailedError' };
  await rejects(system.decide(question, 'finn', 'happened'), refused);
  await rejects(system.decide(question, 'olga', 'happened', { digest: '0'.repeat(64) }), refused);
  equal((await system.decide(question, 'olga', 'approve')).counted, false);
  equal((await system.approval(question.id)).end, 'open');
});

test('"it happened" corrects the outcome, and the conversation tells it', async () => {
  const question = await leaveUnknown('u-yes');
  equal((await system.decide(question, 'olga', 'happened', { reason: 'I see it' })).end, 'happened');
  match(await system.reportReply('u-yes'), /Whether it happened: note. It happened./);
  const { outcome } = (await system.store.actions.get('u-yes:1:0')) ?? {};
  deepEqual(outcome, { kind: 'succeeded', result: { confirmedBy: 'olga', reason: 'I see it' } });
  deepEqual(far.effects, ['note u-yes:1:0 7']);
});

test('"it did not happen" makes a new action under a new key, ruled on like any other', async () => {
  const question = await leaveUnknown('u-no');
  far.effects.length = 0;
  await system.decide(question, 'olga', 'did_not_happen');
  match(await system.reportReply('u-no'), /"done":true/);
  equal(await system.outcome('u-no:1:0'), 'failed');
  equal(await system.outcome('u-no:2:0'), 'succeeded');
  deepEqual(far.effects, ['note u-no:2:0 7']);
});

test('what did not happen is proposed anew also while a person has the conversation', async () => {
  const question = await leaveUnknown('u-handed');
  far.effects.length = 0;
  await system.command('u-handed', 'handover');
  await system.decide(question, 'olga', 'did_not_happen');
  equal(await system.outcome('u-handed:2:0'), 'succeeded');
  deepEqual(far.effects, ['note u-handed:2:0 7']);
});

test('a person is asked also where an operator has ended the Workflow that would have asked', async () => {
  await system.open('u-ended');
  // 700 ms: longer than an operator takes on a machine under load, and within the tool's own time.
  far.record.takesMs = 700;
  far.record.fail = 'throw';
  await system.submit('u-ended', 'm1', 'transfer 7');
  await eventually(() => system.store.claims.get('u-ended:1:0'), 'the claim');
  await system.handle('u-ended').terminate('an operator ends it in the middle of its act');
  await eventually(async () => (await system.store.claims.get('u-ended:1:0'))?.outcome ?? undefined, 'the receipt');
  far.record.takesMs = 0;
  far.record.fail = '';
  const { store, client } = system;
  const deps = { store, client, nowMs: () => Date.now() + 600_000, log: { warn: () => undefined } };
  const started = await askOnce(deps);
  equal(started.includes('u-ended:1:0.question'), true);
  deepEqual(await system.approval('u-ended:1:0.question.0.0').then(({ group, end }) => [group, end]), [
    '@olga',
    'open',
  ]);
  deepEqual(await askOnce(deps), []);
});

test('a late receipt ends the question as it was', async () => {
  const question = await leaveUnknown('u-late');
  const outcome = { kind: 'succeeded', result: { done: true } } as const;
  await system.store.claims.receipt({ actionId: 'u-late:1:0', epoch: 1, outcome, nowMs: Date.now() });
  await system.client.workflow.getHandle('question/u-late:1:0').signal(ACTION.cancel);
  match(await system.reportReply('u-late'), /Whether it happened: note. It happened./);
  equal((await system.store.approvals.get(question.id))?.end, 'cancelled');
});

test('what may have happened is not done again while nobody has answered', async () => {
  await leaveUnknown('u-twin');
  await system.submit('u-twin', 'm2', 'note 7');
  match(await system.reply('u-twin', 'm2'), /the same is open as u-twin:1:0 \(unknown\)/);
  deepEqual(far.effects, ['note u-twin:1:0 7']);
});

test('an approved action that ends unknown ends its batch, and is asked about too', async () => {
  await system.open('u-batch');
  await system.submit('u-batch', 'm1', 'pay 20 then note 5');
  await system.reply('u-batch', 'm1');
  far.record.fail = 'throw';
  await system.decide(await system.approval('u-batch:1:0.0.0'), 'finn', 'approve');
  match(await system.reportReply('u-batch'), /unknown[^]*cancelled/);
  far.record.fail = '';
  await system.decide(await system.approval('u-batch:1:0.question.0.0'), 'olga', 'did_not_happen');
  match(await system.reportReply('u-batch', 1), /it waits for finance/);
  equal((await system.approval('u-batch:3:0.0.0')).summary, 'pay 20 for order 1042');
  deepEqual(far.effects, ['pay u-batch:1:0 20']);
});

test('a question outlives a stop and the end of its conversation', async () => {
  const question = await leaveUnknown('u-closed');
  await system.handle('u-closed').executeUpdate(CONVERSATION.stop);
  await system.handle('u-closed').executeUpdate(CONVERSATION.close);
  await system.handle('u-closed').result();
  equal((await system.approval(question.id)).end, 'open');
  equal((await system.decide(question, 'olga', 'happened')).end, 'happened');
  await system.client.workflow.getHandle('question/u-closed:1:0').result();
  equal(await system.outcome('u-closed:1:0'), 'succeeded');
});
