import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { importsOf } from '../support/layers.ts';
import { readSource, sourceFiles } from '../support/sources.ts';
import { aConversation, anApi, anApproval, aProblem, aRunningStart, at, run } from './support.ts';

const pageOf = (...rows: readonly object[]) => ({ body: { rows, next: '' } });
const NOW_READY = () => ({ body: { ready: true, missing: [] } });

test('approvals shows what waits for whom until when, and no text of it reaches the terminal raw', async (t) => {
  const evil = anApproval({ id: 'c-2:1:0.0.0', summary: 'pay\u001b[2K\u202e 1 EUR\nnothing waits', requester: 'eve' });
  const api = await anApi(t, { 'GET /v1/approvals': () => pageOf(anApproval(), evil) });
  const { code, output } = await run(t, ['approvals'], at(api.url));
  assert.equal(code, 0);
  const [head, first, second] = output.split('\n').map((line) => line.split(/ {2,}/));
  assert.deepEqual(head, ['APPROVAL', 'WHAT', 'FOR', 'ASKED BY', 'UNTIL']);
  assert.deepEqual(first?.slice(0, 4), ['c-1:1:0.0.0', 'refund order 1042 · 72.00 EUR', 'finance', 'customer-ada']);
  assert.match(first?.[4] ?? '', /^(\d{4}-\d\d-\d\d )?\d\d:\d\d \(in 4 h\)$/);
  assert.deepEqual(second?.slice(0, 4), [
    'c-2:1:0.0.0',
    'pay<U+001B>[2K<U+202E> 1 EUR nothing waits',
    'finance',
    'eve',
  ]);
  assert.equal(api.asked[0]?.query.get('end'), 'open');
});

test('approvals --all reads every page and says how each ended', async (t) => {
  const pages = { '': 'two', two: '' } as const;
  const api = await anApi(t, {
    'GET /v1/approvals': ({ query }) => {
      const cursor = query.get('cursor') as keyof typeof pages;
      return {
        body: { rows: [anApproval({ id: `c-1:${cursor.length}:0.0.0`, end: 'expired' })], next: pages[cursor] },
      };
    },
  });
  const { code, output } = await run(t, ['approvals', '--all'], at(api.url));
  assert.equal(code, 0);
  assert.match(output, /c-1:0:0\.0\.0 .* expired\nc-1:3:0\.0\.0 .* expired\n$/);
  assert.deepEqual(
    api.asked.map(({ query }) => query.get('end')),
    ['all', 'all'],
  );
});

test('one approval is shown with all that a decision needs', async (t) => {
  const decisions = [{ id: 'd', personId: 'olga', answer: 'approve', reason: 'seen', atMs: Date.now() } as const];
  const approval = anApproval({ quorum: 2, approvals: 1, decisions });
  const api = await anApi(t, { 'GET /v1/approvals/c-1:1:0.0.0': () => ({ body: approval }) });
  const { code, output } = await run(t, ['approvals', 'c-1:1:0.0.0'], at(api.url));
  assert.equal(code, 0);
  const lines = /what +refund order 1042\nfor whom +customer Ada\nhow much +72\.00 EUR\n/;
  assert.doesNotMatch(output, /careful/);
  for (const words of [lines, /"amountCents": 7200/, /"refundableCents": 7200/]) {
    assert.match(output, words);
  }
  assert.match(output, /rule +refund\.asks-finance: money that leaves does not come back/);
  assert.match(output, /decides +finance: 1 of 2 have approved\n +olga approved at \d\d:\d\d: seen/);
  assert.match(output, /digest +d1/);
});

