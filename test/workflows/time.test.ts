import { deepEqual, equal, match, ok, rejects } from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { createFarSide, createTestAgent, directory } from '../support/far-side.ts';
import { obedient, startSystem, type System } from '../support/system.ts';
import { startTimeSkipping } from '../support/temporal.ts';

const far = createFarSide();
let temporal: TestWorkflowEnvironment;
let system: System;

before(async () => {
  temporal = await startTimeSkipping();
  system = await startSystem({ temporal, agent: createTestAgent(far), directory, script: obedient });
});
after(async () => {
  await system?.stop();
  await temporal?.teardown();
});

test('doing nothing denies: an approval that nobody gave expires, nothing runs, and the conversation says so', async () => {
  await system.open('c-time');
  await system.submit('c-time', 'm1', 'pay 72 then note 5');
  await system.reply('c-time', 'm1');
  await temporal.sleep('59 minutes');
  equal((await system.approval('c-time:1:0.0.0')).end, 'open');
  await temporal.sleep('2 minutes');
  await system.approvalEnd('c-time:1:0.0.0', 'expired');
  match(await system.reportReply('c-time'), /pay 72 for order 1042: expired \(nobody of finance decided in time\)/);
  deepEqual([await system.outcome('c-time:1:0'), await system.outcome('c-time:1:1')], ['expired', 'cancelled']);
  deepEqual(far.effects, []);
});

test('a question that its owner does not answer goes to the team, and unanswered it stays unknown', async () => {
  far.record.fail = 'throw';
  await system.open('c-question');
  await system.submit('c-question', 'm1', 'note 7');
  await system.reply('c-question', 'm1');
  far.record.fail = '';
  equal((await system.approval('c-question:1:0.question.0.0')).group, '@olga');
  await temporal.sleep('241 minutes');
  await system.approvalEnd('c-question:1:0.question.0.0', 'expired');
  equal((await system.approval('c-question:1:0.question.0.1')).group, 'support');
  await temporal.sleep('73 hours');
  await system.approvalEnd('c-question:1:0.question.0.1', 'expired');
  match(await system.reportReply('c-question'), /Nobody could say in time: it stays unknown, and is not repeated/);
  equal(await system.outcome('c-question:1:0'), 'unknown');
});

test('what was approved while no actor ran is not begun when its time is over', async () => {
  far.effects.length = 0;
  await system.open('c-late');
  await system.submit('c-late', 'm1', 'pay 72');
  await system.reply('c-late', 'm1');
  await system.stopRole('actor');
  await system.decide(await system.approval('c-late:1:0.0.0'), 'finn', 'approve');
  await temporal.sleep('76 minutes');
  equal(await system.outcome('c-late:1:0'), 'expired');
  await system.restartRoles();
  match(await system.reportReply('c-late'), /expired \(nobody could act on it in time\)/);
  deepEqual(far.effects, []);
});

test('thirty days of waiting cost a timer at a time: people are reminded, and the next group may decide', async (t) => {
  far.effects.length = 0;
  await system.open('c-long');
  await system.submit('c-long', 'm1', 'pay 77');
  await system.reply('c-long', 'm1');
  const approval = await system.approval('c-long:1:0.0.0');
  await rejects(system.decide(approval, 'lena', 'approve'), { name: 'WorkflowUpdateFailedError' });
  await temporal.sleep('11 days');
  const { workflowId } = temporal.client.workflow.getHandle('action/c-long:1:0');
  const first = await historyLength(workflowId);
  await temporal.sleep('18 days');
  const noticed = (await system.store.ledger.ofSubject(approval.id)).flatMap(({ fact }) =>
    fact.kind === 'approval_noticed' ? [[fact.notice, ...fact.groups]] : [],
  );
  deepEqual(noticed, [
    ['escalation', 'finance', 'leads'],
    ['reminder', 'finance', 'leads'],
    ['reminder', 'finance', 'leads'],
  ]);
  // Two reminders in 18 days.
  const cost = (await historyLength(workflowId)) - first;
  ok(cost <= 20, `${cost} events`);
  // The clock of this process has not skipped.
  const atMs = approval.askedMs + 29 * 86_400_000;
  await system.decide(approval, 'lena', 'approve', { decisionId: 'in time', atMs });
  equal(await system.outcome('c-long:1:0'), 'succeeded');
  const whole = await historyLength(workflowId);
  ok(whole <= 80, `${whole} events in all`);
  t.diagnostic(`${cost} events for 18 days with two reminders, ${whole} events in all`);
});

test('a year without a word costs no event, and the next message is answered', async (t) => {
  await system.open('c-idle');
  await system.submit('c-idle', 'm1', 'hello');
  equal(await system.reply('c-idle', 'm1'), 'you said: hello');
  // The reply is there before the turn has ended.
  await temporal.sleep('1 minute');
  const events = await historyLength('conversation/c-idle');
  await temporal.sleep('365 days');
  equal(await historyLength('conversation/c-idle'), events);
  const startedMs = performance.now();
  await system.submit('c-idle', 'm2', 'a year later');
  equal(await system.reply('c-idle', 'm2'), 'you said: a year later');
  t.diagnostic(`answered ${(performance.now() - startedMs).toFixed(0)} ms after a year without an event`);
});

async function historyLength(workflowId: string): Promise<number> {
  const { events = [] } = await temporal.client.workflow.getHandle(workflowId).fetchHistory();
  return events?.length ?? 0;
}
