import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Approval } from '../../domain/approval.ts';
import type { ActionRow } from '../../store/ports.ts';
import { requested } from '../store/builders.ts';
import { problem } from './support/answers.ts';
import { NOW_MS, serve } from './support/served.ts';

const approve = { answer: 'approve', id: 'd1' };

test('a decision is signed over the digest of the exact action, and counts once the Workflow says so', async (t) => {
  const { call, ask, store } = await serve(t);
  const { id } = await ask();
  const { status, body } = await call('approver', 'POST', `/v1/approvals/${id}/decision`, approve);
  assert.deepEqual([status, body.counted, body.end, body.decisionId], [200, true, 'approved', 'approver/d1']);
  const settled = await store.approvals.get(id);
  assert.deepEqual(
    settled?.decisions.map((one) => [one.personId, one.answer]),
    [['approver', 'approve']],
  );
});

test('the same decision gets its receipt again; a second person learns that it is over', async (t) => {
  const { call, ask } = await serve(t);
  const { id } = await ask();
  const decide = (who: 'approver' | 'colleague', body: object) =>
    call(who, 'POST', `/v1/approvals/${id}/decision`, body);
  await decide('approver', approve);
  const again = await decide('approver', approve);
  assert.deepEqual([again.status, again.body.counted], [200, true]);
  const late = await decide('colleague', { answer: 'deny', reason: 'no', id: 'd1' });
  assert.equal(problem(late), '409 approval_settled');
  assert.deepEqual([late.body.receipt.counted, late.body.receipt.end], [false, 'approved']);
});

test('two people who choose the same decision id give two decisions', async (t) => {
  const { call, ask, store } = await serve(t);
  const { id } = await ask({ quorum: 2 });
  const ends = [];
  for (const who of ['approver', 'colleague'] as const) {
    const { status, body } = await call(who, 'POST', `/v1/approvals/${id}/decision`, approve);
    ends.push([status, body.counted, body.end]);
  }
  assert.deepEqual(ends, [
    [200, true, 'open'],
    [200, true, 'approved'],
  ]);
  assert.deepEqual(
    (await store.approvals.get(id))?.decisions.map((one) => one.decisionId),
    ['approver/d1', 'colleague/d1'],
  );
});

test('a decision after expiry is 410 with a sentence, and nothing changes', async (t) => {
  const { call, ask, store } = await serve(t);
  const due = await ask({ deadlineMs: NOW_MS - 1 });
  const answer = await call('approver', 'POST', `/v1/approvals/${due.id}/decision`, approve);
  assert.equal(problem(answer), '410 approval_expired');
  assert.deepEqual((await store.approvals.get(due.id))?.decisions, []);
  const expired = await call('approver', 'POST', `/v1/approvals/${due.id}/decision`, approve);
  assert.equal(problem(expired), '410 approval_expired');
});

test('the same decision id on two approvals of a batch is two decisions, and with another answer it is another word', async (t) => {
  const { call, ask } = await serve(t);
  const first = await ask({ quorum: 2 });
  const { conversationId, batchId } = first;
  const second = await ask({ id: `${batchId}.1.0`, conversationId, quorum: 2 });
  const decide = (id: string, body: object) => call('approver', 'POST', `/v1/approvals/${id}/decision`, body);
  const receipts = [await decide(first.id, approve), await decide(second.id, approve)].map(({ body }) => body);
  assert.deepEqual(
    receipts.map(({ counted, approvalId }) => [counted, approvalId]),
    [
      [true, first.id],
      [true, second.id],
    ],
  );
  const other = await decide(first.id, { answer: 'deny', reason: 'no', id: 'd1' });
  assert.equal(problem(other), '409 decision_not_counted');
  assert.deepEqual([other.body.receipt.counted, other.body.receipt.end], [false, 'open']);
});

test('a question is answered by the one whom it asks, in words of its own', async (t) => {
  const { call, ask, store } = await serve(t);
  const question = await ask({ question: 'unknown', group: '@operator', id: 'c-7:1:0.question.0.0' });
  const path = `/v1/approvals/${question.id}`;
  const leave = await ask({ conversationId: question.conversationId });
  for (const [id, who, answer, words] of [
    [question.id, 'operator', 'approve', /asks whether it happened: answer "happened" or "did_not_happen"/],
    [leave.id, 'approver', 'happened', /asks for leave: answer "approve" or "deny"/],
  ] as const) {
    const wrong = await call(who, 'POST', `/v1/approvals/${id}/decision`, { answer });
    assert.equal(problem(wrong), '400 bad_request');
    assert.match(wrong.body.detail, words);
    assert.equal((await store.approvals.get(id))?.end, 'open');
  }
  assert.equal(problem(await call('approver', 'GET', path)), '404 not_found');
  const seen = await call('operator', 'GET', path);
  assert.deepEqual([seen.body.question, seen.body.group], ['unknown', '@operator']);
  const { status, body } = await call('operator', 'POST', `${path}/decision`, { answer: 'did_not_happen' });
  assert.deepEqual([status, body.counted, body.end], [200, true, 'did_not_happen']);
  const settled = await call('operator', 'GET', path);
  assert.deepEqual((settled.body.decisions as { answer: string }[])[0]?.answer, 'did_not_happen');
  const over = await call('operator', 'POST', `${path}/decision`, { answer: 'happened' });
  assert.equal(problem(over), '409 approval_settled');
});

