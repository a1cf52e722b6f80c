// What travels together stays far below what Temporal takes, however long the records are and however many calls an answer
// has: what there is no room for is denied, and the conversation goes on.
import { equal, match, ok } from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { conversationWorkflowId, waitingWorkflowId } from '../../domain/ids.ts';
import { createFarSide, createTestAgent, directory } from '../support/far-side.ts';
import { obedient, startSystem, type System } from '../support/system.ts';
import { startTemporal } from '../support/temporal.ts';

const KIB = 1_024;
// As many calls as the default limit lets a model make at once, within what Temporal warns of; and as many as the test's
// agent may make, each with a ruling of two kilobytes, at a fourth of what Temporal takes.
const MOST = [
  { calls: 16, mostBytes: 256 * KIB },
  { calls: 100, mostBytes: 512 * KIB },
];
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

/** The longest that one event carries, bytes. */
async function longestOf(workflowId: string): Promise<number> {
  const { events } = await temporal.client.workflow.getHandle(workflowId).fetchHistory();
  return Math.max(...(events ?? []).map(bytesIn));
}

function bytesIn(value: unknown): number {
  if (value instanceof Uint8Array) return value.byteLength;
  if (typeof value !== 'object' || value === null) return 0;
  return Object.values(value).reduce<number>((sum, one) => sum + bytesIn(one), 0);
}

for (const { calls, mostBytes } of MOST)
  test(`${calls} calls in one answer, each about a record as long as may be, end no conversation`, async () => {
    const id = `c-large-${calls}`;
    // 16 KB is the most that a record may have.
    far.record.state = '漢'.repeat(5_400);
    await system.open(id);
    await system.submit(id, 'm1', Array.from({ length: calls }, (_, n) => `pay ${100 + n}`).join(' then '));
    match(await system.reply(id, 'm1'), /./);
    const facts = (await system.store.ledger.ofConversation(id, 0, 2_000)).map(({ fact }) => fact);
    const rulings = facts.flatMap((fact) => (fact.kind === 'ruled' ? [fact.verdict] : []));
    equal(rulings.length, calls);
    const asked = rulings.filter(({ kind }) => kind === 'ask').length;
    equal(asked, 6);
    const denied = rulings.flatMap((verdict) => (verdict.kind === 'deny' ? [verdict] : []));
    equal(denied.length, calls - asked);
    for (const { ruleId, reason } of denied) {
      equal(ruleId, 'no-evidence');
      match(reason, /too long together; ask for fewer at a time/);
    }
    const longest = Math.max(
      await longestOf(conversationWorkflowId(id)),
      await longestOf(waitingWorkflowId(`${id}:1:0`)),
    );
    ok(longest <= mostBytes, `one event carries ${longest} bytes`);
    // As after any denials, one behind the other, people have it now.
    await system.command(id, 'handback');
    await system.submit(id, 'm2', 'look 1');
    match(await system.reply(id, 'm2'), /./);
  });
