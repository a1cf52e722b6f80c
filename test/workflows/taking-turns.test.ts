import { deepEqual, equal, match, notEqual, ok } from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { createGateway, type Gateway } from '../../api/gateway.ts';
import { conversationWorkflowId, waitingWorkflowId } from '../../domain/ids.ts';
import { createFarSide, createTestAgent, directory } from '../support/far-side.ts';
import { obedient, startSystem, type System } from '../support/system.ts';
import { startTemporal } from '../support/temporal.ts';

// 120: a turn of words is twelve events, and a run has a thousand.
const MOST_TURNS = 120;
const far = createFarSide();
let temporal: TestWorkflowEnvironment;
let system: System;
let gateway: Gateway;

before(async () => {
  temporal = await startTemporal('matching.enableFairness=true');
  system = await startSystem({ temporal, agent: createTestAgent(far), directory, script: obedient });
  gateway = createGateway(system.client);
});
after(async () => {
  await gateway?.drain();
  await system?.stop();
  await temporal?.teardown();
});

const start = async (conversationId: string, principalId: string, tenant = 'default'): Promise<void> => {
  const principal = { id: principalId, name: principalId, tenant };
  const fact = { kind: 'conversation_opened', agent: 'tester', tenant, owner: 'olga', principal } as const;
  await system.store.record([{ subject: conversationId, step: 'opened', conversationId, atMs: Date.now(), fact }]);
  await gateway.start({ conversationId, agent: 'tester', tenant, owner: 'olga', principalId });
};

/** As Temporal has it, of its present run. */
async function placeOf(workflowId: string) {
  const { priority, runId } = await system.client.workflow.getHandle(workflowId).describe();
  return { ...priority, runId };
}

test('the conversations of one principal take turns as one, and with those of everybody else', async () => {
  await start('c-ada-1', 'ada');
  await start('c-ada-2', 'ada');
  await start('c-finn', 'finn');
  await start('c-other', 'ada', 'other');
  const places = await Promise.all(
    ['c-ada-1', 'c-ada-2', 'c-finn', 'c-other'].map((id) => placeOf(conversationWorkflowId(id))),
  );
  const [one, two, finn, other] = places.map(({ fairnessKey }) => fairnessKey);
  match(one ?? '', /^[0-9a-f]{32}$/);
  equal(one, two);
  notEqual(one, finn);
  notEqual(one, other);
});

test('what waits for people goes first, in its conversation’s name; a model call does not', async () => {
  await start('c-first', 'ada');
  await system.submit('c-first', 'm1', 'pay 51');
  await system.reply('c-first', 'm1');
  const { fairnessKey } = await placeOf(conversationWorkflowId('c-first'));
  const waiting = await placeOf(waitingWorkflowId('c-first:1:0'));
  deepEqual([waiting.priorityKey, waiting.fairnessKey], [1, fairnessKey]);
  const { events = [] } = await system.handle('c-first').fetchHistory();
  const called = (events ?? []).flatMap(({ activityTaskScheduledEventAttributes: one }) =>
    one?.activityType?.name === 'callModel' ? [one.priority?.priorityKey ?? 0] : [],
  );
  ok(called.length > 0 && called.every((key) => key === 0));
});

test('a history that is renewed keeps its place', async () => {
  await start('c-renewed', 'ada');
  const first = await placeOf(conversationWorkflowId('c-renewed'));
  let now = first;
  for (let said = 1; said <= MOST_TURNS && now.runId === first.runId; said++) {
    await system.submit('c-renewed', `m${said}`, `word ${said}`);
    await system.reply('c-renewed', `m${said}`);
    now = await placeOf(conversationWorkflowId('c-renewed'));
  }
  notEqual(now.runId, first.runId);
  equal(now.fairnessKey, first.fairnessKey);
});
