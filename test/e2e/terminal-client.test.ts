import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { at, countersign, run } from '../cli/support.ts';
import { eventually } from '../support/system.ts';
import { createStack, type Stack } from '../support/stack.ts';

let stack: Stack;
let env: Readonly<Record<string, string>>;

before(async () => {
  stack = await createStack();
  await stack.start();
  env = { COUNTERSIGN_STATE_DIR: stack.state };
});
after(async () => {
  await stack?.stop();
  await stack?.remove();
});

test('at the terminal a refund waits for finance, is approved once, and its outcome is seen live', async (t) => {
  const doctor = await run(t, ['doctor'], env);
  assert.equal(doctor.code, 0, doctor.output);
  assert.match(doctor.output, /ok +Temporal +.* keeps closed Workflows for 30 days\nok +search attributes all/);

  const chat = countersign(t, ['chat', '--agent', 'support-desk', '--conversation', 'terminal'], env);
  chat.process.stdin?.write('refund order 1042\nwhere is order 1043\n');
  const output = await chat.says('Order 1043');
  const id = /npx countersign approve (\S+)/.exec(output)?.[1] ?? '';
  assert.match(output, /waits {7}refund order 1042 · .* waits for finance until .* \(in 1 d\)/);

  const list = await run(t, ['approvals'], env);
  assert.match(list.output, new RegExp(`^${id} +refund order 1042 · .* finance +customer-ada`, 'm'));
  assert.match((await run(t, ['status'], env)).output, /, ready\nconversations +1 \(1 open\)\napprovals +1 open; /);
  // Whoever asks cannot decide.
  assert.equal((await run(t, ['approve', id, '--as', 'customer'], env)).code, 1);
  const approved = await run(t, ['approve', id], env);
  assert.equal(approved.code, 0);
  assert.match(approved.output, /^approved: refund order 1042/);
  await chat.says('What waited has ended');
  assert.match(chat.output(), /decision {4}approved: refund order 1042[\s\S]*done {8}refund order 1042/);
  const again = await run(t, ['deny', id, '--reason', 'changed my mind'], env);
  assert.deepEqual([again.code, again.output], [1, 'Too late: it is already approved.\n']);

  chat.process.stdin?.end();
  assert.equal((await chat.ended).code, 0);
  const listed = await run(t, ['conversations'], env);
  assert.match(listed.output, /^terminal +support-desk +open +Ada +\d\d:\d\d$/m);
});

test('a kill cancels what waits, is seen by status and doctor, and a revive opens the way again', async (t) => {
  const say = (text: string) =>
    run(t, ['chat', '--agent', 'support-desk', '--conversation', 'stopped', '--message', text], env);
  assert.match((await say('refund order 1041')).output, /waits for finance/);
  const waiting = /^(stopped:\S+)/m.exec((await run(t, ['approvals'], env)).output)?.[1] ?? '';

  const killed = await run(t, ['kill', 'tool', 'refund', '--reason', 'it pays twice'], env);
  assert.equal(killed.code, 0, killed.output);
  assert.match(killed.output, new RegExp(`^cancelled ${waiting} refund order 1041`, 'm'));
  const ended = async () => /^ended +cancelled/m.test((await run(t, ['approvals', waiting], env)).output);
  await eventually(async () => (await ended()) || undefined, 'the approval to be cancelled by its Workflow');
  assert.match((await run(t, ['status'], env)).output, /^stopped +the tool refund since .* by finn: it pays twice$/m);
  const doctor = await run(t, ['doctor'], env);
  assert.deepEqual([doctor.code, /^warning switches +the tool refund is stopped/m.test(doctor.output)], [0, true]);

  assert.equal((await run(t, ['revive', 'tool', 'refund'], env)).output, 'Revived: the tool refund.\n');
  assert.equal((await run(t, ['switches'], env)).output, 'Nothing is stopped.\n');
});

test('a wrong key is told so', async (t) => {
  const { url } = JSON.parse(readFileSync(join(stack.state, 'api.json'), 'utf8')) as { url: string };
  const { code, output } = await run(t, ['chat', '--message', 'hello'], at(url));
  assert.deepEqual(
    [code, output],
    [1, 'This key is unknown or revoked; ask whoever runs this server for another one.\n'],
  );
});
