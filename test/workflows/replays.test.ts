// A handler and the main code at work in the same step: what they did must be what a replay does.
import { deepEqual } from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { createFarSide, createTestAgent, directory } from '../support/far-side.ts';
import { replayAll } from '../support/replays.ts';
import { eventually, startSystem, type System } from '../support/system.ts';
import { startTemporal } from '../support/temporal.ts';

const far = createFarSide();
let temporal: TestWorkflowEnvironment;
let system: System;
let begun = () => {};
let answer = Promise.resolve<'now'>('now');

before(async () => {
  temporal = await startTemporal();
  const agent = createTestAgent(far);
  const script = async ({ transcript }: { readonly transcript: readonly { readonly kind: string }[] }) => {
    if (transcript.at(-1)?.kind === 'tool_result') return 'done';
    begun();
    await answer;
    return [['note', { cents: 7, order: 1042 }]] as const;
  };
  system = await startSystem({ temporal, agent, directory, script });
});
after(async () => {
  await system?.stop();
  await temporal?.teardown();
});

/** The answer of the model and a command arrive together, at a Worker that has just begun. */
async function together(id: string): Promise<void> {
  let open = (): void => {};
  answer = new Promise((resolve) => (open = () => resolve('now')));
  const asked = new Promise<void>((resolve) => (begun = resolve));
  await system.open(id);
  await system.submit(id, 'm1', 'note 7');
  await asked;
  await system.stopRole('workflows');
  open();
  await eventually(async () => {
    const { events } = await system.handle(id).fetchHistory();
    return events?.some((event) => event.activityTaskCompletedEventAttributes) || undefined;
  }, 'the answer of the model');
  const commanded = system.command(id, 'handover');
  await system.restartRoles();
  await commanded;
  await eventually(async () => (await system.store.actions.get(`${id}:1:0`))?.outcome ?? undefined, 'its outcome');
}

test('an answer of the model and a command that come together are replayed as they were', async () => {
  for (const id of ['both-1', 'both-2', 'both-3']) await together(id);
  deepEqual((await replayAll(system.client)).problems, []);
});
