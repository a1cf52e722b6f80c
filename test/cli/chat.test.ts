import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { test } from 'node:test';
import { aConversation, aDetail, aMessage, anApi, aProblem, at, countersign, run, streamTo } from './support.ts';

const event = (kind: string, over: object) => ({ seq: 1, subject: 'c-1', atMs: 1, kind, ...over });
const said = (text: string, messageId: string) => event('message', { messageId, from: 'Ada', text });
const replied = (turn: number, text: string) => event('replied', { turn, by: 'model', text });
const asked = {
  approvalId: 'c-1:1:0.0.0',
  summary: 'refund order 1042',
  group: 'finance',
  quorum: 1,
  deadlineMs: Date.now() + 3_600_000 + 30_000,
};

const question = { ...asked, approvalId: 'c-1:1:0.question.0.0', question: 'unknown', group: '@olga' };

/** A server with one conversation whose agent repeats each message, in a turn of its own. */
async function aParrot(t: TestContext, past: readonly object[] = []) {
  const later: object[] = [];
  let send = (one: object): void => void later.push(one);
  let turn = past.length;
  const api = await anApi(t, {
    'POST /v1/conversations': () => ({ status: 201, body: aConversation() }),
    'GET /v1/conversations/c-1': () => ({ body: aDetail() }),
    'GET /v1/conversations/c-1/events': (_asked, response) => {
      send = streamTo(response, [...past, ...later]);
      return undefined;
    },
    'POST /v1/conversations/c-1/messages': ({ body: { text } }) => {
      turn++;
      send(said(String(text), `m-${turn}`));
      send(replied(turn, `you said ${text}`));
      const answer = aMessage(`you said ${text}`, { messageId: `m-${turn}` });
      return { body: { ...answer, reply: { ...answer.reply, turn } } };
    },
  });
  return { ...api, send: (one: object) => send(one) };
}

test('one message: its reply, what was done in its turn, what waits for whom, and how to decide', async (t) => {
  const action = {
    conversationId: 'c-1',
    agent: 'support-desk',
    tool: 'x',
    stage: 'settled',
    verdict: null,
    approvalId: null,
  } as const;
  const done = { kind: 'succeeded', reason: '' } as const;
  const failed = { kind: 'failed', reason: 'the parcel\nis gone' } as const;
  const times = { createdMs: 1, updatedMs: 2 };
  const detail = aDetail({
    actions: [
      { ...action, ...times, id: 'c-1:1:1', effect: 'write', summary: 'change the address', outcome: failed },
      { ...action, ...times, id: 'c-1:1:0', effect: 'read', summary: 'look up order 1042', outcome: done },
      { ...action, ...times, id: 'c-1:0:0', effect: 'read', summary: 'of another turn', outcome: done },
    ],
    waiting: [
      { ...asked, id: asked.approvalId, actionId: 'c-1:1:2', question: null, approvals: 0, askedMs: 1, end: 'open' },
    ],
  });
  const api = await anApi(t, {
    'POST /v1/conversations': () => ({ status: 201, body: aConversation() }),
    'POST /v1/conversations/c-1/messages': () => ({ body: aMessage('I asked finance.\nIt\u001b[1mwaits.') }),
    'GET /v1/conversations/c-1': () => ({ body: detail }),
  });
  const { code, output } = await run(
    t,
    ['chat', '--agent', 'support-desk', '--message', 'refund order 1042'],
    at(api.url),
  );
  assert.equal(code, 0);
  assert.deepEqual(
    output
      .replace(/(?<=until ).*(?=\(in 1 h\))/, '')
      .trimEnd()
      .split('\n'),
    [
      'conversation  c-1 with support-desk',
      'support-desk  I asked finance.',
      '              It<U+001B>[1mwaits.',
      '  done        look up order 1042',
      '  failed      change the address: the parcel',
      '              is gone',
      '  waits       refund order 1042 waits for finance until (in 1 h)',
      '              npx countersign approve c-1:1:0.0.0',
      '              The outcome will be reported in this conversation: npx countersign chat --conversation c-1',
    ],
  );
  const sent = api.of('POST /v1/conversations/c-1/messages')[0];
  assert.deepEqual([sent?.body, sent?.query.get('wait')], [{ text: 'refund order 1042' }, 'reply']);
  assert.match(String(sent?.headers['idempotency-key']), /^[0-9a-f-]{36}$/);
});

