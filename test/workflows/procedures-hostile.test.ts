// What somebody may try who steers the model, or writes to Temporal: to begin a procedure twice, as another, with another
// input or in another's place, and to have as a step what no rule allows. None of it runs.
import { deepEqual, equal, match, rejects } from 'node:assert/strict';
import { test } from 'node:test';
import type { Proposal } from '../../domain/action.ts';
import { procedureId, TASK_QUEUES, waitingWorkflowId } from '../../domain/ids.ts';
import { ACTION, CONVERSATION, PROCEDURE } from '../../domain/protocol.ts';
import { actionDigest } from '../../trust/digest.ts';
import { createFarSide } from '../support/far-side.ts';
import { playErrands } from '../support/play-errands.ts';
import type { System } from '../support/system.ts';

const far = createFarSide();
let system: System;

playErrands(far, (up) => ({ system } = up));

async function say(id: string, text: string): Promise<string> {
  await system.open(id);
  await system.submit(id, 'm1', text);
  return system.reply(id, 'm1');
}

const calls = (...all: readonly (readonly [string, object])[]): string => `calls ${JSON.stringify(all)}`;
const errand = (order: number, ...plan: readonly string[]) => ['errand', { order, plan }] as const;

test('a procedure that one answer starts twice is started once, whatever else the second start says', async () => {
  await say('x-twice', calls(errand(1, 'do a note 1'), errand(1, 'do b note 2')));
  equal(await system.outcome('x-twice:1:0'), 'succeeded');
  match((await system.transcript('x-twice')).join('\n'), /the same call stands before it in this answer/);
  equal(await system.store.actions.get('x-twice:1:1'), undefined);
  deepEqual(far.effects, ['note x-twice:1:0/a 1']);
});

test('the input of a procedure names no action, no conversation and no person', async () => {
  for (const more of [{ actionId: 'other:1:0' }, { conversationId: 'other' }, { principal: { id: 'finn' } }]) {
    const id = `x-more-${Object.keys(more)[0]}`.toLowerCase();
    await say(id, calls(['errand', { order: 1, plan: ['do a note 1'], ...more }]));
    match((await system.transcript(id)).join('\n'), /Unrecognized key/);
    deepEqual(await system.store.actions.ofConversation(id, 10), []);
  }
  deepEqual(far.effects, []);
});

test('the code of a procedure gets no procedure started, and no call of the model is taken for a step', async () => {
  await say('x-steps', calls(['note', { order: 1, cents: 99 }]));
  equal(await system.outcome('x-steps:1:0'), 'denied');
  await say('x-step', calls(errand(1, 'do a note 99', 'do b errand 1')));
  equal(await system.outcome('x-step:1:0'), 'failed');
  deepEqual(far.effects, ['note x-step:1:0/a 99']);
});

test('what undoes needs leave as everything else: without it, it is not done, and said', async () => {
  await say(
    'x-undo',
    calls(errand(1, 'do a note 1', 'undo un-a pay 72', 'do b note 2', 'undo un-b pay 2000000', 'gone')),
  );
  const asked = await system.approval('x-undo:1:0/un-a.0.0');
  await rejects(system.decide(asked, 'ada', 'approve'), { name: 'WorkflowUpdateFailedError' });
  await system.decide(asked, 'finn', 'deny', { reason: 'leave it' });
  match(
    await system.reportReply('x-undo'),
    /failed \(gone; not undone: un-b \(denied: too much\); un-a \(denied: finn denied it: leave it\)\)/,
  );
  deepEqual(far.effects, ['note x-undo:1:0/a 1', 'note x-undo:1:0/b 2']);
});

/** As it went on record first. */
async function proposalOf(actionId: string): Promise<Proposal> {
  const entries = await system.store.ledger.ofSubject(actionId);
  const proposed = entries.find(({ fact }) => fact.kind === 'proposed')?.fact;
  if (proposed?.kind !== 'proposed') throw new Error(`${actionId} was not proposed`);
  return proposed.proposal;
}

const altered = (proposal: Proposal, change: Partial<Proposal>): Proposal => {
  const all = { ...proposal, ...change };
  return { ...all, digest: actionDigest(all) };
};

/** By hand, as somebody can who may write to Temporal and has a message of the requester. */
async function startByHand(proposal: Proposal, workflowId = waitingWorkflowId(procedureId(proposal.actionId))) {
  const principal = await system.sign(proposal.conversationId, 'm1', 'x', 'ada');
  return system.client.workflow.start(PROCEDURE.type, {
    ...{ workflowId, taskQueue: TASK_QUEUES.workflows, args: [{ proposal, principal }] },
  });
}

test('a procedure that was denied, or never wanted, takes no step, whoever starts it in Temporal', async () => {
  await say('x-denied', calls(errand(66, 'do a note 1')));
  equal(await system.outcome('x-denied:1:0'), 'denied');
  const denied = await proposalOf('x-denied:1:0');
  for (const proposal of [denied, altered(denied, { actionId: 'x-denied:7:0', turn: 7 })])
    await (await startByHand(proposal)).result();
  const reason = 'no procedure errand was started as x-denied:1:0';
  deepEqual((await system.store.actions.get('x-denied:1:0/a'))?.outcome, { kind: 'denied', reason });
  equal(await system.store.actions.get('x-denied:7:0/a'), undefined);
  deepEqual(far.effects, []);
});

test('a procedure runs on the input that was ruled on, once, and as its own agent’s', async () => {
  await say('x-input', calls(errand(1, 'do pay pay 72', 'do a note 1')));
  const proposal = await proposalOf('x-input:1:0');
  const other = altered(proposal, { args: JSON.stringify({ order: 1, plan: ['do evil note 5'] }) });
  await rejects((await startByHand(other, 'procedure/evil')).result(), { name: 'WorkflowFailedError' });
  await rejects(startByHand(other), { name: 'WorkflowExecutionAlreadyStartedError' });
  await say('x-mine', 'hello');
  const moved = altered(proposal, { conversationId: 'x-mine', actionId: 'x-mine:1:0' });
  await (await startByHand(moved)).result();
  equal(await system.store.actions.get('x-mine:1:0/pay'), undefined);
  await system.handle('x-input').executeUpdate(CONVERSATION.stop);
  equal(await system.outcome('x-input:1:0'), 'cancelled');
  deepEqual(far.effects, []);
});

test('what only a step may do is not done for a batch that says it were one', async () => {
  await say('x-batch', calls(errand(1, 'do a note 99')));
  equal(await system.outcome('x-batch:1:0'), 'succeeded');
  const step = await proposalOf('x-batch:1:0/a');
  const start = { procedure: 'errand', actionId: 'x-batch:9:0' };
  for (const change of [
    { actionId: 'x-batch:1:0/more' },
    { actionId: 'x-batch:9:0/more', turn: 9, proposedBy: start },
  ]) {
    const proposal = altered(step, change);
    const { actionId: batchId, conversationId, agent, tenant } = proposal;
    const verdict = { kind: 'allow', ruleId: 'mine', ruleVersion: '1', reason: '' } as const;
    const principal = await system.sign(conversationId, 'm1', 'x', 'ada');
    const actions = [{ proposal, evidence: null, verdict, signed: 'a.b.c' }];
    const handle = await system.client.workflow.start(ACTION.type, {
      workflowId: waitingWorkflowId(batchId),
      taskQueue: TASK_QUEUES.workflows,
      args: [{ batchId, conversationId, agent, tenant, principal, actions }],
    });
    await handle.result();
    equal(await system.store.claims.get(batchId), undefined);
  }
  deepEqual(far.effects, ['note x-batch:1:0/a 99']);
});