test('a question shows to its person alone, to operators, and in its conversation', async (t) => {
  const { call, ask } = await serve(t);
  const { id, conversationId } = await ask({ question: 'unknown', group: '@colleague' });
  const ids = async (who: 'approver' | 'colleague' | 'operator', query = '') =>
    (await call(who, 'GET', `/v1/approvals${query}`)).body.rows.map((row) => row.id);
  assert.deepEqual([await ids('colleague'), await ids('operator'), await ids('approver')], [[id], [id], []]);
  assert.deepEqual(await ids('colleague', '?end=happened'), []);
  const { body } = await call('customer', 'GET', `/v1/conversations/${conversationId}`);
  assert.deepEqual(
    body.waiting.map((one) => [one.id, one.question]),
    [[id, 'unknown']],
  );
  const notAsked = await call('operator', 'POST', `/v1/approvals/${id}/decision`, { answer: 'happened' });
  assert.equal(problem(notAsked), '403 not_a_member');
  assert.match(notAsked.body.detail, /Only colleague may decide/);
});

test('nobody of another tenant lists, reads or decides, whatever their groups and scopes', async (t) => {
  const { call, ask, store } = await serve(t);
  const { id, actionId, conversationId } = await ask();
  store.put({ actions: [anAction(actionId, conversationId, id)] });
  for (const who of ['approver@other', 'operator@other'] as const) {
    assert.deepEqual((await call(who, 'GET', '/v1/approvals?end=all')).body.rows, []);
    assert.deepEqual((await call(who, 'GET', `/v1/approvals?conversationId=${conversationId}`)).body.rows, []);
    for (const path of [`/v1/approvals/${id}`, `/v1/actions/${actionId}`, `/v1/conversations/${conversationId}`]) {
      assert.equal(problem(await call(who, 'GET', path)), '404 not_found');
    }
    for (const query of ['', '?sign=only']) {
      const decided = await call(who, 'POST', `/v1/approvals/${id}/decision${query}`, approve);
      assert.equal(problem(decided), '404 not_found');
    }
  }
  assert.equal((await store.approvals.get(id))?.end, 'open');
});

test('only members of the group decide, whatever scope a key has, and the group is named', async (t) => {
  const { call, ask, store } = await serve(t);
  const { id } = await ask();
  const operator = await call('operator', 'POST', `/v1/approvals/${id}/decision`, approve);
  assert.equal(problem(operator), '403 not_a_member');
  assert.match(operator.body.detail, /"finance"/);
  assert.equal(problem(await call('stranger', 'POST', `/v1/approvals/${id}/decision`, approve)), '404 not_found');
  assert.equal((await store.approvals.get(id))?.end, 'open');
});

test('who asked for an action never decides it', async (t) => {
  const { call, ask, store } = await serve(t);
  const { id } = await ask({ requester: 'customer' });
  const answer = await call('customer', 'POST', `/v1/approvals/${id}/decision`, approve);
  assert.equal(problem(answer), '403 not_a_member');
  assert.equal((await store.approvals.get(id))?.end, 'open');
});

test('a deny needs a reason', async (t) => {
  const { call, ask } = await serve(t);
  const { id } = await ask();
  const bare = await call('approver', 'POST', `/v1/approvals/${id}/decision`, { answer: 'deny' });
  assert.equal(problem(bare), '400 bad_request');
  assert.match(bare.body.detail, /reason/);
  const reasoned = await call('approver', 'POST', `/v1/approvals/${id}/decision`, {
    answer: 'deny',
    reason: 'paid twice',
  });
  assert.deepEqual([reasoned.status, reasoned.body.end], [200, 'denied']);
});

test('?sign=only gives the signed decision and sends nothing', async (t) => {
  const { call, ask, store } = await serve(t);
  const { id, digest } = await ask();
  const { status, body } = await call('approver', 'POST', `/v1/approvals/${id}/decision?sign=only`, approve);
  assert.equal(status, 200);
  const statement = JSON.parse(Buffer.from(body.signed.split('.')[1] ?? '', 'base64url').toString());
  assert.deepEqual(
    [statement.kind, statement.approvalId, statement.digest, statement.person.id, statement.decisionId],
    ['decision', id, digest, 'approver', 'approver/d1'],
  );
  assert.equal((await store.approvals.get(id))?.end, 'open');
});