test('a decision carries its own id and reason, and its receipt is printed', async (t) => {
  const outage = aProblem('unavailable', 503, 'Not now.', { 'retry-after': '0' });
  let outages = 1;
  const first: string[] = [];
  /** As the API does: who says the same again gets the first receipt. */
  const receiptOf = (body: Record<string, unknown>) => {
    first.push(`finn/${String(body['id'])}`);
    const said = { approvalId: 'c-1:1:0.0.0', counted: true, text: 'denied: refund order 1042', end: 'denied' };
    return { body: { ...said, decisionId: first[0] } };
  };
  const route = 'POST /v1/approvals/c-1:1:0.0.0/decision';
  const api = await anApi(t, { [route]: ({ body }) => (outages-- > 0 ? outage : receiptOf(body)) });
  const denied = await run(t, ['deny', 'c-1:1:0.0.0', '--reason', 'not now'], at(api.url));
  assert.deepEqual([denied.code, denied.output], [0, 'denied: refund order 1042\n']);
  const [sent, again] = api.asked.map(({ body }) => body);
  assert.deepEqual(sent, { answer: 'deny', reason: 'not now', id: sent?.['id'] });
  assert.match(String(sent?.['id']), /^[0-9a-f-]{36}$/);
  assert.deepEqual(again, sent);
  const second = await run(t, ['deny', 'c-1:1:0.0.0', '--reason', 'not now'], at(api.url));
  const words = 'You have said so before, and it counts once. denied: refund order 1042\n';
  assert.deepEqual([second.code, second.output], [0, words]);
});

test('a question is listed and shown as one, and its answers are commands of their own', async (t) => {
  const ask = { id: 'c-1:1:0.question.0.0', question: 'unknown', group: '@finn' } as const;
  const decisions = [{ id: 'd', personId: 'finn', answer: 'did_not_happen', reason: '', atMs: Date.now() } as const];
  const over = anApproval({ ...ask, end: 'did_not_happen', decisions });
  const receipt = { approvalId: ask.id, counted: true, text: 'recorded: it happened', end: 'happened' };
  const api = await anApi(t, {
    'GET /v1/approvals': () => pageOf(anApproval(ask)),
    [`GET /v1/approvals/${ask.id}`]: () => ({ body: over }),
    [`POST /v1/approvals/${ask.id}/decision`]: ({ body }) => ({
      body: { ...receipt, decisionId: `finn/${String(body['id'])}` },
    }),
  });
  const { output } = await run(t, ['approvals'], at(api.url));
  assert.match(output, /did it happen\? refund order 1042 · 72\.00 EUR +finn +customer-ada/);
  assert.match(output, /Look: .* · Did it happen\? npx countersign happened ID, or did-not-happen ID\n$/);
  assert.doesNotMatch(output, /countersign approve /);
  const one = await run(t, ['approvals', ask.id], at(api.url));
  assert.match(one.output, /question +did it happen\?/);
  assert.match(one.output, /answers +finn\n +finn says that it did not happen at \d\d:\d\d\nended +did not happen/);
  const happened = await run(t, ['happened', ask.id, '--reason', 'the bank says so'], at(api.url));
  assert.deepEqual([happened.code, happened.output], [0, 'recorded: it happened\n']);
  assert.equal((await run(t, ['did-not-happen', ask.id], at(api.url))).code, 0);
  assert.deepEqual(
    api.of(`POST /v1/approvals/${ask.id}/decision`).map(({ body }) => [body['answer'], body['reason']]),
    [
      ['happened', 'the bank says so'],
      ['did_not_happen', undefined],
    ],
  );
});

test('a deny without a reason is not sent', async (t) => {
  const api = await anApi(t, {});
  const { code, output } = await run(t, ['deny', 'c-1:1:0.0.0'], at(api.url));
  assert.equal(code, 1);
  assert.match(output, /required option '--reason <text>'/);
  assert.deepEqual(api.asked, []);
});

test('a decision that does not count is a failure, in the words of the server, neutralised', async (t) => {
  const api = await anApi(t, {
    'POST /v1/approvals/x/decision': () =>
      aProblem('approval_settled', 409, 'Too late\u001b[31m: it is already expired.'),
  });
  const { code, output } = await run(t, ['approve', 'x'], at(api.url));
  assert.deepEqual([code, output], [1, 'Too late<U+001B>[31m: it is already expired.\n']);
});

