// What a procedure does when it is held up: paused, stopped, ended by an operator, killed, asked about; and a history of its
// conversation that is renewed all the while.
import { deepEqual, equal, match } from 'node:assert/strict';
import { test } from 'node:test';
import { procedureId, waitingWorkflowId } from '../../domain/ids.ts';
import { CONVERSATION } from '../../domain/protocol.ts';
import { createFarSide } from '../support/far-side.ts';
import { playErrands } from '../support/play-errands.ts';
import { eventually, type System } from '../support/system.ts';

const far = createFarSide();
let system: System;

// The server suggests Continue-As-New after 30 events: every conversation here is renewed again and again.
playErrands(far, (up) => ({ system } = up), 'limit.historyCount.suggestContinueAsNew=30');

async function run(id: string, text: string): Promise<string> {
  await system.open(id);
  await system.submit(id, 'm1', text);
  return system.reply(id, 'm1');
}

const procedure = (id: string) => system.client.workflow.getHandle(waitingWorkflowId(procedureId(`${id}:1:0`)));
const WAITS = 'do a note 1; undo un-a note 11; do pay pay 72';

test('a stop while a step waits for people undoes what was done', async () => {
  await run('h-stop', `errand 1: ${WAITS}`);
  const approval = await system.approval('h-stop:1:0/pay.0.0');
  await system.handle('h-stop').executeUpdate(CONVERSATION.stop);
  equal((await system.approvalEnd(approval.id, 'cancelled')).end, 'cancelled');
  equal(await system.outcome('h-stop:1:0'), 'cancelled');
  deepEqual(far.effects, ['note h-stop:1:0/a 1', 'note h-stop:1:0/un-a 11']);
  const outcome = (await system.store.actions.get('h-stop:1:0'))?.outcome;
  match(String(outcome?.kind === 'cancelled' && outcome.reason), /undone: un-a$/);
});

test('the end of a conversation undoes too, though nobody is left to be told', async () => {
  await run('h-close', `errand 1: ${WAITS}`);
  await system.approval('h-close:1:0/pay.0.0');
  await system.handle('h-close').executeUpdate(CONVERSATION.close);
  equal(await system.outcome('h-close:1:0'), 'cancelled');
  await run('h-gone', `errand 1: ${WAITS}`);
  const approval = await system.approval('h-gone:1:0/pay.0.0');
  await system.handle('h-gone').terminate();
  await system.decide(approval, 'finn', 'approve');
  equal(await system.outcome('h-gone:1:0'), 'failed');
  const effects = ['h-close', 'h-gone'].flatMap((id) => [`note ${id}:1:0/a 1`, `note ${id}:1:0/un-a 11`]);
  deepEqual(far.effects, effects);
});

test('a paused procedure does not act, and goes on where it was', async () => {
  await run('h-pause', 'errand 1: do pay pay 72; do write note 7');
  const approval = await system.approval('h-pause:1:0/pay.0.0');
  await system.handle('h-pause').executeUpdate(CONVERSATION.pause);
  const held = async (how: string) =>
    eventually(async () => {
      const one = await procedure('h-pause').query<{ hold: string }>('procedure');
      const step = await system.client.workflow.getHandle('action/h-pause:1:0/pay').query<{ hold: string }>('action');
      return (one.hold === how && step.hold === how) || undefined;
    }, `the procedure and its step being ${how}`);
  await held('paused');
  equal((await system.decide(approval, 'finn', 'approve')).counted, true);
  equal((await system.store.actions.get('h-pause:1:0/pay'))?.outcome, null);
  deepEqual(far.effects, []);
  await system.command('h-pause', 'resume');
  match(await system.reportReply('h-pause'), /errand 1 of 2 lines: succeeded/);
  deepEqual(far.effects, ['pay h-pause:1:0/pay 72', 'note h-pause:1:0/write 7']);
});

test('a procedure that waits outlives the runs of its conversation, which goes on', async () => {
  await run('h-renew', 'errand 1: do pay pay 72');
  const { runId } = await system.handle('h-renew').describe();
  for (let n = 0; n < 12; n++) {
    await system.submit('h-renew', `word-${n}`, `word ${n}`);
    equal(await system.reply('h-renew', `word-${n}`), `you said: word ${n}`);
  }
  equal((await system.handle('h-renew').describe()).runId === runId, false, 'the history was renewed');
  await system.decide(await system.approval('h-renew:1:0/pay.0.0'), 'finn', 'approve');
  match(await system.reportReply('h-renew'), /succeeded/);
  deepEqual(far.effects, ['pay h-renew:1:0/pay 72']);
});

