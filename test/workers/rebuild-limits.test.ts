// What a store loses of limits: what was taken is counted again, by what the ledger says once it is rebuilt.
import { deepEqual, equal } from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { createFarSide, directory } from '../support/far-side.ts';
import { createLimitedAgent } from '../support/limited.ts';
import { lossOf } from '../support/loss.ts';
import { obedient, startSystem, type System } from '../support/system.ts';
import { startTemporal } from '../support/temporal.ts';

const far = createFarSide();
let temporal: TestWorkflowEnvironment;
let system: System;
const { backUp, query, rebuild, restore, stopRoles, talk } = lossOf(() => system);

before(async () => {
  temporal = await startTemporal();
  system = await startSystem({ isPlain: true, temporal, agent: createLimitedAgent(far), directory, script: obedient });
});
after(async () => {
  await system?.stop();
  await temporal?.teardown();
});

const takes = () =>
  query<object>(`select action_id, limit_name, agent, tenant, principal_id, currency, units::int, at_ms::text,
    given_back_ms is not null as is_back from countersign.limit_takes order by action_id, limit_name`);

test('after a loss what was taken is taken again, and what was given back is given back', async () => {
  await talk('kept', 'note 20');
  await backUp();
  await talk('lost', 'note 30');
  far.record.fail = 'did_not_happen';
  await talk('failed', 'note 40');
  far.record.fail = '';
  const taken = await takes();
  equal(taken.length, 6);
  await stopRoles();
  await restore();
  equal((await takes()).length, 2);
  await rebuild();
  deepEqual(await takes(), taken);
  await system.restartRoles();
  // 50 of 100 are used: 51 more are too many.
  await talk('beyond', 'note 51');
  equal(await system.outcome('beyond:1:0'), 'denied');
  await talk('within', 'note 50');
  equal(await system.outcome('within:1:0'), 'succeeded');
});
