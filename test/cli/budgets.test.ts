import assert from 'node:assert/strict';
import { test } from 'node:test';
import { anApi, anApproval, at, run } from './support.ts';

const of = (measure: string, used: number, held: number, most: number) => {
  return { measure, used, held, left: most - used - held, most, opened: 0 };
};
const found = {
  pricesAsOf: '2025-11-13',
  isCut: true,
  budgets: [
    {
      ...{
        agent: 'support-desk',
        tenant: 'default',
        scope: 'principal_day',
        of: 'cus\u001b[31m_ada',
        day: '2026-11-28',
      },
      untilMs: Date.parse('2026-11-29T00:00:00Z'),
      measures: [
        ...[of('modelCalls', 4, 1, 5), of('toolCalls', 3, 16, 48)],
        ...[of('tokens', 9_000, 30_000, 500_000), of('microUsd', 1_230_000, 20_000, 5_000_000)],
      ],
    },
    {
      ...{ agent: 'support-desk', tenant: 'default', scope: 'conversation', of: 'c-1', day: '', untilMs: null },
      measures: [of('modelCalls', 1, 0, 20_000)],
    },
  ],
};

test('budgets are a table: whose, how much is used and held of how much, and until when', async (t) => {
  const api = await anApi(t, { 'GET /v1/budgets': () => ({ body: JSON.stringify(found) }) });
  const { code, output } = await run(t, ['budgets'], at(api.url));
  assert.equal(code, 0, output);
  const [head, ada, conversation, more, prices] = output.split('\n');
  assert.match(head ?? '', /^AGENT +BUDGET +OF +CALLS +TOOL CALLS +TOKENS +US DOLLARS +UNTIL$/);
  assert.match(
    ada ?? '',
    /^support-desk +principal, a day +cus<U\+001B>\[31m_ada 2026-11-28 +5 of 5 +19 of 48 +39000 of 500000 +1\.25 of 5\.00 +2026-11-29 00:00 UTC$/,
  );
  assert.match(conversation ?? '', /^support-desk +conversation +c-1 +1 of 20000 +– +– +– +people open it$/);
  assert.match(more ?? '', /and more/);
  assert.match(prices ?? '', /Prices as of 2025-11-13\.$/);
});

test('no budget in use is a sentence, and --json is what the API says', async (t) => {
  const nothing = { ...found, budgets: [], isCut: false };
  const api = await anApi(t, { 'GET /v1/budgets': () => ({ body: JSON.stringify(nothing) }) });
  assert.match((await run(t, ['budgets'], at(api.url))).output, /^No model was asked in the last 7 days\.\n/);
  assert.deepEqual(JSON.parse((await run(t, ['budgets', '--json'], at(api.url))).output), nothing);
});

test('what asks for more of a budget is shown as that, is approved or denied, and is no action with a why', async (t) => {
  const id = 'budget-0123456789abcdef0123456789abcdef-0.question.0.0';
  const asks = anApproval({
    id,
    question: 'budget',
    group: '@finn',
    summary: 'let ada on 2026-11-28 use 5 calls more',
  });
  const api = await anApi(t, {
    'GET /v1/approvals': () => ({ body: { rows: [asks], next: '' } }),
    [`GET /v1/approvals/${id}`]: () => ({ body: asks }),
  });
  const list = await run(t, ['approvals'], at(api.url));
  assert.match(list.output, /let ada on 2026-11-28 use 5 calls more/);
  assert.doesNotMatch(list.output, /did it happen/i);
  assert.match(list.output, /npx countersign approve ID, or deny ID --reason TEXT/);
  const one = await run(t, ['approvals', id], at(api.url));
  assert.match(one.output, /question +may more be used\?/);
  const { code, output } = await run(t, ['why', id], at(api.url));
  assert.equal(code, 1);
  assert.match(output, /asks for more of a budget, and is about no action/);
});
