import { deepEqual, equal, match, rejects } from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import type { Approval } from '../../domain/approval.ts';
import { waitingWorkflowId } from '../../domain/ids.ts';
import { createFarSide, createTestAgent, directory } from '../support/far-side.ts';
import { obedient, startSystem, type System, type SystemOptions } from '../support/system.ts';
import { startTemporal } from '../support/temporal.ts';

const far = createFarSide();
const options = { agent: createTestAgent(far), directory, script: obedient };
let temporal: TestWorkflowEnvironment;
let system: System;

before(async () => {
  temporal = await startTemporal();
  Object.assign(options, { temporal });
  system = await startSystem(options as unknown as SystemOptions);
});
after(async () => {
  await system?.stop();
  await temporal?.teardown();
});

async function ask(conversationId: string, text: string): Promise<Approval> {
  far.effects.length = 0;
  await system.open(conversationId);
  await system.submit(conversationId, 'm1', text);
  await system.reply(conversationId, 'm1');
  return system.approval(`${conversationId}:1:0.0.0`);
}

const edited = (cents: number) => ({ args: JSON.stringify({ cents, order: 1042 }) });

test('an edit is a new action that is ruled on and asked about anew; who wrote it cannot approve it', async () => {
  const first = await ask('c-edit', 'pay 7200');
  const receipt = await system.decide(first, 'finn', 'edit', edited(5000));
  deepEqual([receipt.counted, receipt.end], [true, 'superseded']);
  const second = await system.approval('c-edit:1:0.0.1');
  deepEqual([second.actionId, second.args, second.editors], ['c-edit:1:0~1', '{"cents":5000,"order":1042}', ['finn']]);
  equal(await system.outcome('c-edit:1:0'), 'cancelled');
  await rejects(system.decide(second, 'finn', 'approve'), { name: 'WorkflowUpdateFailedError' });
  await rejects(system.decide(second, 'finn', 'approve', { digest: first.digest }), {
    name: 'WorkflowUpdateFailedError',
  });
  await system.decide(second, 'olga', 'approve');
  equal(await system.outcome('c-edit:1:0~1'), 'succeeded');
  deepEqual(far.effects, ['pay c-edit:1:0~1 5000']);
  match(await system.reportReply('c-edit'), /- pay 5000 for order 1042: succeeded/);
});

test('on record a decision stands before the end that it brings', async () => {
  const approval = await ask('c-order', 'pay 7200');
  await system.decide(approval, 'finn', 'approve');
  equal(await system.outcome('c-order:1:0'), 'succeeded');
  const own = (await system.store.ledger.ofSubject(approval.id)).map(({ fact }) => fact.kind);
  deepEqual(own.slice(0, 3), ['approval_requested', 'decided', 'approval_settled']);
});

test('an edit goes through the rules like any proposal: what they deny is denied, what they allow runs', async () => {
  await system.decide(await ask('c-edit-deny', 'pay 7200'), 'finn', 'edit', edited(2_000_000));
  equal(await system.outcome('c-edit-deny:1:0~1'), 'denied');
  await system.decide(await ask('c-edit-allow', 'note 500'), 'finn', 'edit', edited(50));
  equal(await system.outcome('c-edit-allow:1:0~1'), 'succeeded');
  deepEqual(far.effects, ['note c-edit-allow:1:0~1 50']);
});

test('an edit that the tool cannot read, or that changes nothing, is refused, and the approval stays open', async () => {
  const approval = await ask('c-edit-bad', 'pay 7200');
  const refused = { name: 'WorkflowUpdateFailedError' };
  for (const args of [
    '',
    '{',
    '[]',
    '{"cents":-1,"order":1042}',
    '{"cents":5,"order":1042,"tool":"wide"}',
    first(approval),
  ]) {
    await rejects(system.decide(approval, 'finn', 'edit', { decisionId: `bad ${args}`, args }), refused, args);
  }
  equal((await system.approval(approval.id)).end, 'open');
  await system.decide(approval, 'finn', 'deny', { reason: 'no' });
});

const first = (approval: Approval): string => approval.args;

test('an approval that was taken back counts no more, and may be given again', async () => {
  const approval = await ask('c-withdraw', 'pay 60000');
  await system.decide(approval, 'finn', 'approve');
  const back = await system.decide(approval, 'finn', 'withdraw');
  deepEqual([back.counted, back.end], [true, 'open']);
  deepEqual((await system.approval(approval.id)).decisions, []);
  equal((await system.decide(approval, 'olga', 'approve')).end, 'open');
  deepEqual(far.effects, []);
  equal((await system.decide(approval, 'finn', 'approve', { decisionId: 'again' })).end, 'approved');
  equal(await system.outcome('c-withdraw:1:0'), 'succeeded');
});

