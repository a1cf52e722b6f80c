// The Schedule of maintenance on the real server: one, whoever makes it and however often, and run as it says.
import { deepEqual, equal } from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { MAINTENANCE } from '../../domain/protocol.ts';
import { scheduleMaintenance } from '../../workers/maintenance-schedule.ts';
import { createFarSide, createTestAgent, directory } from '../support/far-side.ts';
import { eventually, obedient, startSystem, type System } from '../support/system.ts';
import { startTemporal } from '../support/temporal.ts';

const DAY_MS = 86_400_000;
let temporal: TestWorkflowEnvironment;
let system: System;
let aheadMs = 0;

before(async () => {
  temporal = await startTemporal();
  const agent = { ...createTestAgent(createFarSide()), retention: { closeIdleAfterDays: 30 } };
  system = await startSystem({ temporal, agent, directory, script: obedient, nowMs: () => Date.now() + aheadMs });
});
after(async () => {
  await system?.stop();
  await temporal?.teardown();
});

test('the Schedule is one, changes with the configuration, and stays paused where an operator has paused it', async () => {
  const { client } = temporal;
  await Promise.all([1, 2, 3].map(() => scheduleMaintenance(client, 3_600)));
  const schedule = client.schedule.getHandle(MAINTENANCE.scheduleId);
  await schedule.pause('a test');
  // Temporal answers before it has done it.
  await eventually(async () => (await schedule.describe()).state.paused || undefined, 'the pause');
  await scheduleMaintenance(client, 7_200);
  const { spec, policies, state } = await eventually(async () => {
    const told = await schedule.describe();
    return told.spec.intervals?.[0]?.every === 7_200_000 ? told : undefined;
  }, 'the new interval');
  deepEqual([spec.intervals?.map(({ every }) => every), policies.overlap], [[7_200_000], 'SKIP']);
  deepEqual([state.paused, state.note], [true, 'a test']);
  const ids: string[] = [];
  for await (const { scheduleId } of client.schedule.list()) ids.push(scheduleId);
  deepEqual(ids, [MAINTENANCE.scheduleId]);
  await schedule.unpause();
});

test('what is due is done by the Schedule, with nobody asking', async () => {
  await system.open('c-1');
  await system.submit('c-1', 'm1', 'hello');
  await system.reply('c-1', 'm1');
  aheadMs = 31 * DAY_MS;
  await scheduleMaintenance(temporal.client, 10);
  const closed = await eventually(async () => {
    const row = await system.store.conversations.get('c-1');
    return row?.phase === 'closed' ? row : undefined;
  }, 'the Schedule closing what is idle');
  equal(closed.phase, 'closed');
  await temporal.client.schedule.getHandle(MAINTENANCE.scheduleId).pause('done');
});
