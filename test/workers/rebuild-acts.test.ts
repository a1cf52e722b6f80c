// What the store loses of acts: nothing happens twice for it, and nothing is told that did not happen.
import { deepEqual, equal, match, notEqual } from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { waitingWorkflowId } from '../../domain/ids.ts';
import { openRebuilding } from '../../store/rebuild.ts';
import { saidOf } from '../../workers/rebuild/rebuild.ts';
import { createFarSide, createTestAgent, directory } from '../support/far-side.ts';
import { unreadable } from '../support/histories.ts';
import { lossOf, type Row, unheardAnswer } from '../support/loss.ts';
import { eventually, obedient, startSystem, type System } from '../support/system.ts';
import { startTemporal } from '../support/temporal.ts';

const far = createFarSide();
let temporal: TestWorkflowEnvironment;
let system: System;
const { actorDies, backUp, entries, query, rebuild, restore, stopRoles, hasScheduled } = lossOf(() => system);

before(async () => {
  temporal = await startTemporal();
  system = await startSystem({ isPlain: true, temporal, agent: createTestAgent(far), directory, script: obedient });
});
after(async () => {
  await system?.stop();
  await temporal?.teardown();
});
beforeEach(async () => {
  await system.restartRoles();
  far.effects.length = 0;
  Object.assign(far.record, createFarSide().record);
});

const of = async (subject: string): Promise<readonly Row[]> =>
  (await entries()).filter((one) => one.subject === subject);

const claimsOf = (id: string) =>
  query<{ outcome: { readonly kind: string } | null }>(
    `select outcome from countersign.claims where action_id = '${id}'`,
  );

/** A message whose act is on Temporal's queue, and the store as it is then. */
async function actWaits(conversationId: string, text: string): Promise<void> {
  await system.stopRole('actor');
  await system.open(conversationId);
  await system.submit(conversationId, 'm1', text);
  await hasScheduled(conversationId, 'act');
  await backUp();
}

test('an act that nobody has taken yet is no loss, and is done', async () => {
  await actWaits('untaken', 'note 6');
  await stopRoles();
  const { origin, entries: count } = await rebuild();
  deepEqual([origin, count], [null, 0]);
  await system.restartRoles();
  equal(await system.outcome('untaken:1:0'), 'succeeded');
  deepEqual(far.effects, ['note untaken:1:0 6']);
});

test('an act that somebody has taken is not done again, also where nothing else is lost', async () => {
  await actWaits('taken', 'note 6');
  await actorDies(temporal.nativeConnection, far.effects);
  await stopRoles();
  const { origin, entries: count, claims } = await rebuild();
  notEqual(origin, null);
  deepEqual([count, claims], [1, 1]);
  await system.restartRoles();
  equal(await system.outcome('taken:1:0'), 'unknown');
  deepEqual(far.effects, ['note taken:1:0']);
});

test('an act whose answer no Workflow has heard yet has ended as it was answered', async () => {
  await actWaits('unheard', 'note 6');
  await system.stopRole('workflows');
  await system.stopRole('assistant');
  await system.startRole('actor');
  await eventually(() => unheardAnswer(system, 'unheard', far.effects), 'the answer');
  await stopRoles();
  await restore();
  await rebuild();
  deepEqual(
    (await of('unheard:1:0')).filter(({ isRebuilt }) => isRebuilt).map(({ step }) => step),
    ['claimed', 'settled'],
  );
  deepEqual(
    (await claimsOf('unheard:1:0')).map(({ outcome }) => outcome?.kind),
    ['succeeded'],
  );
});

test('a claim that is left ends as it ended, where only its receipt is lost', async () => {
  await actWaits('receipt', 'note 6');
  far.record.fail = 'throw';
  await system.restartRoles();
  equal(await system.outcome('receipt:1:0'), 'unknown');
  const question = await system.approval('receipt:1:0.question.0.0');
  await system.decide(question, 'olga', 'happened');
  await eventually(async () => ((await of('receipt:1:0')).at(-1)?.step === 'corrected' ? true : undefined), 'its end');
  await stopRoles();
  await restore();
  await query(`insert into countersign.claims (action_id, conversation_id, digest, tool, claimed_ms, epoch, taken_ms)
    select id, conversation_id, proposal->>'digest', 'note', 1, 1, 1 from countersign.actions where id = 'receipt:1:0'`);
  await rebuild();
  deepEqual(
    (await claimsOf('receipt:1:0')).map(({ outcome }) => outcome?.kind),
    ['succeeded'],
  );
  equal((await system.store.actions.get('receipt:1:0'))?.outcome?.kind, 'succeeded');
});

test('an act that was stopped before anybody took it is not told as begun', async () => {
  await actWaits('stopped', 'note 6');
  await system.handle('stopped').executeUpdate('stop');
  await system.restartRoles();
  equal(await system.outcome('stopped:1:0'), 'cancelled');
  const told = await of('stopped:1:0');
  await stopRoles();
  await restore();
  await rebuild();
  const again = await of('stopped:1:0');
  deepEqual(
    again.map(({ step, fact }) => [step, fact['warrant']]),
    told.map(({ step, fact }) => [step, fact['warrant']]),
  );
});

