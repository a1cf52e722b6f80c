// What an operator resets in Temporal runs again as Workflow code, and its effects do not.
import { deepEqual, equal } from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { waitingWorkflowId, conversationWorkflowId } from '../../domain/ids.ts';
import { createFarSide, createTestAgent, directory } from '../support/far-side.ts';
import { DECISIONS, resetsOf, UPDATES } from '../support/reset.ts';
import { obedient, startSystem, type System } from '../support/system.ts';
import { startTemporal } from '../support/temporal.ts';

const far = createFarSide();
let temporal: TestWorkflowEnvironment;
let system: System;
const { reset, settledRun } = resetsOf(() => system);

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
});

test('a batch that is reset after its act does not act again, and ends as it ended', async () => {
  await system.open('r-batch');
  await system.submit('r-batch', 'm1', 'pay 72');
  await system.reply('r-batch', 'm1');
  const approval = await system.approval('r-batch:1:0.0.0');
  await system.decide(approval, 'finn', 'approve');
  await system.reportReply('r-batch');
  const batch = waitingWorkflowId('r-batch:1:0');
  // The decision is not applied to the new run again: people decide anew, and it counts for the same action.
  const runId = await reset(batch, DECISIONS);
  await settledRun(batch, runId);
  await system.decide(approval, 'olga', 'approve');
  await system.client.workflow.getHandle(batch, runId).result();
  deepEqual(far.effects, ['pay r-batch:1:0 72']);
  equal(await system.outcome('r-batch:1:0'), 'succeeded');
});

test('a conversation that is reset to its beginning repeats no effect and no message, and goes on', async () => {
  await system.open('r-conversation');
  await system.submit('r-conversation', 'm1', 'note 5 then note 6');
  await system.reply('r-conversation', 'm1');
  const told = await system.transcript('r-conversation');
  const id = conversationWorkflowId('r-conversation');
  await settledRun(id, await reset(id));
  await system.submit('r-conversation', 'm2', 'hello');
  equal(await system.reply('r-conversation', 'm2'), 'you said: hello');
  deepEqual(far.effects, ['note r-conversation:1:0 5', 'note r-conversation:1:1 6']);
  deepEqual((await system.transcript('r-conversation')).slice(0, told.length), told);
});

test('a conversation that is reset and forgets its messages answers the next one, and not with old words', async () => {
  await system.open('r-forgets');
  await system.submit('r-forgets', 'm1', 'hello');
  equal(await system.reply('r-forgets', 'm1'), 'you said: hello');
  const id = conversationWorkflowId('r-forgets');
  await settledRun(id, await reset(id, [UPDATES]));
  await system.submit('r-forgets', 'm2', 'how are you');
  equal(await system.reply('r-forgets', 'm2'), 'you said: how are you');
  // Sent again after the Workflow has forgotten it: it was answered, and is not answered anew.
  await system.submit('r-forgets', 'm1', 'hello');
  await system.submit('r-forgets', 'm3', 'bye');
  equal(await system.reply('r-forgets', 'm3'), 'you said: bye');
  deepEqual(
    (await system.transcript('r-forgets')).map((line) => line.split(': ', 1)[0]),
    ['message', 'reply', 'message', 'reply', 'message', 'reply'],
  );
});
