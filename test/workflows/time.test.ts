import { deepEqual, equal, match } from 'node:assert/strict';
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