test('what came too late, and a person’s word that did not count, is not put on record', async () => {
  await actWaits('late', 'note 6');
  far.record.fail = 'throw';
  await system.restartRoles();
  const question = await system.approval('late:1:0.question.0.0');
  // The far side’s word comes late, and before the person’s.
  const succeeded = { kind: 'succeeded', result: { done: true } } as const;
  await system.store.claims.receipt({ actionId: 'late:1:0', epoch: 1, outcome: succeeded, nowMs: Date.now() });
  await system.decide(question, 'olga', 'did_not_happen');
  await system.reportReply('late');
  await stopRoles();
  await restore();
  await rebuild();
  equal((await of('late:1:0')).filter(({ step }) => step === 'corrected').length, 0);
});

test('where a history cannot be read nothing is changed, and an act in it that somebody has taken is not done again', async () => {
  await actWaits('unread', 'note 6');
  await actorDies(temporal.nativeConnection, far.effects);
  await stopRoles();
  await restore();
  const all = await entries();
  const client = unreadable(system.client, 'conversation/unread');
  const refused = await rebuild({ client });
  deepEqual([refused.origin, refused.problems.length], [null, 1]);
  match(
    saidOf(refused).join('\n'),
    /nothing was changed\nnot read: conversation\/unread does not replay.*--despite-unread/s,
  );
  deepEqual(await entries(), all);
  notEqual((await rebuild({ client, despiteUnread: true })).origin, null);
  deepEqual(
    (await of('unread:1:0')).filter(({ isRebuilt }) => isRebuilt).map(({ step }) => step),
    ['claimed'],
  );
  await system.restartRoles();
  equal(await system.outcome('unread:1:0'), 'unknown');
  deepEqual(far.effects, ['note unread:1:0']);
});

test('an act that the actor only told the end of, which was on record without a claim, gets none', async () => {
  await actWaits('ended', 'note 6');
  const outcome = { kind: 'cancelled', reason: 'an earlier step of the same order did not succeed' } as const;
  const entry = { subject: 'ended:1:0', step: 'settled', conversationId: 'ended', atMs: Date.now() };
  await system.store.record([{ ...entry, fact: { kind: 'settled', outcome } }]);
  await system.restartRoles();
  await system.reply('ended', 'm1');
  await stopRoles();
  equal((await rebuild()).entries, 0);
  deepEqual(await claimsOf('ended:1:0'), []);
});

/** A batch whose act is on Temporal's queue when an operator ends it. */
async function batchEnds(id: string, meanwhile: () => Promise<unknown>): Promise<void> {
  await system.open(id);
  await system.submit(id, 'm1', 'note 300');
  await system.reply(id, 'm1');
  await backUp();
  await system.stopRole('actor');
  await system.decide(await system.approval(`${id}:1:0.0.0`), 'finn', 'approve');
  const batch = system.client.workflow.getHandle(waitingWorkflowId(`${id}:1:0`));
  await eventually(async () => {
    const { events } = await batch.fetchHistory();
    return events?.some((one) => one.activityTaskScheduledEventAttributes?.activityType?.name === 'act') || undefined;
  }, 'the act');
  await batch.terminate('it went in circles');
  await meanwhile();
  await system.submit(id, 'm2', 'hello');
  await system.reply(id, 'm2');
  await stopRoles();
}

test('what an operator ended while it was begun is unknown, as its conversation was told', async () => {
  await batchEnds('halted', () =>
    query(`insert into countersign.claims (action_id, conversation_id, digest, tool, claimed_ms, epoch, taken_ms)
      select id, conversation_id, proposal->>'digest', 'note', 1, 1, 1 from countersign.actions where id = 'halted:1:0'`),
  );
  const told = (await system.store.actions.get('halted:1:0'))?.outcome;
  equal(told?.kind, 'unknown');
  await restore();
  await rebuild();
  deepEqual((await system.store.actions.get('halted:1:0'))?.outcome, told);
  deepEqual(
    (await claimsOf('halted:1:0')).map(({ outcome }) => outcome?.kind),
    ['unknown'],
  );
});

test('what an operator ended while it was with the actor, and nobody was asked about, is unknown', async () => {
  await batchEnds('sent', async () => undefined);
  equal(await system.outcome('sent:1:0'), 'cancelled');
  await restore();
  await rebuild();
  equal(await system.outcome('sent:1:0'), 'unknown');
  equal((await system.store.approvals.get('sent:1:0.0.0'))?.end, 'approved');
});

test('a refusal whose step is its words, as of before, is not lost', async () => {
  const fact = { kind: 'warrant_refused', reason: 'the principal is another one' } as const;
  const refused = { subject: 'old:1:0', conversationId: 'old', atMs: 1, fact };
  const ledger = openRebuilding(system.pool);
  try {
    const derived = { ...refused, step: 'refused:digest' };
    deepEqual(await ledger.missing([derived]), [derived]);
    await system.store.record([{ ...refused, step: `refused:${fact.reason}` }]);
    deepEqual(await ledger.missing([derived]), []);
  } finally {
    await ledger.close();
  }
});