test('an approver may ask the conversation: it is told in a turn, and what waits goes on waiting', async () => {
  const approval = await ask('c-back', 'pay 7200');
  const asked = await system.decide(approval, 'finn', 'ask_back', { reason: 'which parcel was it?' });
  deepEqual([asked.counted, asked.end], [true, 'open']);
  match(
    await system.reportReply('c-back'),
    /finn of finance asks before deciding on pay 7200 .*which parcel was it\?/s,
  );
  await system.submit('c-back', 'm2', 'the second one');
  equal(await system.reply('c-back', 'm2'), 'you said: the second one');
  equal((await system.approval(approval.id)).end, 'open');
  await system.decide(approval, 'olga', 'approve');
  equal(await system.outcome('c-back:1:0'), 'succeeded');
  match(await system.reportReply('c-back', 1), /succeeded/);
});

test('what a person denied is not asked again in the conversation, until the record has changed', async () => {
  far.record.state = 'delivered';
  await system.decide(await ask('c-again', 'pay 7200'), 'finn', 'deny', { reason: 'not ours' });
  equal(await system.outcome('c-again:1:0'), 'denied');
  await system.reportReply('c-again');
  await system.submit('c-again', 'm2', 'pay 7200');
  match(await system.reply('c-again', 'm2'), /denied: the same was denied as c-again:1:0/);
  await system.submit('c-again', 'm3', 'pay 7100');
  match(await system.reply('c-again', 'm3'), /it waits for finance/);
  far.record.state = 'returned';
  await system.submit('c-again', 'm4', 'pay 7200');
  match(await system.reply('c-again', 'm4'), /it waits for finance/);
  far.record.state = 'delivered';
});

test('a tool that is declared otherwise meanwhile voids the card: the action is proposed and asked about anew', async () => {
  const otherwise = { version: { version: '2' }, scopes: { scopes: ['far:write', 'far:admin'] } };
  for (const [what, declared] of Object.entries(otherwise)) {
    const id = `c-tool-${what}`;
    options.agent = createTestAgent(far);
    await system.restartRoles();
    const asked = await ask(id, 'pay 7200');
    options.agent = createTestAgent(far, declared);
    await system.restartRoles();
    await system.decide(asked, 'finn', 'approve');
    const anew = await system.approval(`${id}:1:0.0.1`);
    deepEqual([anew.end, anew.actionId, anew.digest === asked.digest], ['open', `${id}:1:0~1`, false]);
    deepEqual(far.effects, []);
    await system.decide(anew, 'finn', 'approve');
    equal(await system.outcome(`${id}:1:0~1`), 'succeeded');
    deepEqual(far.effects, [`pay ${id}:1:0~1 7200`]);
  }
  options.agent = createTestAgent(far);
  await system.restartRoles();
});

test('what is edited six times while people look at it is denied, says so, and asks nobody any more', async () => {
  const editors = Array.from({ length: 7 }, (_, at) => ({ id: `editor-${at}`, name: 'Editor' }));
  const everybody = [...directory.people, ...editors];
  const finance = everybody.map(({ id }) => id);
  options.directory = { ...directory, people: everybody, groups: { ...directory.groups, finance } };
  await system.restartRoles();
  let asked = await ask('c-edits', 'pay 7200');
  for (const [at, { id }] of editors.slice(0, 6).entries()) {
    await system.decide(asked, id, 'edit', edited(5_000 + at));
    if (at < 5) asked = await system.approval(`c-edits:1:0.0.${at + 1}`);
  }
  equal(await system.outcome('c-edits:1:0~6'), 'denied');
  const { outcome } = (await system.store.actions.get('c-edits:1:0~6')) ?? {};
  const reason = 'it was edited, or its tool changed, 6 times while people looked at it';
  deepEqual(outcome, { kind: 'denied', reason });
  const ends = (await system.store.approvals.ofBatch('c-edits:1:0')).map(({ end }) => end);
  deepEqual(ends, Array<string>(6).fill('superseded'));
  deepEqual(far.effects, []);
  options.directory = directory;
  await system.restartRoles();
});

test('who may not approve that much is not asked: with nobody left the rule denies', async () => {
  await system.open('c-limit');
  await system.submit('c-limit', 'm1', 'pay 88');
  match(await system.reply('c-limit', 'm1'), /Not done. denied: the rule asks 1 of leads, where 0 may decide/);
});

test('three denials in a turn end it, and a person takes over', async () => {
  await system.open('c-denials');
  await system.submit('c-denials', 'm1', 'pay 13 then pay 88 then pay 2000000');
  match(await system.reply('c-denials', 'm1'), /I was refused several times here, so I stop and hand over/);
  const { phase } = await system.handle('c-denials').query<{ phase: string }>('conversation');
  equal(phase, 'handed_over');
});

test('a decision is in history before it is on record: what the server forgets was never counted', async () => {
  const approval = await ask('c-history', 'pay 7200');
  const handle = system.client.workflow.getHandle(waitingWorkflowId('c-history:1:0'));
  const { record } = system.store;
  const delivered: number[] = [];
  system.store.record = async (entries) => {
    if (entries.some(({ fact }) => fact.kind === 'decided')) {
      const { events } = await handle.fetchHistory();
      delivered.push(events?.filter((one) => one.workflowExecutionSignaledEventAttributes).length ?? 0);
    }
    return record(entries);
  };
  equal((await system.decide(approval, 'finn', 'approve')).end, 'approved');
  system.store.record = record;
  deepEqual(delivered, [1]);
});
