import assert from 'node:assert/strict';
import { test } from 'node:test';
import { anApi, at, run } from './support.ts';

const times = (count: number, medianMs: number | null, p10Ms = medianMs) => ({ count, medianMs, p10Ms });
const found = {
  ...{ fromMs: 1_793_491_200_000, toMs: 1_794_096_000_000, isCut: true },
  rules: [
    {
      ...{ agent: 'support-desk', rule: 'refund.large', asked: 61, expired: 2, open: 1 },
      ...{ answers: { approve: 57, deny: 1, edit: 1, withdraw: 3, ask_back: 4 }, yesShare: 57 / 59 },
      ...{ decided: times(59, 1_940, 800), signs: ['at_a_glance', 'nearly_always_yes'] },
      looked: { page: times(20, 31_000), card: times(30, 7_500_000), not: 9 },
    },
    {
      ...{ agent: 'on-call', rule: 'restart\u001b[31m', asked: 1, expired: 0, open: 1 },
      ...{ answers: { approve: 0, deny: 0, edit: 0, withdraw: 0, ask_back: 0 }, yesShare: null },
      ...{ decided: times(0, null), signs: [], looked: { page: times(0, null), card: times(0, null), not: 0 } },
    },
  ],
};

test('the burden is a table of rules: what was asked and answered, how soon, how long looked at, and what looks wrong', async (t) => {
  const api = await anApi(t, { 'GET /v1/approvals/burden': () => ({ body: JSON.stringify(found) }) });
  const { code, output } = await run(t, ['burden', '--from', '2026-11-01'], at(api.url));
  assert.equal(code, 0, output);
  assert.deepEqual([api.asked[0]?.query.get('from'), api.asked[0]?.query.get('to')], ['2026-11-01', null]);
  const [title, head, refunds, restarts, more] = output.split('\n');
  assert.equal(title, 'Asked from 2026-11-01 00:00 to 2026-11-08 00:00 UTC');
  assert.match(head ?? '', /^AGENT +RULE +ASKED +APPROVED +DENIED +OTHER +EXPIRED +YES +MEDIAN +P10 +LOOKED/);
  assert.match(
    refunds ?? '',
    /^support-desk +refund\.large +61 +57 +1 +8 +2 +96 % +1\.9 s +0\.8 s +31 s on its page \(20\), up to 2 h 5 min on a card \(30\) +9 +at a glance, nearly always yes$/,
  );
  assert.match(restarts ?? '', /^on-call +restart<U\+001B>\[31m +1 +0 +0 +0 +0 +– +– +– +– +0$/);
  assert.match(more ?? '', /and more/);
});

test('nobody asked is a sentence, and --json is what the API says', async (t) => {
  const nothing = { ...found, rules: [], isCut: false };
  const api = await anApi(t, { 'GET /v1/approvals/burden': () => ({ body: JSON.stringify(nothing) }) });
  assert.match((await run(t, ['burden'], at(api.url))).output, /Nobody was asked for leave\.\n$/);
  assert.deepEqual(JSON.parse((await run(t, ['burden', '--json'], at(api.url))).output), nothing);
});
