// With encrypted payloads nothing that is said can be read in Temporal, and everything works as without.
import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, test } from 'node:test';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { createGateway } from '../../api/gateway.ts';
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

/** How a text, or a digest of it, could stand somewhere: enough of each that nothing else looks like it. */
function looksOf(text: string): readonly Buffer[] {
  const digest = createHash('sha256').update(text).digest();
  const spelled = [digest.toString('hex'), digest.toString('hex').toUpperCase()].map((hex) => hex.slice(0, 8));
  const packed = [digest.toString('base64'), digest.toString('base64url')].map((all) => all.slice(0, 10));
  return [text, ...spelled, ...packed].map((one) => Buffer.from(one)).concat(digest.subarray(0, 8));
}

/** All texts and bytes that stand anywhere in a value, names of members too. */
function bytesIn(value: unknown): readonly Buffer[] {
  if (typeof value === 'string' || value instanceof Uint8Array) return [Buffer.from(value as string)];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, member]) => [Buffer.from(name), ...bytesIn(member)]);
}

test('no id, search attribute, memo or header in Temporal tells a word that was said, nor a digest of it', async (t) => {
  const id = 'c-ids';
  const gateway = createGateway(system.client);
  t.after(() => gateway.drain());
  const principal = { id: 'cus_1042', name: 'Zebulon Quarrelsome', tenant: 'default' };
  const opened = { kind: 'conversation_opened', agent: 'tester', tenant: 'default', owner: 'olga', principal } as const;
  await system.store.record([{ subject: id, step: 'opened', conversationId: id, atMs: Date.now(), fact: opened }]);
  const to = { conversationId: id, agent: 'tester', tenant: 'default', owner: 'olga', principalId: principal.id };
  const text = 'xylophone pay 7300';
  const submit = async (messageId: string, said: string) => {
    const signed = await system.sign(id, messageId, said, principal.id);
    const mark = await system.store.sealedBytes.mark(id, said);
    return gateway.submit(to, { id: messageId, text: said, principalId: principal.id, signed }, mark);
  };
  await submit('m1', text);
  await system.reply(id, 'm1');
  const approval = await system.approval(`${id}:1:0.0.0`);
  const decisionId = 'finn/d1';
  const reason = 'marmalade is fine';
  const signed = await system.signDecision(approval, 'finn', 'approve', { decisionId, reason });
  await gateway.decide({ approvalId: approval.id, decisionId, answer: 'approve' }, signed);
  equal(await system.outcome(`${id}:1:0`), 'succeeded');
  await system.reportReply(id);
  const late = 'be quiet, rhododendron';
  await submit('m2', late);
  const reply = await system.reply(id, 'm2');
  equal(reply, `you said: ${late}`);
  const all: unknown[] = [];
  for (const workflowId of [conversationWorkflowId(id), waitingWorkflowId(`${id}:1:0`)]) {
    const handle = temporal.client.workflow.getHandle(workflowId);
    all.push(workflowId, await handle.fetchHistory(), (await handle.describe()).raw);
  }
  const bytes = bytesIn(all);
  const has = (look: Buffer) => bytes.some((one) => one.includes(look));
  ok(has(Buffer.from('m1.')) && has(Buffer.from('CountersignOwner')), 'it looks at Update ids and search attributes');
  const words = [text, late, reply, reason, 'xylophone', 'marmalade', 'rhododendron', principal.name];
  const said = [
    ...words,
    approval.args,
    approval.summary,
    ...approval.summary.split(' ').filter((one) => one.length > 5),
  ];
  deepEqual(
    said.filter((one) => looksOf(one).some(has)),
    [],
  );
});
