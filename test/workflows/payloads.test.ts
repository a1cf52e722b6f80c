// With encrypted payloads nothing that is said can be read in Temporal, and everything works as without.
import { equal, match, ok } from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { conversationWorkflowId, waitingWorkflowId } from '../../domain/ids.ts';
import { createFarSide, createTestAgent, directory } from '../support/far-side.ts';
import { rawText } from '../support/raw-text.ts';
import { obedient, startSystem, type System } from '../support/system.ts';
import { startTemporal } from '../support/temporal.ts';

const far = createFarSide();
let temporal: TestWorkflowEnvironment;
let system: System;
before(async () => {
  temporal = await startTemporal();
  system = await startSystem({ temporal, agent: createTestAgent(far), directory, script: obedient, encrypts: true });
});
after(async () => {
  await system?.stop();
  await temporal?.teardown();
});

/** All that Temporal keeps of a Workflow, as it keeps it. */
async function kept(workflowId: string): Promise<string> {
  const handle = temporal.client.workflow.getHandle(workflowId);
  return rawText([await handle.fetchHistory(), (await handle.describe()).raw]);
}

test('what is said, asked, decided and done cannot be read in a history, and comes to its end', async () => {
  const id = 'c-payloads';
  await system.open(id);
  await system.submit(id, 'm1', 'canary-word pay 7200');
  match(await system.reply(id, 'm1'), /./);
  const approval = await system.approval(`${id}:1:0.0.0`);
  match(approval.summary, /order 1042/);
  await system.decide(approval, 'finn', 'approve', { reason: 'canary-reason' });
  equal(await system.outcome(`${id}:1:0`), 'succeeded');
  await system.reportReply(id);
  const own = await kept(conversationWorkflowId(id));
  const action = await kept(waitingWorkflowId(`${id}:1:0`));
  for (const text of [own, action]) {
    for (const word of ['canary', 'order 1042', 'cents', 'finn', 'refunded'])
      ok(!text.includes(word), `"${word}" can be read`);
    ok(text.includes('binary/encrypted'));
  }
  ok(!own.includes('json/plain') || !/json\/plain[^]{0,40}canary/.test(own));
});

test('a failure that a Workflow answers with says its reason to the caller, and to nobody who reads the history', async () => {
  const id = 'c-failing';
  await system.open(id);
  await system.submit(id, 'm1', 'be down');
  match(await system.reply(id, 'm1'), /./);
  const text = await kept(conversationWorkflowId(id));
  ok(!text.includes('the key is wrong'), 'what the model’s failure says can be read');
  ok(text.includes('Encoded failure'));
});