test('status says whether the API serves, what there is, what ends first and what is stopped', async (t) => {
  const paused = aConversation({ id: 'c-2', phase: 'paused' });
  const soon = anApproval({ id: 'c-2:1:0.0.0', summary: 'the first', deadlineMs: Date.now() + 3_600_000 + 30_000 });
  const refund = { scope: 'tool', name: 'refund', setBy: 'olga', reason: 'it pays\ntwice\u001b', setMs: Date.now() };
  let missing: string[] = [];
  let switches: object[] = [];
  const api = await anApi(t, {
    'GET /readyz': () => ({ status: missing.length === 0 ? 200 : 503, body: { ready: missing.length === 0, missing } }),
    'GET /v1/conversations': () => pageOf(aConversation(), aConversation({ id: 'c-3' }), paused),
    'GET /v1/approvals': () => pageOf(anApproval(), soon),
    'GET /v1/switches': () => ({ body: { switches } }),
  });
  const ready = await run(t, ['status'], at(api.url));
  assert.equal(ready.code, 0);
  assert.match(ready.output, /^API +http:\/\/127\.0\.0\.1:\d+, ready\n/);
  assert.match(ready.output, /conversations +3 \(2 open, 1 paused\)\n/);
  assert.match(ready.output, /approvals +2 open; the first ends at .* \(in 1 h\): the first\n/);
  assert.deepEqual(
    api.of('GET /v1/conversations').map(({ query }) => query.get('of')),
    ['staff'],
  );
  assert.doesNotMatch(ready.output, /stopped/);
  switches = [refund];
  missing = ['no worker of the actor role polls countersign-actor; start one'];
  const not = await run(t, ['status'], at(api.url));
  assert.equal(not.code, 1);
  assert.match(not.output, /, not ready\n +no worker of the actor role polls/);
  assert.match(not.output, /^stopped +the tool refund since \d\d:\d\d by olga: it pays twice<U\+001B>$/m);
});

test('doctor fails when there is a problem, and not for a warning', async (t) => {
  const checks = [
    { name: 'store', kind: 'ok', text: 'it answers' },
    { name: 'model', kind: 'warning', text: 'the scripted demo model' },
  ];
  const api = await anApi(t, { 'GET /readyz': NOW_READY, 'GET /v1/doctor': () => ({ body: { checks } }) });
  const well = await run(t, ['doctor'], at(api.url));
  assert.equal(well.code, 0, well.output);
  assert.match(
    well.output,
    /^ok +Node +\d+\.[\s\S]*ok +store +it answers\nwarning model +the scripted demo model\nNo problem found\.\n$/,
  );
  checks.push({ name: 'Temporal', kind: 'problem', text: 'it keeps closed Workflows for 1 day\u0007' });
  const ill = await run(t, ['doctor'], at(api.url));
  assert.equal(ill.code, 1);
  assert.match(ill.output, /problem Temporal +it keeps closed Workflows for 1 day<U\+0007>\n1 problem found\.\n$/);
});

test('doctor tells what the API misses even when it cannot tell more', async (t) => {
  const missing = ['the store does not answer; check DATABASE_URL and that PostgreSQL runs'];
  const api = await anApi(t, {
    'GET /readyz': () => ({ status: 503, body: { ready: false, missing } }),
    'GET /v1/doctor': () => aProblem('unavailable', 503, 'The store does not answer; nothing was changed.'),
  });
  const { code, output } = await run(t, ['doctor'], at(api.url));
  assert.equal(code, 1);
  assert.match(output, /problem API +http.*\n +the store does not answer; check DATABASE_URL/);
  assert.match(output, /problem parts +The store does not answer; nothing was changed\.\n2 problems found\.\n$/);
});

