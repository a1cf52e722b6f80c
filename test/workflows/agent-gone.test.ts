import { equal, match } from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { CONVERSATION } from '../../domain/protocol.ts';
import { createFarSide, createTestAgent, directory } from '../support/far-side.ts';
import { eventually, obedient, startSystem, type System } from '../support/system.ts';
import { startTemporal } from '../support/temporal.ts';

// 20: more than a process of workflows does at once.
const GONE = 20;
let temporal: TestWorkflowEnvironment;
let system: System;

before(async () => {
  temporal = await startTemporal();
  system = await startSystem({ temporal, agent: createTestAgent(createFarSide()), directory, script: obedient });
});
after(async () => {
  await system?.stop();
  await temporal?.teardown();
});

test('conversations of an agent that is gone wait by a timer, can be stopped, and hold up nobody else', async () => {
  const gone = Array.from({ length: GONE }, (_, nth) => `c-gone-${nth}`);
  for (const id of gone) {
    await system.open(id, undefined, 'ada', 'gone');
    await system.submit(id, 'm1', 'hello');
  }
  await system.open('c-here');
  await system.submit('c-here', 'm1', 'hello');
  match(await system.reply('c-here', 'm1'), /\S/);
  for (const id of gone) {
    const waitsByTimer = async () => {
      const { events } = await system.handle(id).fetchHistory();
      return events?.some(({ timerStartedEventAttributes: timer }) => timer) || undefined;
    };
    equal(await eventually(waitsByTimer, `${id} to wait by a timer`), true);
    await system.handle(id).executeUpdate(CONVERSATION.stop);
  }
});
