import { deepEqual, equal, ok } from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { createGateway, type Gateway } from '../../api/gateway.ts';
import { GatewayError } from '../../api/gateway-error.ts';
import { createFarSide, createTestAgent, directory } from '../support/far-side.ts';
import { obedient, startSystem, type System } from '../support/system.ts';
import { startTemporal } from '../support/temporal.ts';

const agent = createTestAgent(createFarSide());
let temporal: TestWorkflowEnvironment;
let system: System;
let gateway: Gateway;

before(async () => {
  temporal = await startTemporal();
  system = await startSystem({ temporal, agent, directory, script: obedient });
  gateway = createGateway(system.client);
});
after(async () => {
  await gateway?.drain();
  await system?.stop();
  await temporal?.teardown();
});

/** As a client does: what was not sure to be taken in time is sent again, under the same id. */
async function again<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (!(error instanceof GatewayError) || error.fault.kind !== 'unavailable') throw error;
    return await call();
  }
}

test('messages that come all at once to a fresh conversation are each taken once, or may be sent again', async () => {
  await system.open('c-many');
  const to = {
    conversationId: 'c-many',
    agent: agent.name,
    tenant: 'default',
    owner: agent.owner,
    principalId: 'finn',
  };
  const submit = async (id: string) => {
    const text = `word ${id}`;
    const signed = await system.sign('c-many', id, text, 'ada');
    const mark = await system.store.sealedBytes.mark('c-many', text);
    return again(() => gateway.submit(to, { id, text, principalId: 'ada', signed }, mark));
  };
  const ids = Array.from({ length: 25 }, (_, n) => `m${n}`);
  const tickets = await Promise.all(ids.map(submit));
  deepEqual(
    tickets.map((ticket) => ticket.messageId),
    ids,
  );
  await Promise.all(ids.map((id) => system.reply('c-many', id)));
  const taken = (await system.transcript('c-many')).filter((line) => line.startsWith('message: '));
  deepEqual(taken.toSorted(), ids.map((id) => `message: word ${id}`).toSorted());
});

test('decisions that come all at once each count, or fail for a reason that can be told', async () => {
  await system.open('c-votes');
  await system.submit('c-votes', 'm1', 'pay 60000');
  await system.reply('c-votes', 'm1');
  const approval = await system.approval('c-votes:1:0.0.0');
  const decide = async (n: number) => {
    const by = n % 2 === 0 ? 'finn' : 'olga';
    const decisionId = `d${n}`;
    const signed = await system.signDecision(approval, by, 'approve', { decisionId });
    return gateway.decide({ approvalId: approval.id, decisionId, answer: 'approve' }, signed);
  };
  const answers = await Promise.allSettled(Array.from({ length: 12 }, (_, n) => decide(n)));
  for (const answer of answers) {
    ok(answer.status === 'fulfilled' || answer.reason instanceof GatewayError, String(Reflect.get(answer, 'reason')));
  }
  equal(await system.outcome('c-votes:1:0'), 'succeeded');
});
