import { deepEqual, equal, match, rejects } from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import type { Approval } from '../../domain/approval.ts';
import type { VerdictStatement } from '../../domain/signed.ts';
import { createFarSide, createTestAgent, directory } from '../support/far-side.ts';
import { eventually, obedient, type Script, startSystem, type System } from '../support/system.ts';
import { startTemporal } from '../support/temporal.ts';

const far = createFarSide();
let temporal: TestWorkflowEnvironment;
let system: System;

/** A model that obeys whoever speaks, an approver in a report too. */
const obeysAll: Script = (request) => {
  const last = request.transcript.at(-1);
  if (last?.kind !== 'report' || request.toolChoice !== 'auto') return obedient(request);
  const now = /rather pay (\d+)/.exec(last.text);
  if (now !== null) return [['pay', { order: 1042, cents: Number(now[1]) }]];
  const said = request.transcript.map((item) => ('text' in item ? item.text : '')).join('\n');
  const later = /: succeeded/.test(last.text) ? /also note (\d+) when it is over/.exec(said) : null;
  return later === null ? obedient(request) : [['note', { order: 1042, cents: Number(later[1]) }]];
};

before(async () => {
  temporal = await startTemporal();
  system = await startSystem({ temporal, agent: createTestAgent(far), directory, script: obeysAll });
});
after(async () => {
  await system?.stop();
  await temporal?.teardown();
});

async function ask(conversationId: string): Promise<Approval> {
  far.effects.length = 0;
  await system.open(conversationId);
  await system.submit(conversationId, 'm1', 'pay 7200');
  await system.reply(conversationId, 'm1');
  return system.approval(`${conversationId}:1:0.0.0`);
}

const refused = { name: 'WorkflowUpdateFailedError' };

test('who denies with words that the model then follows cannot approve what it proposes upon them', async () => {
  await system.decide(await ask('e-deny'), 'finn', 'deny', { reason: 'rather pay 7100' });
  const upon = await system.approval('e-deny:2:0.0.0');
  deepEqual([upon.args, upon.requester, upon.editors], ['{"cents":7100,"order":1042}', 'ada', ['finn']]);
  await rejects(system.decide(upon, 'finn', 'approve'), refused);
  deepEqual(far.effects, []);
  await system.decide(upon, 'olga', 'approve');
  equal(await system.outcome('e-deny:2:0'), 'succeeded');
});

test('who asks back with words that the model then follows cannot approve what it proposes upon them', async () => {
  await system.decide(await ask('e-back'), 'finn', 'ask_back', { reason: 'would they rather pay 7100?' });
  const upon = await system.approval('e-back:2:0.0.0');
  deepEqual(upon.editors, ['finn']);
  await rejects(system.decide(upon, 'finn', 'approve'), refused);
});

test('words of an approver stay on the transcript, and what a later report leads to rests on them still', async () => {
  const first = await ask('e-later');
  await system.decide(first, 'finn', 'ask_back', { reason: 'note well: also note 500 when it is over' });
  await system.reportReply('e-later');
  await system.decide(first, 'olga', 'approve');
  const later = await system.approval('e-later:3:0.0.0');
  deepEqual([later.args, later.editors], ['{"cents":500,"order":1042}', ['finn']]);
  await rejects(system.decide(later, 'finn', 'approve'), refused);
});

test('what did not happen and is made anew rests on the words that the first one rested on', async () => {
  const first = await ask('e-anew');
  await system.decide(first, 'finn', 'edit', { args: JSON.stringify({ cents: 5000, order: 1042 }) });
  far.record.fail = 'throw';
  await system.decide(await system.approval('e-anew:1:0.0.1'), 'olga', 'approve');
  equal(await system.outcome('e-anew:1:0~1'), 'unknown');
  far.record.fail = '';
  const question = await system.approval('e-anew:1:0~1.question.0.0');
  await system.decide(question, 'olga', 'did_not_happen', { reason: 'I looked' });
  const anew = await eventually(async () => {
    const rows = await system.store.actions.ofConversation('e-anew', 10);
    const approvalId = rows.find(
      ({ id, approvalId: asked }) => !id.startsWith('e-anew:1:') && asked !== null,
    )?.approvalId;
    return approvalId === undefined || approvalId === null ? undefined : system.store.approvals.get(approvalId);
  }, 'the action made anew');
  deepEqual([anew.args, anew.editors], ['{"cents":5000,"order":1042}', ['finn']]);
  await rejects(system.decide(anew, 'finn', 'approve'), refused);
});

test('what the requester asks for after an approver has spoken is the requester’s own', async () => {
  await system.decide(await ask('e-own'), 'finn', 'deny', { reason: 'too much' });
  await system.reportReply('e-own');
  await system.submit('e-own', 'm2', 'pay 7100');
  await system.reply('e-own', 'm2');
  const own = await system.approval('e-own:3:0.0.0');
  equal(own.editors, undefined);
  equal((await system.decide(own, 'finn', 'approve')).end, 'approved');
});

test('a verdict over a record that has changed since names no leave, so nobody can act on the two together', async () => {
  far.record.state = 'delivered';
  const asked = await ask('e-stale');
  far.record.state = 'returned';
  await system.decide(asked, 'finn', 'approve');
  equal((await system.approval('e-stale:1:0.0.1')).end, 'open');
  const verdicts = (await system.store.ledger.ofSubject('e-stale:1:0')).flatMap(({ fact }) =>
    fact.kind === 'ruled' ? [statementIn(fact.signed)] : [],
  );
  deepEqual(
    verdicts.map(({ verdict, approval }) => [verdict.kind, approval]),
    [
      ['ask', null],
      ['ask', null],
    ],
  );
  match(verdicts.map(({ evidenceSha256 }) => evidenceSha256).join(), /^(\w+),(?!\1)\w+$/);
  far.record.state = 'delivered';
});

const statementIn = (signed: string): VerdictStatement =>
  JSON.parse(Buffer.from(signed.split('.')[1] ?? '', 'base64url').toString());
