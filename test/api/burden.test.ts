// How much rules ask of people, as the API tells operators and Prometheus; and that a look at a page is on record.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type RuleBurden, type Times } from '../../domain/burden.ts';
import { problem } from './support/answers.ts';
import { follow, formIn, get, linkFor, login, post } from './support/browser.ts';
import { NOW_MS, type Served, serve } from './support/served.ts';

const DAY_MS = 86_400_000;
const took = (count: number, medianMs: number | null, within: readonly number[] = []): Times => ({
  ...{ count, sumMs: count * (medianMs ?? 0), medianMs, p10Ms: medianMs },
  buckets: Array.from({ length: 11 }, (_, at) => within[at] ?? count),
});

const refunds: RuleBurden = {
  ...{ agent: 'support-desk', ruleId: 'refund.large', asked: 61, expired: 2, open: 1 },
  answers: { approve: 57, deny: 1, edit: 0, withdraw: 3, ask_back: 4 },
  ...{ decided: took(58, 900, [40, 50]), page: took(20, 30_000), card: took(30, 90_000) },
};
const mails: RuleBurden = {
  ...{ agent: 'support-desk', ruleId: 'mail.outside', asked: 1, expired: 0, open: 1 },
  answers: { approve: 0, deny: 0, edit: 0, withdraw: 0, ask_back: 0 },
  ...{ decided: took(0, null), page: took(0, null), card: took(0, null) },
};

test('the burden tells of each rule what it asked, how people answered and how soon, and what looks like a stamp', async (t) => {
  const { call, store } = await serve(t);
  store.put({ burden: [refunds, mails] });
  const { status, body } = await call('operator', 'GET', '/v1/approvals/burden');
  assert.equal(status, 200);
  const { rules, ...about } = body;
  assert.deepEqual(about, { fromMs: NOW_MS - 7 * DAY_MS, toMs: NOW_MS, isCut: false });
  const nothing = { count: 0, medianMs: null, p10Ms: null };
  const { answers } = mails;
  assert.deepEqual(rules, [
    {
      ...{ agent: 'support-desk', rule: 'refund.large', asked: 61, expired: 2, open: 1, answers: refunds.answers },
      ...{ yesShare: 57 / 58, decided: { count: 58, medianMs: 900, p10Ms: 900 } },
      looked: {
        page: { count: 20, medianMs: 30_000, p10Ms: 30_000 },
        card: { count: 30, medianMs: 90_000, p10Ms: 90_000 },
        not: 8,
      },
      signs: ['at_a_glance', 'nearly_always_yes'],
    },
    {
      ...{ agent: 'support-desk', rule: 'mail.outside', asked: 1, expired: 0, open: 1, answers },
      ...{ yesShare: null, decided: nothing, looked: { page: nothing, card: nothing, not: 0 }, signs: [] },
    },
  ]);
});

test('the burden is of a bounded period, for operators and auditors of the house', async (t) => {
  const { call } = await serve(t);
  const period = async (query: string) => {
    const { status, body } = await call('auditor', 'GET', `/v1/approvals/burden?${query}`);
    return [status, new Date(Number(body['fromMs'])).toISOString(), Number(body['toMs']) - Number(body['fromMs'])];
  };
  assert.deepEqual(await period('to=2026-12-01'), [200, '2026-11-24T00:00:00.000Z', 7 * DAY_MS]);
  assert.deepEqual(await period('from=2026-09-02&to=2026-12-01'), [200, '2026-09-02T00:00:00.000Z', 90 * DAY_MS]);
  const ask = async (who: 'operator' | 'approver' | 'operator@other', query: string) =>
    problem(await call(who, 'GET', `/v1/approvals/burden?${query}`));
  assert.equal(await ask('operator', 'from=2026-09-01&to=2026-12-01'), '400 bad_request');
  assert.equal(await ask('operator', 'from=2026-12-01&to=2026-12-01'), '400 bad_request');
  assert.equal(await ask('operator', 'from=last week'), '400 bad_request');
  assert.equal(await ask('approver', ''), '403 missing_scope');
  assert.equal(await ask('operator@other', ''), '403 ledger_refused');
});

