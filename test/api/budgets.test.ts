// How full budgets are, as the API tells operators and Prometheus.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Budget, DEFAULT_BUDGETS, NOTHING_USED } from '../../domain/spending.ts';
import { problem } from './support/answers.ts';
import { NOW_MS, serve } from './support/served.ts';

const aBudget = (of: string, more: Partial<Budget>): Budget => ({
  ...{ id: of, scope: 'principal_day', tenant: 'default', agent: 'support-desk', of, day: '2026-11-28' },
  ...{ endsMs: NOW_MS + 1, used: NOTHING_USED, held: NOTHING_USED, opened: NOTHING_USED, openings: NOTHING_USED },
  ...more,
});
const calls = (modelCalls: number) => ({ ...NOTHING_USED, modelCalls });

const BUDGETS = [
  aBudget('ada', { used: calls(10), held: calls(5) }),
  aBudget('finn', { used: calls(4_999), held: calls(1_001), opened: calls(1_000) }),
  aBudget('yesterday', { endsMs: NOW_MS, used: calls(5_000) }),
  aBudget('stranger', { tenant: 'acme', used: calls(5_000) }),
  aBudget('c-1', { scope: 'conversation', day: '', endsMs: null, used: calls(1) }),
  aBudget('support-desk', { scope: 'agent_day', used: calls(100), held: calls(20) }),
];

test('budgets tell what is used, held and left of how much, the fullest first; of those that hold now, and of one’s tenant', async (t) => {
  const { call, store } = await serve(t);
  store.put({ budgets: BUDGETS });
  const { status, body } = await call('operator', 'GET', '/v1/budgets');
  assert.equal(status, 200);
  const { budgets, ...about } = body as unknown as { budgets: { of: string; measures: unknown[] }[] };
  assert.deepEqual(about, { pricesAsOf: '2025-11-13', isCut: false });
  assert.deepEqual(
    budgets.map((one) => one.of),
    ['finn', 'ada', 'support-desk', 'c-1'],
  );
  const [finn] = budgets;
  const most = DEFAULT_BUDGETS.principalPerDay.modelCalls + 1_000;
  assert.deepEqual(finn?.measures[0], {
    ...{ measure: 'modelCalls', used: 4_999, held: 1_001, left: 0, most, opened: 1_000 },
  });
  assert.equal(problem(await call('approver', 'GET', '/v1/budgets')), '403 missing_scope');
});

test('the metrics tell how much each agent has used today, and how many budgets are full', async (t) => {
  const { call, store } = await serve(t);
  store.put({ budgets: BUDGETS });
  const { text } = (await call('nobody', 'GET', '/metrics')).body;
  assert.ok(typeof text === 'string');
  assert.match(text, /countersign_budget_used\{agent="support-desk",tenant="default",measure="modelCalls"\} 120\n/);
  assert.match(text, /countersign_budget_most\{agent="support-desk",tenant="default",measure="modelCalls"\} 50000\n/);
  assert.match(text, /countersign_budgets_full\{scope="principal_day"\} 2\n/);
  assert.match(text, /countersign_budgets_full\{scope="agent_day"\} 0\n/);
});

test('what asks for more of a budget is approved or denied by whom it asks, never by whoever has used it up', async (t) => {
  const { call, ask, store } = await serve(t);
  const id = 'budget-0123456789abcdef0123456789abcdef-0.question.0.0';
  const question = await ask({ question: 'budget', group: '@operator', id });
  const path = `/v1/approvals/${question.id}`;
  const wrong = await call('operator', 'POST', `${path}/decision`, { answer: 'happened' });
  assert.equal(problem(wrong), '400 bad_request');
  assert.match(wrong.body.detail, /asks for more of a budget: answer "approve" or "deny"/);
  const own = await ask({
    question: 'budget',
    group: '@operator',
    requester: 'operator',
    id: id.replace('-0.', '-1.'),
  });
  assert.match(
    problem(await call('operator', 'POST', `/v1/approvals/${own.id}/decision`, { answer: 'approve' })),
    /^403 /,
  );
  assert.equal((await store.approvals.get(own.id))?.end, 'open');
  const { status, body } = await call('operator', 'POST', `${path}/decision`, { answer: 'approve' });
  assert.deepEqual([status, body.counted, body.end], [200, true, 'approved']);
});
