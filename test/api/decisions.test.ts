import assert from 'node:assert/strict';
import { test } from 'node:test';
import { problem } from './support/answers.ts';
import { NOW_MS, serve } from './support/served.ts';

const approve = { answer: 'approve', id: 'd1' };

test('an edit carries every argument of the same tool, in one canonical text, under the person’s signature', async (t) => {
  const { call, ask, store } = await serve(t);
  const { id } = await ask();
  const edit = { answer: 'edit', id: 'e1', args: { order: '1042', amount: 5 } };
  const { status, body } = await call('approver', 'POST', `/v1/approvals/${id}/decision`, edit);
  assert.deepEqual([status, body.counted, body.end], [200, true, 'superseded']);
  const [said] = (await store.approvals.get(id))?.decisions ?? [];
  assert.deepEqual([said?.answer, said?.args], ['edit', '{"amount":5,"order":"1042"}']);
});

test('an edit without arguments, and arguments without an edit, are told what is missing', async (t) => {
  const { call, ask } = await serve(t);
  const { id } = await ask();
  const half = { answer: 'edit', args: { order: '\ud800' } };
  for (const body of [{ answer: 'edit' }, { answer: 'approve', args: {} }, half, { answer: 'edit', args: [] }]) {
    assert.equal(problem(await call('approver', 'POST', `/v1/approvals/${id}/decision`, body)), '400 bad_request');
  }
});

test('who asks back says what; an approval may be taken back while more are needed', async (t) => {
  const { call, ask, store } = await serve(t);
  const { id } = await ask({ quorum: 2 });
  const decide = (answer: string, more: object = {}) =>
    call('approver', 'POST', `/v1/approvals/${id}/decision`, { answer, id: `my-${answer}`, ...more });
  assert.equal(problem(await decide('ask_back')), '400 bad_request');
  assert.equal((await decide('ask_back', { reason: 'why?' })).body.counted, true);
  assert.equal(problem(await decide('withdraw', { id: 'too-soon' })), '409 decision_not_counted');
  await decide('approve');
  const { status, body } = await decide('withdraw');
  assert.deepEqual([status, body.counted, body.end], [200, true, 'open']);
  const approval = await store.approvals.get(id);
  assert.deepEqual([approval?.end, approval?.decisions], ['open', []]);
});

test('who may approve less than it is about is told so, and another member decides', async (t) => {
  const { call, ask } = await serve(t);
  const { id } = await ask({ amount: { currency: 'EUR', minorUnits: 5_001 } });
  const small = await call('colleague', 'POST', `/v1/approvals/${id}/decision`, approve);
  assert.equal(problem(small), '403 not_a_member');
  assert.match(small.body.detail, /more than you may approve/);
  assert.equal((await call('approver', 'POST', `/v1/approvals/${id}/decision`, approve)).status, 200);
});

test('a group that may decide later sees nothing of it until then', async (t) => {
  const { call, ask } = await serve(t);
  const later = await ask({ escalation: [{ group: 'desk', fromMs: NOW_MS + 1 }] });
  const now = await ask({ escalation: [{ group: 'desk', fromMs: NOW_MS }] });
  const decide = (id: string) => call('operator', 'POST', `/v1/approvals/${id}/decision`, { ...approve, id: 'd-9' });
  assert.equal(problem(await decide(later.id)), '403 not_a_member');
  assert.equal((await decide(now.id)).body.end, 'approved');
});