test('the metrics tell the burden of each rule, with what looks like a rubber stamp', async (t) => {
  const { call, store } = await serve(t);
  store.put({ burden: [refunds, mails] });
  const { text } = (await call('nobody', 'GET', '/metrics')).body;
  const of = 'agent="support-desk",rule="refund.large"';
  for (const line of [
    `countersign_approval_asks{${of}} 61`,
    `countersign_approval_expired{${of}} 2`,
    `countersign_approval_decisions{${of},answer="approve"} 57`,
    `countersign_approval_decisions{${of},answer="ask_back"} 4`,
    `countersign_approval_decision_seconds_bucket{${of},le="1"} 40`,
    `countersign_approval_decision_seconds_bucket{${of},le="2"} 50`,
    `countersign_approval_decision_seconds_bucket{${of},le="+Inf"} 58`,
    `countersign_approval_decision_seconds_sum{${of}} 52.2`,
    `countersign_approval_decision_seconds_count{${of}} 58`,
    `countersign_approval_looked_seconds_bucket{${of},at="page",le="30"} 20`,
    `countersign_approval_looked_seconds_count{${of},at="card"} 30`,
    `countersign_approval_decisions_not_looked{${of}} 8`,
    `countersign_approval_rubber_stamp{${of},sign="at_a_glance"} 1`,
    `countersign_approval_rubber_stamp{${of},sign="nearly_always_yes"} 1`,
    'countersign_approval_rubber_stamp{agent="support-desk",rule="mail.outside",sign="at_a_glance"} 0',
  ]) {
    assert.ok(text.split('\n').includes(line), line);
  }
});

test('where nobody was asked, and where the store is away, the metrics tell no burden', async (t) => {
  const first = await serve(t);
  const metricsOf = async ({ call }: Served) => (await call('nobody', 'GET', '/metrics')).body.text;
  assert.doesNotMatch(await metricsOf(first), /countersign_approval_/);
  const second = await serve(t);
  second.store.put({ burden: [refunds] });
  second.store.fail(new Error('gone'));
  assert.doesNotMatch(await metricsOf(second), /countersign_approval_/);
});

const seenIn = ({ store }: Served) =>
  store.entries.flatMap(({ subject, step, atMs, fact }) =>
    fact.kind === 'approval_seen' ? [[subject, step, atMs, fact.personId, fact.method]] : [],
  );

test('the first look of a person who may decide is on record; looking again, or at what they decided, adds nothing', async (t) => {
  const served = await serve(t);
  const approval = await served.ask({ quorum: 2 });
  const { id } = approval;
  const { page, cookie } = await follow(served, await linkFor(served, approval, 'approver'));
  assert.deepEqual(seenIn(served), [[id, 'seen:approver', NOW_MS, 'approver', 'page']]);
  await get(served, `/approvals/${id}`, { cookie });
  await post(served, id, { form: formIn(page.html), answer: 'approve' }, { cookie });
  await get(served, `/approvals/${id}`, login(served, 'approver'));
  assert.equal(seenIn(served).length, 1);
  await get(served, `/approvals/${id}`, login(served, 'colleague'));
  assert.deepEqual(seenIn(served).at(-1), [id, 'seen:colleague', NOW_MS, 'colleague', 'api_key']);
});

test('who may not decide, what is over, and what programs read, is no look', async (t) => {
  const served = await serve(t);
  const { id } = await served.ask();
  // The requester; an operator who is in none of its groups.
  for (const who of ['customer', 'operator'] as const) {
    assert.equal((await get(served, `/approvals/${id}`, login(served, who))).status, 200);
  }
  await served.call('approver', 'GET', `/v1/approvals/${id}`);
  await served.call('approver', 'POST', `/v1/approvals/${id}/decision`, { answer: 'approve' });
  await get(served, `/approvals/${id}`, login(served, 'colleague'));
  const late = await served.ask({ conversationId: await served.open(), deadlineMs: NOW_MS });
  await get(served, `/approvals/${late.id}`, login(served, 'approver'));
  assert.deepEqual(seenIn(served), []);
});

test('a look that cannot be put on record is not given', async (t) => {
  const served = await serve(t);
  const { id } = await served.ask();
  const { record } = served.store;
  Object.assign(served.store, { record: () => Promise.reject(new Error('no room')) });
  const { status, html } = await get(served, `/approvals/${id}`, login(served, 'approver'));
  assert.deepEqual([status, /refund order 1042/.test(html)], [500, false]);
  Object.assign(served.store, { record });
});
