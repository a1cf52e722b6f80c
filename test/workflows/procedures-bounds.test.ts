// What the code of a procedure may not do, or not that often: however it is written, it ends, and nothing that it did not do
// is undone.
import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { test } from 'node:test';
import { procedureId, waitingWorkflowId } from '../../domain/ids.ts';
import { CONVERSATION } from '../../domain/protocol.ts';
import { MAX_SLEEPS, MAX_STEP_RESULT_BYTES, MAX_STEPS } from '../../domain/steps.ts';
import { createFarSide } from '../support/far-side.ts';
import { playErrands } from '../support/play-errands.ts';
import { eventually, type System } from '../support/system.ts';

const far = createFarSide();
let system: System;

playErrands(far, (up) => ({ system } = up));

async function start(id: string, plan: string): Promise<string> {
  await system.open(id);
  await system.submit(id, 'm1', `errand 1: ${plan}`);
  return system.reply(id, 'm1');
}

/** What the model is told of its end: in the turn, or on a slow machine by a report. */
async function endOf(id: string, plan: string): Promise<string> {
  const reply = await start(id, plan);
  return reply.startsWith('Started') ? system.reportReply(id) : reply;
}

const procedure = (id: string) => system.client.workflow.getHandle(waitingWorkflowId(procedureId(`${id}:1:0`)));

const isAsleep = (id: string) =>
  eventually(async () => {
    const { now } = await procedure(id).query<{ readonly now: string }>('procedure');
    return now === 'sleeps' || undefined;
  }, 'it being asleep');

test('a procedure sleeps as long as it says, and goes on', async () => {
  const startedMs = Date.now();
  match(await endOf('b-sleep', 'do a note 1; sleep 1500; do b note 2'), /errand 1 of 3 lines: succeeded/);
  ok(Date.now() - startedMs >= 1500);
  deepEqual(far.effects, ['note b-sleep:1:0/a 1', 'note b-sleep:1:0/b 2']);
});

test('a procedure that sleeps is held by nobody: its turn ends, and a stop undoes what it did', async () => {
  match(await start('b-stop', 'do a note 1; undo un-a note 11; sleep 3600000; do b note 2'), /It goes on by itself/);
  await isAsleep('b-stop');
  await system.handle('b-stop').executeUpdate(CONVERSATION.stop);
  equal(await system.outcome('b-stop:1:0'), 'cancelled');
  deepEqual(far.effects, ['note b-stop:1:0/a 1', 'note b-stop:1:0/un-a 11']);
});

test('it neither sleeps too long nor too often', async () => {
  match(await endOf('b-long', 'sleep 2592000001'), /failed \(it cannot sleep for 2592000001 ms: 2592000000 at most\)/);
  match(await endOf('b-back', 'sleep -1'), /failed \(it cannot sleep for -1 ms/);
  match(await endOf('b-naps', `naps ${MAX_SLEEPS + 1}`), /failed \(it has slept 500 times\)/);
});

test('it takes no more steps than a person can follow', async () => {
  await start('b-many', `tries ${MAX_STEPS + 1}; do a note 1`);
  equal(await system.outcome('b-many:1:0'), 'failed');
  const outcome = (await system.store.actions.get('b-many:1:0'))?.outcome;
  equal(outcome?.kind === 'failed' && outcome.reason, 'it has more than 50 steps');
  deepEqual(far.effects, []);
});

test('what a step gave back beyond what a procedure reads is not handed to it; the step was done all the same', async () => {
  far.record.state = 'x'.repeat(MAX_STEP_RESULT_BYTES);
  const plan = 'do a note 1; undo un-a note 11; do find look 1; do b note 2';
  match(await endOf('b-large', plan), /the step find was done, and cannot be read: .* 65536; undone: un-a/);
  equal(await system.outcome('b-large:1:0/find'), 'succeeded');
  deepEqual(far.effects, ['note b-large:1:0/a 1', 'note b-large:1:0/un-a 11']);
});

test('of steps that are asked for at once, what is not done ends those behind it', async () => {
  await start('b-both', 'both a b pay; do c note 3');
  await system.decide(await system.approval('b-both:1:0/a.0.0'), 'finn', 'deny', { reason: 'no' });
  equal(await system.outcome('b-both:1:0'), 'failed');
  equal(await system.store.actions.get('b-both:1:0/b'), undefined);
  match(await endOf('b-each', 'both a b note'), /succeeded/);
  deepEqual(far.effects, ['note b-each:1:0/a 1', 'note b-each:1:0/b 2']);
});

test('a step that is wanted after the end of its procedure is not taken, and holds up nothing', async () => {
  const plan = 'do a note 1; undo un-a pay 11; late 300 more note; out of stock';
  match(await start('b-late', plan), /Started/);
  const approval = await system.approval('b-late:1:0/un-a.0.0');
  await eventually(async () => {
    const { events } = await procedure('b-late').fetchHistory();
    return events?.some((one) => one.timerFiredEventAttributes) || undefined;
  }, 'the step being wanted');
  await system.decide(approval, 'finn', 'approve');
  match(await system.reportReply('b-late'), /failed \(out of stock; undone: un-a\)/);
  deepEqual(far.effects, ['note b-late:1:0/a 1', 'pay b-late:1:0/un-a 11']);
});

test('only what was done is undone: not a step that was denied, nor one that may have happened', async () => {
  const denied = 'do a note 1; undo un-a note 11; try b pay 2000000; undo un-b note 22';
  match(await endOf('b-denied', denied), /there is nothing that the step un-b could undo; undone: un-a\)/);
  deepEqual(far.effects, ['note b-denied:1:0/a 1', 'note b-denied:1:0/un-a 11']);
  far.effects.length = 0;
  far.record.fail = 'throw';
  match(await endOf('b-unknown', 'try b note 2; undo un-b note 22'), /nothing that the step un-b could undo\)/);
  deepEqual(far.effects, ['note b-unknown:1:0/b 2']);
});

test('code that waits for no step is ended by a cancel all the same', async () => {
  match(await start('b-hang', 'do a note 1; undo un-a note 11; hang'), /It goes on by itself/);
  await system.handle('b-hang').executeUpdate(CONVERSATION.stop);
  equal(await system.outcome('b-hang:1:0'), 'cancelled');
  deepEqual(far.effects, ['note b-hang:1:0/a 1', 'note b-hang:1:0/un-a 11']);
});
