// What operators do in Temporal, past the API, as the ledger tells it.
import { deepEqual, equal, ok } from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { conversationWorkflowId, OPERATOR_ACTS } from '../../domain/ids.ts';
import { recordOperatorActs } from '../../workers/operator-acts.ts';
import { createFarSide, createTestAgent, directory } from '../support/far-side.ts';
import { eventually, obedient, startSystem, type System } from '../support/system.ts';
import { startTemporal } from '../support/temporal.ts';

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

const HOUR_MS = 3_600_000;

/** Looks until the list of Temporal, which lags, shows an act upon the Workflow. */
const actUpon = (workflowId: string) =>
  eventually(async () => {
    const { store, client } = system;
    await recordOperatorActs({ store, client, nowMs: Date.now, log: { warn: () => undefined } }, Date.now() - HOUR_MS);
    return (await store.ledger.ofSubject(workflowId))[0];
  }, `an act upon ${workflowId}`);

test('who terminated a conversation, and why, is on record once', async () => {
  await system.open('o-ended');
  await system.submit('o-ended', 'm1', 'hello');
  const workflowId = conversationWorkflowId('o-ended');
  await system.client.workflow.getHandle(workflowId).terminate('it went in circles');
  const { fact, conversationId } = await actUpon(workflowId);
  ok(fact.kind === 'operator_act');
  deepEqual([fact.act, fact.reason, conversationId], ['terminated', 'it went in circles', 'o-ended']);
  ok(fact.by.length > 0);
  await actUpon(workflowId);
  equal((await system.store.ledger.ofSubject(workflowId)).length, 1);
});

test('a reset is told from an end', async () => {
  await system.open('o-reset');
  await system.submit('o-reset', 'm1', 'hello');
  await system.reply('o-reset', 'm1');
  const workflowId = conversationWorkflowId('o-reset');
  const { events } = await system.client.workflow.getHandle(workflowId).fetchHistory();
  const first = (events ?? []).find((event) => event.workflowTaskCompletedEventAttributes);
  await system.client.workflowService.resetWorkflowExecution({
    namespace: temporal.namespace ?? 'default',
    workflowExecution: { workflowId },
    reason: 'once more',
    requestId: 'o-reset',
    workflowTaskFinishEventId: first?.eventId ?? null,
  });
  const { fact } = await actUpon(workflowId);
  ok(fact.kind === 'operator_act');
  equal(fact.act, 'reset');
});

test('more acts than one look lists leave an entry that says so', async () => {
  const { store, client } = system;
  const deps = { store, client, nowMs: Date.now, log: { warn: () => undefined } };
  for (let look = 0; look < 2; look++) await recordOperatorActs(deps, Date.now() - HOUR_MS, 1);
  const entries = await store.ledger.ofSubject(OPERATOR_ACTS);
  ok(entries.length >= 1 && entries.length <= 2, 'one an hour');
  const [more] = entries;
  ok(more?.fact.kind === 'operator_act' && more.fact.act === 'more');
  ok(more.fact.reason.startsWith('more than 1 Workflows were ended since '));
});
