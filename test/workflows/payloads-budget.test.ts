// The question about a budget is of no one conversation; what people say to it is encrypted in Temporal all the same.
import { equal, ok } from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { defineAgent } from 'countersign';
import { approvalId, isBudgetWorkflow, waitingWorkflowId } from '../../domain/ids.ts';
import { createFarSide, createTestAgent, directory } from '../support/far-side.ts';
import { rawText } from '../support/raw-text.ts';
import { eventually, type Script, startSystem, type System } from '../support/system.ts';
import { startTemporal } from '../support/temporal.ts';

const TIME_ZONE = 'Europe/Berlin';
const agent = defineAgent({
  ...createTestAgent(createFarSide()),
  budgets: { timeZone: TIME_ZONE, conversation: { modelCalls: 2 } },
});
const twoCalls: Script = ({ transcript }) =>
  transcript.at(-1)?.kind === 'message' ? [['look', { order: 1, cents: 1 }]] : 'looked';
let temporal: TestWorkflowEnvironment;
let system: System;
before(async () => {
  temporal = await startTemporal();
  system = await startSystem({ temporal, agent, directory, script: twoCalls, encrypts: true });
});
after(async () => {
  await system?.stop();
  await temporal?.teardown();
});

test('who opens more of a budget is heard, and their reason cannot be read in Temporal', async () => {
  const id = 'c-budget';
  await system.open(id);
  await system.submit(id, 'm1', 'go');
  equal(await system.reply(id, 'm1'), 'looked');
  await system.submit(id, 'm2', 'go');
  const questionId = await eventually(async () => {
    const facts = (await system.store.ledger.ofConversation(id, 0, 1_000)).map(({ fact }) => fact);
    return facts.find((fact) => fact.kind === 'budget_reached')?.questionId;
  }, 'the end of the budget');
  const question = await system.approval(approvalId(questionId, 0, 0));
  // It may have ended before its answer leaves.
  await system.decide(question, 'olga', 'approve', { reason: 'marmalade, as always' }).catch(() => undefined);
  const handle = system.client.workflow.getHandle(waitingWorkflowId(questionId));
  await handle.result();
  ok(isBudgetWorkflow(handle.workflowId));
  const text = rawText(await temporal.client.workflow.getHandle(handle.workflowId).fetchHistory());
  ok(text.includes('binary/encrypted'));
  // Whom it waits for is a search attribute, and an id.
  for (const word of ['marmalade', 'modelCalls']) ok(!text.includes(word), `"${word}" can be read`);
  await system.submit(id, 'm3', 'go');
  equal(await system.reply(id, 'm3'), 'looked', 'it goes on');
});