test('what cannot be said is refused before a conversation is opened for it', async (t) => {
  const api = await anApi(t, { 'POST /v1/conversations': () => ({ status: 201, body: aConversation() }) });
  const say = (message: string) => run(t, ['chat', '--message', message], at(api.url));
  const long = await say('x'.repeat(16_001));
  const empty = await say('  ');
  assert.deepEqual([long.code, empty.code], [1, 1]);
  assert.match(long.output, /the message has more than 16000 characters; shorten it/);
  assert.match(empty.output, /the message is empty; write something/);
  assert.equal(api.of('POST /v1/conversations').length, 0);
});

test('a message that is taken and not answered yet has an exit code of its own', async (t) => {
  const api = await anApi(t, {
    'GET /v1/conversations/c-1': () => ({ body: aDetail({ phase: 'paused' }) }),
    'POST /v1/conversations/c-1/messages': () => ({ status: 202, body: aMessage(undefined, { phase: 'paused' }) }),
  });
  const { code, output } = await run(t, ['chat', '--conversation', 'c-1', '--message', 'hello'], at(api.url));
  assert.equal(code, 2);
  assert.match(output, /with support-desk, paused\n.*The conversation is paused; the message is kept/);
});

test('through pipes each line waits for the reply to the one before it, and the end of the input ends the chat', async (t) => {
  const api = await aParrot(t);
  const chat = countersign(t, ['chat'], at(api.url));
  chat.process.stdin?.end('one\n\n  two  \nthree');
  const { code, output } = await chat.ended;
  assert.equal(code, 0, output);
  assert.deepEqual(output.trimEnd().split('\n'), [
    'conversation  c-1 with support-desk',
    ...['one', 'two', 'three'].flatMap((text) => [`Ada           ${text}`, `support-desk  you said ${text}`]),
    'Go on with: npx countersign chat --conversation c-1',
  ]);
});

test('actions, waiting approvals and their ends are seen live, while the chat goes on', async (t) => {
  const api = await aParrot(t);
  const chat = countersign(t, ['chat'], at(api.url));
  chat.process.stdin?.write('refund order 1042\n');
  await chat.says('you said refund');
  const of = { subject: 'c-1:1:0' };
  const story = [
    event('proposed', {
      ...of,
      actionId: 'c-1:1:0',
      tool: 'refund',
      effect: 'irreversible',
      summary: 'refund order 1042',
    }),
    event('ruled', { ...of, verdict: 'ask', ruleId: 'r', reason: 'money' }),
    event('approval_requested', { ...asked, subject: asked.approvalId, end: 'open' }),
    event('decided', {
      subject: asked.approvalId,
      approvalId: asked.approvalId,
      receipt: 'approved: refund order 1042',
    }),
    event('approval_settled', { ...asked, subject: asked.approvalId, end: 'approved' }),
    event('claimed', { ...of, tool: 'refund' }),
    event('something_new', { text: 'of a newer server' }),
    event('settled', { ...of, outcome: 'unknown', reason: 'the connection\u001b[8m broke' }),
    event('proposed', { subject: 'c-1:2:0', actionId: 'c-1:2:0', tool: 'x', effect: 'write', summary: 'pay it all' }),
    event('ruled', { subject: 'c-1:2:0', verdict: 'deny', ruleId: 'r', reason: 'too much' }),
    event('settled', { subject: 'c-1:2:0', outcome: 'denied', reason: 'too much' }),
    // Each end is told once, by the line that has its reason.
    event('proposed', { subject: 'c-1:2:1', actionId: 'c-1:2:1', tool: 'x', effect: 'write', summary: 'an old one' }),
    event('approval_settled', { ...asked, subject: 'a', summary: 'an old one', end: 'expired' }),
    event('settled', { subject: 'c-1:2:1', outcome: 'expired', reason: 'nobody decided in time' }),
    event('approval_requested', { ...question, subject: question.approvalId, end: 'open' }),
    event('approval_settled', { ...question, subject: question.approvalId, end: 'happened' }),
    event('phase', { phase: 'handed_over', by: 'olga', reason: '' }),
    event('replied', { turn: 2, by: 'staff', text: 'Olga here.' }),
  ];
  for (const one of story) api.send(one);
  const output = await chat.says('Olga here.');
  const lines = output.slice(output.indexOf('you said refund')).split('\n').slice(1, -1);
  assert.match(lines.splice(0, 1)[0] ?? '', /^ {2}waits {7}refund order 1042 waits for finance until .* \(in 1 h\)$/);
  const timeless = lines.map((line) => line.replace(/until .* \(in/, 'until (in'));
  assert.deepEqual(timeless, [
    '              npx countersign approve c-1:1:0.0.0',
    '  decision    approved: refund order 1042',
    '  unknown     refund order 1042: the connection<U+001B>[8m broke',
    '  denied      pay it all: too much',
    '  expired     an old one: nobody decided in time',
    '  asked       refund order 1042: did it happen? olga can answer until (in 1 h)',
    `              npx countersign happened ${question.approvalId}`,
    `              npx countersign did-not-happen ${question.approvalId}`,
    '  phase       handed over by olga',
    'staff         Olga here.',
  ]);
  chat.process.stdin?.end();
  assert.equal((await chat.ended).code, 0);
});

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  test(`${signal} ends the chat in good order, and says how to go on`, async (t) => {
    const api = await aParrot(t);
    const chat = countersign(t, ['chat'], at(api.url));
    chat.process.stdin?.write('hello\n');
    await chat.says('you said hello');
    chat.process.kill(signal);
    const { code, output } = await chat.ended;
    assert.equal(code, 0, output);
    assert.match(output, /Go on with: npx countersign chat --conversation c-1\n$/);
  });
}