test('a late click on a batch that has ended is answered from what it put on record', async (t) => {
  const { call, ask, store, gateway } = await serve(t);
  const approval = await ask();
  gateway.ended.add(approval.batchId);
  // The Workflow settles it between our look and our Update.
  const decide = gateway.decide.bind(gateway);
  gateway.decide = async (...args) => {
    const settled: Approval = { ...approval, end: 'denied' };
    const fact = { kind: 'approval_settled', approval: settled } as const;
    await store.record([
      { subject: approval.id, step: 'settled', conversationId: approval.conversationId, atMs: NOW_MS, fact },
    ]);
    return decide(...args);
  };
  assert.equal(
    problem(await call('approver', 'POST', `/v1/approvals/${approval.id}/decision`, approve)),
    '409 approval_settled',
  );
});

test('an open approval whose Workflow is gone is cancelled by the click, and the click is 410', async (t) => {
  const { call, ask, store, gateway } = await serve(t);
  const approval = await ask();
  const other = { ...approval, id: `${approval.batchId}.1.0` };
  await store.record([requested(approval.conversationId, other)]);
  gateway.ended.add(approval.batchId);
  const decide = () => call('approver', 'POST', `/v1/approvals/${approval.id}/decision`, approve);
  assert.equal(problem(await decide()), '410 approval_gone');
  const ends = (await store.approvals.ofBatch(approval.batchId)).map(({ end }) => end);
  assert.deepEqual(ends, ['cancelled', 'cancelled'], 'all that was asked there');
  assert.equal(problem(await decide()), '409 approval_settled');
});

test('with Temporal down a decision is 503 and the approval stays open', async (t) => {
  const { call, ask, store, gateway } = await serve(t);
  const { id } = await ask();
  gateway.state = 'down';
  const answer = await call('approver', 'POST', `/v1/approvals/${id}/decision`, approve);
  assert.equal(problem(answer), '503 unavailable');
  assert.ok(Number(answer.headers.get('retry-after')) > 0);
  assert.equal((await store.approvals.get(id))?.end, 'open');
});

test('approvals are seen by the members of their group and by operators, open ones first asked for', async (t) => {
  const { call, ask } = await serve(t);
  const open = await ask();
  await ask({ id: 'c-9:1:0.0.0', conversationId: open.conversationId, end: 'denied' });
  const ids = async (who: 'approver' | 'operator' | 'stranger', query = '') =>
    (await call(who, 'GET', `/v1/approvals${query}`)).body.rows.map((row) => row.id);
  assert.deepEqual(await ids('approver'), [open.id]);
  assert.deepEqual(await ids('operator', '?end=all&limit=1'), ['c-9:1:0.0.0']);
  assert.deepEqual(await ids('stranger'), []);
  const one = await call('approver', 'GET', `/v1/approvals/${open.id}`);
  assert.deepEqual([one.body.args, one.body.summary], [{ order: '1042' }, open.summary]);
  assert.equal(problem(await call('stranger', 'GET', `/v1/approvals/${open.id}`)), '404 not_found');
  assert.equal(problem(await call('approver', 'GET', '/v1/approvals/c-8:1:0.0.0')), '404 not_found');
});

test('what waits shows in its conversation without arguments and evidence', async (t) => {
  const { call, ask } = await serve(t);
  const { conversationId, summary } = await ask();
  const { body } = await call('customer', 'GET', `/v1/conversations/${conversationId}`);
  assert.deepEqual(
    body.waiting.map((one) => [one.summary, one.group, one.args]),
    [[summary, 'finance', undefined]],
  );
});

test('an action’s arguments, evidence and result are for staff and for those who decide on it', async (t) => {
  const { call, ask, store } = await serve(t);
  const { id: approvalId, conversationId, actionId } = await ask({ group: 'treasury' });
  store.put({ actions: [anAction(actionId, conversationId, approvalId)] });
  const see = (who: 'customer' | 'approver' | 'stranger') => call(who, 'GET', `/v1/actions/${actionId}`);
  const own = (await see('customer')).body;
  assert.deepEqual([own.stage, own.outcome, own.args], ['settled', { kind: 'succeeded', reason: '' }, undefined]);
  const full = (await see('approver')).body;
  assert.deepEqual(
    [full.args, full.outcome],
    [{ order: '1042' }, { kind: 'succeeded', reason: '', result: { ref: 'r1' } }],
  );
  assert.equal(problem(await see('stranger')), '404 not_found');
  assert.equal(problem(await call('customer', 'GET', '/v1/actions/nothing')), '404 not_found');
});

function anAction(id: string, conversationId: string, approvalId: string): ActionRow {
  return {
    id,
    conversationId,
    agent: 'support-desk',
    tool: 'refund',
    effect: 'irreversible',
    args: '{"order":"1042"}',
    digest: 'd',
    summary: 'refund',
    principal: { id: 'customer', name: '', tenant: 'default' },
    evidence: null,
    verdict: null,
    approvalId,
    stage: 'settled',
    outcome: { kind: 'succeeded', result: { ref: 'r1' } },
    createdMs: 0,
    updatedMs: 0,
  };
}
