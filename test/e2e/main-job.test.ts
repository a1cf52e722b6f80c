import { deepEqual, equal, match } from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Answer, createStack, type Stack } from '../support/stack.ts';
import { eventually } from '../support/system.ts';

let stack: Stack;

before(async () => {
  stack = await createStack();
  await stack.start();
});
after(async () => {
  await stack?.stop();
  await stack?.remove();
});

const say = (conversation: string, text: string, headers = {}): Promise<Answer> =>
  stack.request('customer-ada', 'POST', `/v1/conversations/${conversation}/messages?wait=reply`, { text }, headers);
const replyOf = ({ body }: Answer): string => String((body['reply'] as { text?: string } | undefined)?.text);
const open = (id: string) => stack.request('customer-ada', 'POST', '/v1/conversations', { agent: 'support-desk', id });
const approve = (id: string) => stack.request('finn', 'POST', `/v1/approvals/${id}/decision`, { answer: 'approve' });

async function openApproval(conversation: string): Promise<string> {
  const { body } = await stack.request('finn', 'GET', '/v1/approvals');
  const rows = body['rows'] as { id: string; conversationId: string }[];
  return rows.find((row) => row.conversationId === conversation)?.id ?? '';
}

test('a refund waits for finance while the chat goes on, outlives a kill of everything, and runs once when approved', async () => {
  equal((await open('e2e-refund')).status, 201);
  match(replyOf(await say('e2e-refund', 'refund order 1042')), /it waits for finance \(1 must approve\)/);
  match(replyOf(await say('e2e-refund', 'where is my order 1043')), /Order 1043/);
  const approval = await openApproval('e2e-refund');
  equal((await stack.request('finn', 'GET', `/approvals/${approval}`)).status, 200);

  await stack.kill();
  await stack.start();

  const receipt = await approve(approval);
  deepEqual([receipt.status, receipt.body['end']], [200, 'approved']);
  // A second click gets the first receipt.
  deepEqual((await approve(approval)).body, receipt.body);
  const report = async () => {
    const { body } = await stack.request('customer-ada', 'GET', '/v1/conversations/e2e-refund');
    return (body['items'] as { kind: string; text: string }[]).find((item) =>
      /refund order 1042.*succeeded/s.test(item.text),
    );
  };
  await eventually(report, 'the outcome in the conversation');
  await tellsWhy('e2e-refund:1:1');
  await tellsBurden();
  await tellsBudgets();
  // The shop's own word: nothing is left to refund, so it was paid out, and once.
  match(replyOf(await say('e2e-refund', 'refund order 1042')), /nothing|refunded|denied/i);
});

/** What the rule asked of people is told also by a process that began after it asked. */
async function tellsBurden(): Promise<void> {
  const { body } = await stack.request('finn', 'GET', '/v1/approvals/burden');
  type Times = { count: number; medianMs: number };
  const rules = body['rules'] as { rule: string; asked: number; decided: Times; looked: { page: Times } }[];
  const { rule, asked, decided, looked } = rules[0]!;
  deepEqual([rule, asked, decided.count, looked.page.count], ['refund.asks-finance', 1, 1, 1]);
  equal(looked.page.medianMs > 0 && looked.page.medianMs <= decided.medianMs, true, JSON.stringify(rules));
  const { text } = (await stack.request('nobody', 'GET', '/metrics')).body;
  match(String(text), /countersign_approval_looked_seconds_count\{.*rule="refund.asks-finance",at="page"\} 1/);
}

/** What the model was used is on the budgets of the agent, whatever was killed meanwhile. */
async function tellsBudgets(): Promise<void> {
  const { status, body } = await stack.request('finn', 'GET', '/v1/budgets');
  equal(status, 200);
  type Use = { scope: string; measures: { measure: string; used: number; held: number }[] };
  const found = (body['budgets'] as Use[]).find(({ scope }) => scope === 'agent_day');
  const [calls] = found?.measures ?? [];
  deepEqual([calls?.measure, (calls?.used ?? 0) + (calls?.held ?? 0) >= 4], ['modelCalls', true], JSON.stringify(body));
}

