// Procedures: code that the model may start and not steer. Each step takes the path of every action.
import { deepEqual, equal, match, rejects } from 'node:assert/strict';
import { test } from 'node:test';
import { createFarSide } from '../support/far-side.ts';
import { playErrands } from '../support/play-errands.ts';
import { eventually, type System } from '../support/system.ts';

const far = createFarSide();
let system: System;

playErrands(far, (up) => ({ system } = up));

async function run(id: string, text: string): Promise<string> {
  await system.open(id);
  await system.submit(id, 'm1', text);
  return system.reply(id, 'm1');
}

/** What the model is told of its end: in the turn, or on a slow machine by a report. */
async function endOf(id: string, text: string): Promise<string> {
  const reply = await run(id, text);
  return reply.startsWith('Started') ? system.reportReply(id) : reply;
}

test('a procedure that nobody need be asked about ends in its turn, and each step is an action of its own', async () => {
  const reply = await endOf('p-happy', 'errand 1: do find look 1; do write note 7');
  match(
    reply,
    /The procedure has ended:\n- errand 1 of 2 lines: succeeded\. Result: \{"told":\[\{"order":1,"state":"delivered"\},\{"done":true\}\]/,
  );
  deepEqual(far.effects, ['note p-happy:1:0/write 7']);
  for (const id of ['p-happy:1:0', 'p-happy:1:0/find', 'p-happy:1:0/write'])
    equal(await system.outcome(id), 'succeeded');
});

const ends = async (id: string) => {
  const rows = await system.store.actions.ofConversation(id, 100);
  return rows.toReversed().map((row) => `${row.id.slice(id.length + 1)} ${row.outcome?.kind ?? row.stage}`);
};

const reported = (id: string): Promise<string> => system.reportReply(id);

test('a step without leave is denied exactly as a call of the model would be, and nothing after it is done', async () => {
  const text = 'errand 1: do huge pay 2000000; do write note 7';
  match(await endOf('p-denied', text), /failed \(the step huge was denied: too much\)/);
  deepEqual(await ends('p-denied'), ['1:0 failed', '1:0/huge denied']);
  deepEqual(far.effects, []);
  await system.open('p-direct');
  await system.submit('p-direct', 'm1', 'pay 2000000');
  match(await system.reply('p-direct', 'm1'), /denied: too much/);
  const [direct] = await system.store.actions.ofConversation('p-direct', 1);
  const step = await system.store.actions.get('p-denied:1:0/huge');
  deepEqual(direct?.verdict, step?.verdict);
});

test('a step that names no tool, or arguments that fit none, is denied; so is another procedure', async () => {
  match(await endOf('p-none', 'errand 1: do x unknown_tool 7'), /the step x was denied: the agent has no tool/);
  match(await endOf('p-misfit', 'errand 1: do x note -1'), /the step x was denied: cents: /);
  match(await endOf('p-nested', 'errand 1: do x errand 7'), /the step x was denied: the agent has no tool errand/);
});

test('a step that asks people waits in a batch of its own; the turn ends, and the outcome opens another', async () => {
  match(
    await run('p-asks', 'errand 1: do pay pay 72; do write note 7'),
    /Started, and not done yet\. It waits for finance/,
  );
  const approval = await system.approval('p-asks:1:0/pay.0.0');
  deepEqual([approval.batchId, approval.procedure], ['p-asks:1:0/pay', 'errand']);
  await system.submit('p-asks', 'm2', 'hello');
  equal(await system.reply('p-asks', 'm2'), 'you said: hello');
  equal((await system.decide(approval, 'finn', 'approve')).counted, true);
  match(await reported('p-asks'), /The procedure has ended:\n- errand 1 of 2 lines: succeeded/);
  deepEqual(far.effects, ['pay p-asks:1:0/pay 72', 'note p-asks:1:0/write 7']);
  deepEqual((await system.handle('p-asks').query<{ waiting: unknown[] }>('conversation')).waiting, []);
});

test('what people deny ends the procedure, and the model is told why', async () => {
  await run('p-refused', 'errand 1: do pay pay 72; do write note 7');
  const approval = await system.approval('p-refused:1:0/pay.0.0');
  await system.decide(approval, 'finn', 'deny', { reason: 'rather pay 71' });
  match(await reported('p-refused'), /failed \(the step pay was denied: finn denied it: rather pay 71\)/);
  deepEqual(await ends('p-refused'), ['1:0 failed', '1:0/pay denied']);
  deepEqual(far.effects, []);
});

test('an edited step is asked about anew, and the procedure goes on with what was done', async () => {
  await run('p-edited', 'errand 1: do pay pay 72; do more pay 20');
  const approval = await system.approval('p-edited:1:0/pay.0.0');
  await system.decide(approval, 'finn', 'edit', { args: '{"cents":50,"order":1}' });
  await system.decide(await system.approval('p-edited:1:0/pay.0.1'), 'olga', 'approve');
  // What comes after rests on the editor's words too.
  const later = await system.approval('p-edited:1:0/more.0.0');
  deepEqual(later.editors, ['finn']);
  await rejects(system.decide(later, 'finn', 'approve'), { name: 'WorkflowUpdateFailedError' });
  await system.decide(later, 'olga', 'approve');
  match(await reported('p-edited'), /succeeded/);
  deepEqual(far.effects, ['pay p-edited:1:0/pay~1 50', 'pay p-edited:1:0/more 20']);
});

test('when a step fails, what was done is undone in reverse, on the path of every action', async () => {
  const plan = ['do a note 1', 'undo un-a note 11', 'do b note 2', 'undo un-b pay 22', 'do c pay 2000000'];
  match(await run('p-undo', `errand 1: ${plan.join('; ')}`), /Started, and not done yet\./);
  await system.decide(await system.approval('p-undo:1:0/un-b.0.0'), 'finn', 'approve');
  match(await reported('p-undo'), /failed \(the step c was denied: too much; undone: un-b, un-a\)/);
  deepEqual(far.effects, [
    'note p-undo:1:0/a 1',
    'note p-undo:1:0/b 2',
    'pay p-undo:1:0/un-b 22',
    'note p-undo:1:0/un-a 11',
  ]);
});

test('what cannot be undone is said, and holds up no other', async () => {
  const plan = ['do a note 1', 'undo un-a note 11', 'do b note 2', 'undo un-b pay 2000000', 'out of stock'];
  const told = /failed \(out of stock; undone: un-a; not undone: un-b \(denied: too much\)\)/;
  match(await endOf('p-left', `errand 1: ${plan.join('; ')}`), told);
  deepEqual(far.effects, ['note p-left:1:0/a 1', 'note p-left:1:0/b 2', 'note p-left:1:0/un-a 11']);
});

test('a step that may have happened is asked about and not undone, and its answer takes no step anew', async () => {
  far.record.fail = 'throw';
  match(
    await endOf('p-unknown', 'errand 1: do a note 1; undo un-a note 11'),
    /the step a may or may not have happened/,
  );
  far.record.fail = '';
  deepEqual(await ends('p-unknown'), ['1:0 failed', '1:0/a unknown']);
  const question = await system.approval('p-unknown:1:0/a.question.0.0');
  deepEqual([question.question, question.group], ['unknown', '@olga']);
  await system.decide(question, 'olga', 'did_not_happen');
  const answered = async () =>
    (await system.transcript('p-unknown')).find((line) => /It did not happen. It can be asked for again/.test(line));
  await eventually(answered, 'the answer being reported');
  deepEqual(await ends('p-unknown'), ['1:0 failed', '1:0/a failed']);
  deepEqual(far.effects, ['note p-unknown:1:0/a 1']);
});

test('a procedure that catches what failed goes on', async () => {
  match(await endOf('p-caught', 'errand 1: try a pay 2000000; do b note 2'), /"told":\["a: denied",\{"done":true\}\]/);
});

test('a step is named once, in lower-kebab, and nothing is undone before it was done', async () => {
  match(await endOf('p-twice', 'errand 1: do a note 1; do a note 2'), /failed \(the step a is there twice/);
  match(await endOf('p-named', 'errand 1: do A.b note 1'), /"A\.b" is no name of a step/);
  match(await endOf('p-early', 'errand 1: undo a note 1'), /there is nothing that the step a could undo/);
  deepEqual(far.effects, ['note p-twice:1:0/a 1']);
});