test('while a procedure runs neither it nor what its steps do is begun a second time', async () => {
  await run('h-twin', 'errand 1042: do pay pay 72');
  await system.approval('h-twin:1:0/pay.0.0');
  const denied = async (id: string, text: string) => {
    await system.submit('h-twin', id, text);
    return system.reply('h-twin', id);
  };
  match(await denied('m2', 'errand 1042: do other note 1'), /denied: the same is open as h-twin:1:0 /);
  match(await denied('m3', 'pay 72'), /denied: the same is open as h-twin:1:0\/pay /);
  await denied('m4', 'errand 7: do pay note 1');
  equal(await system.outcome('h-twin:4:0'), 'succeeded');
  deepEqual(far.effects, ['note h-twin:4:0/pay 1']);
  await system.handle('h-twin').executeUpdate(CONVERSATION.stop);
});

test('a model names no step, and has no other way to one', async () => {
  await run('h-names', 'errand 1: do pay pay 72');
  await system.approval('h-names:1:0/pay.0.0');
  for (const [nth, name] of ['pay/pay', 'errand/pay', 'h-names:1:0/pay', 'procedure/h-names:1:0'].entries()) {
    await system.submit('h-names', `n${nth}`, `call ${name}`);
    match(await system.reply('h-names', `n${nth}`), /there is no tool/);
  }
  equal((await system.store.actions.ofConversation('h-names', 10)).length, 2);
  await system.handle('h-names').executeUpdate(CONVERSATION.stop);
});

test('a procedure whose workers are lost in the middle of a step goes on, and the step happens once', async () => {
  far.record.takesMs = 700;
  await system.open('h-kill');
  await system.submit('h-kill', 'm1', 'errand 1: do first note 1; do t transfer 5; do last note 2');
  await eventually(() => system.store.claims.get('h-kill:1:0/t'), 'the step being under way');
  await system.restartRoles();
  equal(await system.outcome('h-kill:1:0'), 'succeeded');
  deepEqual(far.effects, ['note h-kill:1:0/first 1', 'transfer h-kill:1:0/t 5', 'note h-kill:1:0/last 2']);
});

test('the rules deny the start of a procedure, or have people asked for it, as for a tool', async () => {
  match(await run('h-never', 'errand 66: do a note 1'), /denied: not this one/);
  match(await run('h-start', 'errand 13: do a note 1; do pay pay 72 && note 5'), /waits for the step before it/);
  await system.decide(await system.approval('h-start:1:0.0.0'), 'finn', 'approve');
  await system.decide(await system.approval('h-start:1:0/pay.0.0'), 'olga', 'approve');
  const report = await system.reportReply('h-start');
  match(
    report,
    /- errand 13 of 2 lines: succeeded.*\n- note: succeeded.*\n- pay 72 for order 13: succeeded.*\n- note: succ/,
  );
  deepEqual(far.effects, ['note h-start:1:0/a 1', 'pay h-start:1:0/pay 72', 'note h-start:1:1 5']);
});

test('what stands behind a procedure in the same answer is not done while that goes on', async () => {
  match(await run('h-behind', 'errand 1: do pay pay 72 && note 5'), /a procedure before it in the same order goes on/);
  deepEqual(far.effects, []);
  await run('h-order', 'errand 1: do a note 1 && note 5');
  equal(await system.outcome('h-order:1:0'), 'succeeded');
  // On a slow machine the first has not ended in its turn, and the second is not done.
  const isDone = (await system.outcome('h-order:1:1')) === 'succeeded';
  deepEqual(far.effects, ['note h-order:1:0/a 1', ...(isDone ? ['note h-order:1:1 5'] : [])]);
  await system.handle('h-behind').executeUpdate(CONVERSATION.stop);
});

test('an approver of a step asks the conversation, and it still waits', async () => {
  await run('h-back', 'errand 1: do pay pay 72');
  const approval = await system.approval('h-back:1:0/pay.0.0');
  await system.decide(approval, 'finn', 'ask_back', { reason: 'which order?' });
  match(
    await system.reportReply('h-back'),
    /finn of finance asks before deciding on pay 72 for order 1: which order\?/,
  );
  await system.decide(approval, 'olga', 'approve');
  match(await system.reportReply('h-back', 1), /succeeded/);
});

test('what an operator ends in Temporal is closed on record: the batch of a step, or the procedure itself', async () => {
  await run('h-batch', `errand 1: ${WAITS}`);
  await system.approval('h-batch:1:0/pay.0.0');
  await system.client.workflow.getHandle('action/h-batch:1:0/pay').terminate();
  equal(await system.outcome('h-batch:1:0/pay'), 'cancelled');
  match(
    await system.reportReply('h-batch'),
    /failed \(the step pay was cancelled: an operator ended .*; undone: un-a\)/,
  );

  await run('h-ended', 'errand 1: do pay pay 72');
  const approval = await system.approval('h-ended:1:0/pay.0.0');
  await procedure('h-ended').terminate();
  equal((await system.approvalEnd(approval.id, 'cancelled')).end, 'cancelled');
  await system.submit('h-ended', 'm2', 'hello');
  await system.reply('h-ended', 'm2');
  deepEqual([await system.outcome('h-ended:1:0'), await system.outcome('h-ended:1:0/pay')], ['cancelled', 'cancelled']);
  deepEqual(far.effects, ['note h-batch:1:0/a 1', 'note h-batch:1:0/un-a 11']);
});