/** The whole chain of an approved and executed action, every line of it proven or somebody's word. */
async function tellsWhy(action: string): Promise<void> {
  const { status, body } = await stack.request('finn', 'GET', `/v1/actions/${action}/why`);
  equal(status, 200);
  const lines = body['lines'] as { part: string; text: string; coverage: string; seq: number | null }[];
  const parts = [...new Set(lines.map(({ part }) => part))];
  const chain = ['asked', 'saw', 'proposed', 'record', 'rule', 'people', 'warrant', 'ran', 'came back'];
  deepEqual(
    chain.filter((part) => !parts.includes(part as never)),
    [],
    JSON.stringify(lines, null, 1),
  );
  deepEqual(
    lines.filter(({ coverage, seq }) => coverage === 'unknown' || seq === null),
    [],
  );
  const said = lines.map(({ text }) => text).join('\n');
  for (const words of [/refund order 1042/, /finn said approve, known by api key/, /shop:refund/, /succeeded/])
    match(said, words);
  const urls = (body['links'] as { url: string }[]).map(({ url }) => url);
  match(urls.join(' '), /workflows\/conversation%2Fe2e-refund .*workflows\/action%2F/);
  const refused = await stack.request('customer-ada', 'GET', `/v1/actions/${action}/why`);
  deepEqual([refused.status, refused.body['type']], [403, 'missing_scope']);
}

test('the same Idempotency-Key is one message, whatever happens between, and never another one', async () => {
  await open('e2e-once');
  const key = { 'idempotency-key': 'once-1' };
  const first = await say('e2e-once', 'my orders', key);
  const again = await say('e2e-once', 'my orders', key);
  deepEqual([first.status, again.status, replyOf(first)], [200, 200, replyOf(again)]);
  const other = await say('e2e-once', 'cancel my orders', key);
  deepEqual([other.status, other.body['type']], [422, 'key_reused']);
  const { body } = await stack.request('customer-ada', 'GET', '/v1/conversations/e2e-once');
  equal((body['items'] as { kind: string }[]).filter((item) => item.kind === 'message').length, 1);
});

test('bad input gets the right answer and changes nothing', async () => {
  await open('e2e-bad');
  const messages = '/v1/conversations/e2e-bad/messages';
  const cases: [number, Answer][] = [
    [401, await stack.request('nobody', 'GET', '/v1/conversations')],
    [404, await stack.request('customer-ada', 'GET', '/v1/conversations/no-such')],
    [404, await stack.request('customer-ada', 'GET', '/v1/nothing')],
    [400, await stack.request('customer-ada', 'POST', messages, '{')],
    [400, await stack.request('customer-ada', 'POST', messages, { text: 7 })],
    [413, await stack.request('customer-ada', 'POST', messages, { text: 'x'.repeat(1_000_000) })],
    [403, await stack.request('customer-ada', 'POST', '/v1/approvals/e2e-bad:1:0.0.0/decision', { answer: 'approve' })],
    [404, await approve('e2e-bad:1:0.0.0')],
    [400, await stack.request('customer-ada', 'POST', '/v1/conversations', { agent: 'support-desk', id: 'a/b' })],
  ];
  for (const [status, answer] of cases) {
    equal(answer.status, status, JSON.stringify(answer.body));
    match(answer.headers.get('content-type') ?? '', /application\/problem\+json/);
    equal(typeof answer.body['detail'], 'string');
  }
  const { body } = await stack.request('customer-ada', 'GET', '/v1/conversations/e2e-bad');
  deepEqual(body['items'], []);
});

test('a stopped conversation refuses messages until it is resumed, and a deleted one is gone for good', async () => {
  await open('e2e-stop');
  const command = (name: string) => stack.request('finn', 'POST', `/v1/conversations/e2e-stop/${name}`);
  equal((await command('stop')).body['phase'], 'stopped');
  const refused = await say('e2e-stop', 'hello');
  deepEqual([refused.status, refused.body['type']], [409, 'conversation_stopped']);
  equal((await command('resume')).body['phase'], 'open');
  match(replyOf(await say('e2e-stop', 'my orders')), /1042/);
  const gone = await stack.request('customer-ada', 'DELETE', '/v1/conversations/e2e-stop');
  equal(gone.status < 300, true);
  equal((await say('e2e-stop', 'hello')).status, 410);
});