test('without the API doctor says so, looks at what it can, and fails', async (t) => {
  const nowhere = await run(t, ['doctor'], { TEMPORAL_ADDRESS: '127.0.0.1:9', OPENAI_API_KEY: '' });
  assert.equal(nowhere.code, 1);
  assert.match(nowhere.output, /problem API +No countersign runs here/);
  assert.match(nowhere.output, /ok +configuration +every variable is as it must be; mode development/);
  assert.match(nowhere.output, /problem Temporal +127\.0\.0\.1:9 cannot be reached \(ECONNREFUSED\)/);
  const wrong = await run(t, ['doctor'], { PORT: 'many' });
  assert.equal(wrong.code, 1);
  assert.match(wrong.output, /problem configuration +PORT must be a whole number/);
});

test('each command presents the fitting development identity, or the one that is named', async (t) => {
  const api = await anApi(t, {
    'GET /v1/approvals': () => pageOf(),
    'GET /v1/conversations': () => pageOf(aConversation({ principal: { id: 'customer-ada', name: 'A\u0000da' } })),
  });
  const env = aRunningStart(t, api.url);
  assert.match((await run(t, ['approvals'], env)).output, /^Nothing waits for you\.\n$/);
  assert.match((await run(t, ['conversations'], env)).output, /\nc-1 +support-desk +open +A<U\+0000>da +/);
  await run(t, ['conversations', '--staff'], env);
  await run(t, ['conversations', '--as', 'Finance Approver'], env);
  const keys = api.asked.map(({ headers, query }) => [headers.authorization, query.get('of')]);
  assert.deepEqual(keys, [
    ['Bearer cs_finn', null],
    ['Bearer cs_customer-ada', 'mine'],
    ['Bearer cs_finn', 'staff'],
    ['Bearer cs_finn', 'mine'],
  ]);
  const unknown = await run(t, ['conversations', '--as', 'mallory'], env);
  assert.equal(unknown.code, 1);
  assert.match(unknown.output, /no development identity "mallory"; name one of: customer-ada \(customer\), finn/);
});

test('development keys never leave for another server', async (t) => {
  const api = await anApi(t, { 'GET /v1/approvals': () => pageOf() });
  const env = { ...aRunningStart(t, 'http://127.0.0.1:9'), COUNTERSIGN_URL: api.url };
  const { code, output } = await run(t, ['approvals'], env);
  assert.equal(code, 1);
  assert.match(output, /set COUNTERSIGN_API_KEY too/);
  assert.deepEqual(api.asked, []);
});

test('without a running start a command says what to start', async (t) => {
  const env = aRunningStart(t, 'http://127.0.0.1:9');
  const silent = await run(t, ['approvals'], env);
  assert.equal(silent.code, 1);
  assert.match(
    silent.output,
    /^The API at http:\/\/127\.0\.0\.1:9 does not answer \(ECONNREFUSED\)\. .*start it with: npm start\n$/,
  );
  rmSync(join(env['COUNTERSIGN_STATE_DIR']!, 'api.json'));
  const none = await run(t, ['approvals'], env);
  assert.equal(none.code, 1);
  assert.match(none.output, /^No countersign runs here .*Start one with: npm start/);
});

test('no client command loads Temporal, the store or a worker, so that it begins at once', () => {
  // What the table of the environment needs of Slack is 40 KB without a dependency, and loads in 15 ms.
  const slack = ['api', 'format', 'webhook'].map((part) => `@chat-adapter/slack/${part}`);
  const light = ['commander', 'cli-table3', 'picocolors', 'zod', ...slack];
  const seen = new Set<string>();
  const walk = (path: string): void => {
    if (seen.has(path)) return;
    seen.add(path);
    for (const { specifier, typeOnly } of importsOf(readSource(path))) {
      if (typeOnly || specifier.startsWith('node:')) continue;
      if (specifier.startsWith('.')) walk(join(path, '..', specifier));
      else assert.ok(light.includes(specifier), `${path} loads ${specifier}`);
    }
  };
  for (const path of sourceFiles().filter((one) => one.startsWith('cli/commands/'))) walk(path);
  assert.ok(seen.has('api/schemas.ts') && seen.has('cli/client.ts'), 'the walk must reach what the commands load');
});
