// A test file about procedures: its system comes up before the first test and goes down after the last, and the far side
// begins anew for each.
import { after, before, beforeEach } from 'node:test';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { createErrandAgent, errandCode, errands } from './errands.ts';
import { createFarSide, directory, type FarSide } from './far-side.ts';
import { startSystem, type System } from './system.ts';
import { startTemporal } from './temporal.ts';

interface Up {
  readonly system: System;
  readonly temporal: TestWorkflowEnvironment;
}

/** `settings`: of the Temporal server, as `startTemporal` takes them. */
export function playErrands(far: FarSide, onUp: (up: Up) => void, ...settings: readonly string[]): void {
  let temporal: TestWorkflowEnvironment | undefined;
  let system: System | undefined;
  before(async () => {
    temporal = await startTemporal(...settings);
    const agent = createErrandAgent(far);
    system = await startSystem({ temporal, agent, directory, script: errands, procedures: await errandCode() });
    onUp({ system, temporal });
  });
  after(async () => {
    await system?.stop();
    await temporal?.teardown();
  });
  beforeEach(() => {
    far.effects.length = 0;
    Object.assign(far.record, createFarSide().record);
  });
}