test('a conversation that goes on shows the end of its past first', async (t) => {
  const past = Array.from({ length: 30 }, (_, turn) => replied(turn + 1, `reply ${turn + 1}`));
  const api = await aParrot(t, past);
  const chat = countersign(t, ['chat', '--conversation', 'c-1'], at(api.url));
  const output = await chat.says('reply 30');
  assert.equal(output.match(/reply \d+/g)?.length, 20);
  assert.match(
    output,
    /earlier +10 earlier lines are not shown; GET \/v1\/conversations\/c-1\/events has them all\n.*reply 11\n/,
  );
  chat.process.stdin?.end('more\n');
  const { output: whole } = await chat.ended;
  assert.match(whole, /reply 30\nAda {11}more\nsupport-desk {2}you said more\nGo on with/);
});

test('a conversation that ends, ends the chat', async (t) => {
  const api = await aParrot(t);
  const chat = countersign(t, ['chat'], at(api.url));
  chat.process.stdin?.write('hello\n');
  await chat.says('you said hello');
  api.send(event('phase', { phase: 'closed', by: 'olga', reason: 'done' }));
  const { code, output } = await chat.ended;
  assert.equal(code, 0);
  assert.match(output, / {2}phase {7}closed by olga \(done\)\n$/);
});

test('a line that is refused does not end the input of a script, and is its failure', async (t) => {
  const refusal = aProblem('inbox_full', 429, 'Too many messages wait.');
  let refusals = 1;
  const api = await anApi(t, {
    'POST /v1/conversations': () => ({ status: 201, body: aConversation() }),
    'GET /v1/conversations/c-1/events': (_asked, response) => void streamTo(response, [replied(1, 'hello')]),
    'POST /v1/conversations/c-1/messages': () => (refusals-- > 0 ? refusal : { body: aMessage('hello') }),
  });
  const chat = countersign(t, ['chat'], at(api.url));
  chat.process.stdin?.end('one\ntwo\n');
  const { code, output } = await chat.ended;
  assert.equal(code, 1);
  assert.match(output, /not sent {4}Too many messages wait\./);
  assert.equal(api.of('POST /v1/conversations/c-1/messages').length, 2);
});

test('an unknown agent or conversation is one sentence', async (t) => {
  const names = 'There is no agent "x"; choose one of: on-call, support-desk.';
  const api = await anApi(t, { 'POST /v1/conversations': () => aProblem('unknown_agent', 400, names) });
  const agent = await run(t, ['chat', '--agent', 'x', '--message', 'hi'], at(api.url));
  assert.deepEqual([agent.code, agent.output], [1, `${names}\n`]);
  const conversation = await run(t, ['chat', '--conversation', '../c'], at(api.url));
  assert.deepEqual([conversation.code, conversation.output], [1, 'There is no GET /v1/conversations/../c.\n']);
});
