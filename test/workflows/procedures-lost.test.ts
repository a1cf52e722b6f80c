// A procedure whose ground gives way: it, or its conversation, is reset in Temporal, its worker dies in the middle of a
// step, it is stopped while a step acts. Nothing happens twice, and what nobody knows is asked about.
import { deepEqual, equal, match } from 'node:assert/strict';
import { test } from 'node:test';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { conversationWorkflowId, procedureId, waitingWorkflowId } from '../../domain/ids.ts';
import { CONVERSATION } from '../../domain/protocol.ts';
import { createFarSide } from '../support/far-side.ts';
import { playErrands } from '../support/play-errands.ts';
import { lossOf } from '../support/loss.ts';
import { resetsOf } from '../support/reset.ts';
import { eventually, type System } from '../support/system.ts';

const far = createFarSide();
let temporal: TestWorkflowEnvironment;
let system: System;
const { reset, settledRun } = resetsOf(() => system);
const { actorDies, hasActed, query } = lossOf(() => system);

playErrands(far, (up) => ({ system, temporal } = up));

async function start(id: string, plan: string): Promise<string> {
  await system.open(id);
  await system.submit(id, 'm1', `errand 1: ${plan}`);
  return system.reply(id, 'm1');
}

const workflowOf = (id: string): string => waitingWorkflowId(procedureId(`${id}:1:0`));

const reasonOf = async (id: string): Promise<string> => {
  const outcome = (await system.store.actions.get(`${id}:1:0`))?.outcome;
  return outcome === null || outcome === undefined || outcome.kind === 'succeeded' ? '' : outcome.reason;
};

const reportsIn = async (id: string): Promise<number> =>
  (await system.transcript(id)).filter((line) => line.startsWith('report: ')).length;

test('a procedure that is reset while people are asked does nothing twice, and comes to an end', async () => {
  await start('l-reset', 'do a note 1; undo un-a note 11; do pay pay 72');
  await system.approval('l-reset:1:0/pay.0.0');
  const workflowId = workflowOf('l-reset');
  const runId = await reset(workflowId);
  await settledRun(workflowId, runId);
  await system.decide(await system.approval('l-reset:1:0/pay.0.0'), 'finn', 'approve');
  match(await system.reportReply('l-reset'), /errand 1 of 3 lines: succeeded/);
  deepEqual(far.effects, ['note l-reset:1:0/a 1', 'pay l-reset:1:0/pay 72']);
  equal(await reportsIn('l-reset'), 1);
});

test('a procedure that has ended and is reset takes no step that it did not take, whatever the rules say by then', async () => {
  far.record.state = 'refunded';
  const reply = await start('l-again', 'do a note 1; undo un-a note 11; do c pay 72; do d note 4');
  match(
    reply.startsWith('Started') ? await system.reportReply('l-again') : reply,
    /the step c was denied: already paid/,
  );
  const ended = [await reasonOf('l-again'), ...far.effects];
  deepEqual(far.effects, ['note l-again:1:0/a 1', 'note l-again:1:0/un-a 11']);
  far.record.state = 'delivered';
  const runId = await reset(workflowOf('l-again'));
  await system.client.workflow.getHandle(workflowOf('l-again'), runId).result();
  deepEqual([await reasonOf('l-again'), ...far.effects], ended);
  equal(await system.store.approvals.get('l-again:1:0/c.0.0'), undefined);
});

test('a procedure that is reset while it undoes goes on undoing, though the rules would allow by now what they denied', async () => {
  far.record.state = 'refunded';
  await start('l-undoes', 'do a note 1; undo un-a note 300; do c pay 72; do d note 4');
  const approval = await system.approval('l-undoes:1:0/un-a.0.0');
  far.record.state = 'delivered';
  await settledRun(workflowOf('l-undoes'), await reset(workflowOf('l-undoes')));
  await system.decide(approval, 'finn', 'approve');
  equal(await system.outcome('l-undoes:1:0'), 'failed');
  match(await reasonOf('l-undoes'), /^the step c was denied: .*; undone: un-a$/);
  deepEqual(far.effects, ['note l-undoes:1:0/a 1', 'note l-undoes:1:0/un-a 300']);
});

