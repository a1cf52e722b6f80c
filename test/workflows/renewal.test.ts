import { deepEqual, equal } from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { createFarSide, createTestAgent, directory } from '../support/far-side.ts';
import { eventually, obedient, startSystem, type System } from '../support/system.ts';
import { startTemporal } from '../support/temporal.ts';

const far = createFarSide();
let temporal: TestWorkflowEnvironment;
let system: System;

before(async () => {
  // The server suggests Continue-As-New after 30 events, so that a few turns renew the history several times.
  temporal = await startTemporal('limit.historyCount.suggestContinueAsNew=30');
  system = await startSystem({ temporal, agent: createTestAgent(far), directory, script: obedient });
});
after(async () => {
  await system?.stop();
  await temporal?.teardown();
});

test('a renewal of the history loses no message, answers none twice, and keeps their order', async () => {
  await system.open('c-renew');
  const first = (await system.handle('c-renew').describe()).runId;
  const count = 30;
  for (let n = 0; n < count; n++) await system.submit('c-renew', `m${n}`, `word ${n}`);
  await system.reply('c-renew', `m${count - 1}`);
  const messages = (await system.transcript('c-renew')).filter((line) => line.startsWith('message: '));
  deepEqual(
    messages,
    Array.from({ length: count }, (_, n) => `message: word ${n}`),
  );
  const runId = (await system.handle('c-renew').describe()).runId;
  equal(runId === first, false, 'the history was renewed');
  const ticket = await system.submit('c-renew', 'm0', 'word 0');
  equal(ticket.duplicate, true, 'an id of an earlier run is still known');
});

test('an action that waits outlives the run that asked for it, and reports to the one that is there', async () => {
  far.effects.length = 0;
  await system.open('c-outlive');
  await system.submit('c-outlive', 'p1', 'pay 7200');
  await system.reply('c-outlive', 'p1');
  const firstRun = (await system.handle('c-outlive').describe()).runId;
  for (let n = 0; n < 12; n++) {
    await system.submit('c-outlive', `m${n}`, `word ${n}`);
    await system.reply('c-outlive', `m${n}`);
  }
  const renewed = async () => ((await system.handle('c-outlive').describe()).runId === firstRun ? undefined : true);
  await eventually(renewed, 'a renewed history');
  await system.decide(await system.approval('c-outlive:1:0.0.0'), 'finn', 'approve');
  equal((await system.reportReply('c-outlive')).includes('pay 7200 for order 1042: succeeded'), true);
  deepEqual(far.effects, ['pay c-outlive:1:0 7200']);
});
