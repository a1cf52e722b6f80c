import { deepEqual, equal, rejects } from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { createGateway } from '../../api/gateway.ts';
import { createFarSide, createTestAgent, directory } from '../support/far-side.ts';
import { obedient, startSystem, type System } from '../support/system.ts';
import { startTemporal } from '../support/temporal.ts';

const far = createFarSide();
let temporal: TestWorkflowEnvironment;
let system: System;

before(async () => {
  temporal = await startTemporal();
  system = await startSystem({ temporal, agent: createTestAgent(far), directory, script: obedient });
});
after(async () => {
  await system?.stop();
  await temporal?.teardown();
});

test('another text under a known message id reaches the Workflow, whatever became of the first', async (t) => {
  const [gateway, another] = [createGateway(system.client), createGateway(system.client)];
  t.after(() => Promise.all([gateway.drain(), another.drain()]));
  await system.open('c-reused');
  const to = { conversationId: 'c-reused', agent: 'tester', tenant: 'default', owner: 'olga', principalId: 'ada' };
  const submit = async (text: string, by = gateway) => {
    const signed = await system.sign('c-reused', 'm1', text, 'ada');
    const mark = await system.store.sealedBytes.mark('c-reused', text);
    return by.submit(to, { id: 'm1', text, principalId: 'ada', signed }, mark);
  };
  await gateway.halt(to, 'pause');
  equal((await submit('hello')).duplicate, false);
  await rejects(submit('hello, reworded'), { message: /MessageRejected/ });
  await rejects(submit('hello, reworded', another), { message: /MessageRejected/ });
  equal((await submit('hello')).duplicate, false, 'its first ticket again');
  equal((await submit('hello', another)).duplicate, false, 'and from another process of the API');
  await system.command('c-reused', 'resume');
  equal(await system.reply('c-reused', 'm1'), 'you said: hello');
  const late = await submit('hello, once more reworded');
  deepEqual([late.duplicate, late.queued], [true, false]);
  deepEqual(await system.transcript('c-reused'), ['message: hello', 'reply: you said: hello']);
});

test('one decision id on two approvals of a batch is two decisions', async (t) => {
  const gateway = createGateway(system.client);
  t.after(() => gateway.drain());
  await system.open('c-pair');
  await system.submit('c-pair', 'm1', 'pay 51 then pay 52');
  await system.reply('c-pair', 'm1');
  for (const id of ['c-pair:1:0.0.0', 'c-pair:1:0.1.0']) {
    const word = { approvalId: id, decisionId: 'finn/d1', answer: 'approve' } as const;
    const { decisionId } = word;
    const signed = await system.signDecision(await system.approval(id), 'finn', 'approve', { decisionId });
    const { counted, approvalId } = await gateway.decide(word, signed);
    deepEqual([counted, approvalId], [true, id]);
  }
  equal(await system.outcome('c-pair:1:1'), 'succeeded');
});