test('a conversation that is reset while a procedure runs starts no second one, and hears of the first', async () => {
  await start('l-conversation', 'do a note 1; do pay pay 72');
  const approval = await system.approval('l-conversation:1:0/pay.0.0');
  const id = conversationWorkflowId('l-conversation');
  await settledRun(id, await reset(id));
  await system.decide(approval, 'finn', 'approve');
  match(await system.reportReply('l-conversation'), /errand 1 of 2 lines: succeeded/);
  deepEqual(far.effects, ['note l-conversation:1:0/a 1', 'pay l-conversation:1:0/pay 72']);
  equal(await reportsIn('l-conversation'), 1);
});

/** An actor takes the act of a step, has it happen, and is gone before it has said so. */
async function actorDiesIn(id: string, step: string): Promise<void> {
  await hasActed(workflowOf(id));
  await query(`insert into countersign.claims (action_id, conversation_id, digest, tool, claimed_ms, epoch, taken_ms)
    select id, conversation_id, proposal->>'digest', proposal->>'tool', 1, 1, 1 from countersign.actions
    where id = '${id}:1:0/${step}'`);
  await actorDies(temporal.nativeConnection, far.effects);
}

test('a worker that dies in the middle of a step: what its far side knows is believed, and the procedure goes on', async () => {
  far.record.reconciles = 'happened';
  await system.stopRole('actor');
  await system.open('l-died');
  await system.submit('l-died', 'm1', 'errand 1: do t transfer 5; do last note 2');
  await actorDiesIn('l-died', 't');
  await system.restartRoles();
  equal(await system.outcome('l-died:1:0'), 'succeeded');
  deepEqual(far.effects, ['transfer l-died:1:0/t', 'note l-died:1:0/last 2']);
});

test('a worker that dies in the middle of a step of which nobody knows: it is asked about, and nothing comes after it', async () => {
  await system.stopRole('actor');
  await system.open('l-unknown');
  await system.submit('l-unknown', 'm1', 'errand 1: do b note 5; do last note 2');
  await actorDiesIn('l-unknown', 'b');
  await system.restartRoles();
  equal(await system.outcome('l-unknown:1:0'), 'failed');
  match(await reasonOf('l-unknown'), /^the step b may or may not have happened/);
  equal((await system.approval('l-unknown:1:0/b.question.0.0')).group, '@olga');
  deepEqual(far.effects, ['note l-unknown:1:0/b']);
});

test('a step that acts while its procedure is cancelled is waited for, and undone with the others', async () => {
  far.record.takesMs = 700;
  await system.open('l-acts');
  const plan = 'do a note 1; undo un-a note 11; do t transfer 5; undo un-t note 55; do b note 2';
  await system.submit('l-acts', 'm1', `errand 1: ${plan}`);
  await eventually(() => system.store.claims.get('l-acts:1:0/t'), 'the step being under way');
  await system.handle('l-acts').executeUpdate(CONVERSATION.stop);
  equal(await system.outcome('l-acts:1:0'), 'cancelled');
  match(await reasonOf('l-acts'), /undone: un-t, un-a$/);
  const done = ['note a 1', 'transfer t 5', 'note un-t 55', 'note un-a 11'];
  deepEqual(
    far.effects,
    done.map((one) => one.replace(' ', ' l-acts:1:0/')),
  );
});

const inEdit = (effect: string): string => effect.replace(' ', ' l-edit:1:0/');

test('a step that an approver has edited and that may have happened is asked about as it was edited', async () => {
  await start('l-edit', 'do a note 1; undo un-a note 11; do pay pay 72');
  const approval = await system.approval('l-edit:1:0/pay.0.0');
  await system.decide(approval, 'finn', 'edit', { args: '{"cents":50,"order":1}' });
  const second = await system.approval('l-edit:1:0/pay.0.1');
  far.record.fail = 'throw';
  await system.decide(second, 'olga', 'approve');
  const question = await system.approval('l-edit:1:0/pay~1.question.0.0');
  far.record.fail = '';
  deepEqual([question.summary, question.group], ['pay 50 for order 1', '@olga']);
  match(await system.reportReply('l-edit'), /the step pay may or may not have happened/);
  equal(await system.outcome('l-edit:1:0'), 'failed');
  await system.decide(question, 'olga', 'happened');
  const corrected = async () => (await system.outcome('l-edit:1:0/pay~1')) === 'succeeded' || undefined;
  await eventually(corrected, 'the answer being on record');
  deepEqual(far.effects, ['note a 1', 'pay pay~1 50', 'note un-a 11'].map(inEdit));
});
