import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { LedgerRulings } from '../../api/rulings-schema.ts';
import { ROOT } from '../start/support.ts';
import { type Answer, anApi, at, run } from './support.ts';

const RULINGS = 'GET /v1/ledger/rulings';
const AGENTS = join(ROOT, 'test/proofs/what-if/agents');
const NOON_MS = Date.UTC(2026, 2, 2, 12);

/** A letter of ada's, as it was ruled on. */
function letter(seq: number, to: string, kind: 'allow' | 'deny', atMs = NOON_MS) {
  const actionId = `c${seq}:1:0`;
  const person = { id: 'ada', name: 'ada', tenant: 'default' };
  const args = JSON.stringify({ text: 'Hello', to });
  const summary = `letter to ${to}`;
  return {
    ...{
      seq,
      step: 's',
      atMs,
      actionId,
      conversationId: `c${seq}`,
      agent: 'teller',
      url: 'http://ui.test/workflows/c',
    },
    verdict: { kind, ruleId: 'of-old', ruleVersion: 'v0', reason: 'then' },
    inputs: {
      kind: 'whole' as const,
      proposal: { actionId, tool: 'send_letter', args, principal: person, inspects: false, summary },
      evidence: null,
      given: { groups: [], nowMs: atMs },
    },
  };
}

async function diff(t: TestContext, rulings: readonly ReturnType<typeof letter>[], ...args: string[]) {
  const pageOf = (before: number, limit: number) => rulings.filter(({ seq }) => seq < before).slice(0, limit);
  const api = await anApi(t, {
    [RULINGS]: ({ query }): Answer => {
      const page = pageOf(Number(query.get('before') ?? Infinity), Number(query.get('limit')));
      return { body: LedgerRulings.parse({ rulings: page, next: page.at(-1)?.seq ?? null }) };
    },
  });
  const ran = await run(t, ['rules', 'diff', AGENTS, ...args], at(api.url));
  return { ...ran, url: api.url, asked: api.asked };
}

const HOME = 'x@house.example';
const AWAY = 'x@evil.example';
const wide = letter(3, HOME, 'deny');
const narrow = letter(2, AWAY, 'allow');
const same = letter(1, HOME, 'allow');

test('verdicts that change are listed, what lets more through first, by rule and with where to look', async (t) => {
  const { code, output, url } = await diff(t, [narrow, wide, same]);
  assert.equal(code, 0, output);
  assert.equal(
    output,
    `3 verdicts, of 2026-03-02 12:00 to 2026-03-02 12:00; 3 replayed, and held against what was ruled
DENY → ALLOW  1  (widens)
  of-old → letter.house  1
    c3:1:0  letter to x@house.example: allowed
      ${url}/v1/actions/c3%3A1%3A0/why  http://ui.test/workflows/c
ALLOW → DENY  1  (narrows)
  of-old → default  1
    c2:1:0  letter to x@evil.example: no rule allows it
      ${url}/v1/actions/c2%3A1%3A0/why  http://ui.test/workflows/c
2 verdicts change.
1 stay, by another rule.
`,
  );
});

test('a widening fails where none may pass, and a narrowing only where nothing may change', async (t) => {
  assert.equal((await diff(t, [wide], '--fail-on', 'widen')).code, 3);
  assert.equal((await diff(t, [narrow, same], '--fail-on', 'widen')).code, 0);
  assert.equal((await diff(t, [narrow, same], '--fail-on', 'any')).code, 3);
});

test('it takes the newest verdicts, or those since a time, and asks for no more', async (t) => {
  const hours = (back: number) => NOON_MS - back * 3_600_000;
  const all = Array.from({ length: 700 }, (_, back) => letter(700 - back, HOME, 'deny', hours(back)));
  const read = (output: string) => (JSON.parse(output) as { readonly read: number }).read;
  const last = await diff(t, all, '--json', '--last', '600');
  assert.equal(read(last.output), 600);
  assert.deepEqual(
    last.asked.map(({ query }) => [query.get('before'), query.get('limit')]),
    [
      [null, '500'],
      ['201', '100'],
    ],
  );
  const since = await diff(t, all, '--json', '--since', new Date(hours(9)).toISOString());
  assert.equal(read(since.output), 10);
  assert.equal(since.asked.length, 2);
});

test('bounds that are none are refused before anything is read', async (t) => {
  for (const [args, words] of [
    [['--last', '0'], /--last is a whole number from 1 to 100000/],
    [['--since', 'yesterday'], /--since is a day or a time/],
    [['--since', '2026-01-01', '--last', '5'], /Give --last or --since, not both/],
    [['--fail-on', 'some'], /--fail-on is one of widen.* not "some"/],
  ] as const) {
    const { code, output, asked } = await diff(t, [], ...args);
    assert.deepEqual([code, asked.length], [1, 0], output);
    assert.match(output, words);
  }
});
