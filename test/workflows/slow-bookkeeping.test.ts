// NOT RUN YET. Put into test/workflows/. A message that comes while a local Activity lasts longer than a Workflow Task (2 s,
// heartbeat after 1.6 s): live it is heard before that Activity resolves, on replay together with it. system.stop() replays.
import { after, before, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { CONVERSATION } from '../../domain/protocol.ts';
import { createFarSide, createTestAgent, directory } from '../support/far-side.ts';
import { obedient, startSystem, type System } from '../support/system.ts';
import { startTemporal } from '../support/temporal.ts';

let temporal: TestWorkflowEnvironment;
let system: System;
before(async () => {
  temporal = await startTemporal();
  system = await startSystem({ temporal, agent: createTestAgent(createFarSide()), directory, script: obedient });
});
after(async () => {
  await system?.stop(); // rejects where a history does not replay
  await temporal?.teardown();
});

test('what comes while bookkeeping takes longer than a Workflow Task is replayed as it was heard', async ({ mock }) => {
  await system.open('c-slow');
  const append = system.store.items.append;
  mock.method(system.store.items, 'append', async (...args: Parameters<typeof append>) => {
    await wait(3_000);
    return append(...args);
  });
  await system.submit('c-slow', 'm1', 'hello');
  await wait(500);
  await system.handle('c-slow').executeUpdate(CONVERSATION.pause);
  mock.restoreAll();
  await system.command('c-slow', 'resume');
  await system.submit('c-slow', 'm2', 'again');
  await system.reply('c-slow', 'm2');
});
