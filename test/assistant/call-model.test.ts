import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { MAX_ARGUMENTS_CHARS, MAX_REPLY_CHARS } from '../../activities/assistant/answer.ts';
import { createModelRouter } from '../../activities/assistant/models/router.ts';
import type { ModelAnswer } from '../../domain/model.ts';
import { itemDigest, markOf } from '../../trust/digest.ts';
import { type Answering, ANSWER, aCall, aDesk, anEnvironment, wants } from './desk.ts';
import { countTokens } from '../support/count-tokens.ts';
import { anAgent, calls, NOW_MS, provider, rawProvider, result, says, stream } from './support.ts';

const written = (desk: ReturnType<typeof aDesk>) => desk.items.at(-1)?.body;

test('an answer becomes a reply item with its entries, and the Workflow gets a reference only', async () => {
  const desk = aDesk({ m1: () => ANSWER });
  const answer = await desk.run();
  assert.deepEqual(answer, { kind: 'reply', item: { id: 'i2', kind: 'reply' }, promptTokens: 11, completionTokens: 4 });
  assert.deepEqual(written(desk), { kind: 'reply', text: 'hello', by: 'model' });
  const of = { subject: 'c1', conversationId: 'c1', atMs: NOW_MS };
  const pinned = countTokens('Be brief.') + countTokens(JSON.stringify(desk.asked[0]?.tools));
  const countedTokens = pinned + countTokens('hi') + 8; // around each item
  const called = {
    turn: 1,
    model: 'm1-2026',
    requestId: 'req_1',
    shown: [markOf(desk.items[0]!)],
    within: { maxTokens: 32_000, countedTokens, reduced: [], leftOut: [] },
    itemId: 'i2',
    itemDigest: itemDigest(desk.items[1]!),
    promptTokens: 11,
    completionTokens: 4,
    cost: null,
  };
  assert.deepEqual(desk.entries, [
    { ...of, step: 'model:1:0', fact: { kind: 'model_call', ...called } },
    {
      ...of,
      step: 'replied:1',
      fact: { kind: 'replied', turn: 1, itemId: 'i2', itemDigest: called.itemDigest, by: 'model' },
    },
  ]);
});

test('calls become one item with the arguments as the model wrote them, and no reply is on record', async () => {
  const made = [aCall('a', '{"order": oops'), { ...aCall('b'), tool: 'no_such_tool' }];
  const desk = aDesk({ m1: () => ({ ...wants(...made), opaque: 'sealed' }) });
  const answer = await desk.run();
  assert.deepEqual([answer.kind, 'count' in answer && answer.count], ['calls', 2]);
  assert.deepEqual(written(desk), { kind: 'calls', text: '', calls: made, opaque: 'sealed' });
  assert.deepEqual(
    desk.entries.map((entry) => entry.step),
    ['model:1:0'],
  );
});

test('a repeat after a lost acknowledgement costs no second model call', async () => {
  const desk = aDesk({ m1: () => wants(aCall('a')) });
  const first = await desk.run();
  const again = await desk.run();
  assert.deepEqual(again, { ...first, promptTokens: 0, completionTokens: 0 });
  assert.deepEqual([desk.asked.length, desk.items.length, desk.entries.length], [1, 2, 1]);
  await desk.run({ call: 1 });
  assert.equal(desk.asked.length, 2);
});

test('of two attempts at once the answer that was kept first stands for both', async () => {
  const answers = [ANSWER, wants(aCall('a'))];
  const desk = aDesk({ m1: async () => answers.shift() ?? ANSWER });
  const [one, two] = await Promise.all([desk.run(), desk.run()]);
  assert.deepEqual([one.item, one.kind], [two.item, two.kind]);
  assert.equal(desk.items.length, 2);
});

test('the model sees the instructions, the items that were named and the schema of the tools', async () => {
  const desk = aDesk({ m1: () => ANSWER });
  await desk.port.append([{ key: 'k', conversationId: 'c1', turn: 1, trust: 'model', body: calls('a') }]);
  await desk.run({ show: ['i1', 'i2', 'gone'], toolChoice: 'none' });
  const [request] = desk.asked;
  assert.deepEqual(request?.transcript, [says('hi')], 'a call without its result is not shown');
  assert.deepEqual([request?.instructions, request?.toolChoice, request?.maxOutputTokens], ['Be brief.', 'none', 4096]);
  const parameters = request?.tools[0]?.parameters ?? {};
  assert.deepEqual([parameters['type'], parameters['required'], '$schema' in parameters], ['object', ['order'], false]);
  const fact = desk.entries[0]?.fact;
  assert.deepEqual(fact?.kind === 'model_call' && fact.shown, [markOf(desk.items[0]!)]);
});

test('what no one can use is ModelAnswerUnusable and is not kept', async () => {
  const many = Array.from({ length: 17 }, (_, at) => aCall(`c${at}`));
  const table: Record<string, ModelAnswer> = {
    'an empty answer': { ...ANSWER, text: ' \n' },
    'two calls with one id': wants(aCall('a'), aCall('a')),
    '17 calls at once, where 16 are the limit': wants(...many),
    'a call with too long arguments': wants(aCall('a', 'x'.repeat(MAX_ARGUMENTS_CHARS + 1))),
    'a call whose tool name is empty or too long': wants({ ...aCall('a'), tool: '' }),
    'a call whose id is empty or too long': wants(aCall('a'.repeat(4_097))),
  };
  for (const [what, answer] of Object.entries(table)) {
    const desk = aDesk({ m1: () => answer });
    await assert.rejects(desk.run(), { type: 'ModelAnswerUnusable', nonRetryable: false, message: `m1: ${what}` });
    assert.deepEqual([desk.items.length, desk.entries.map(({ fact }) => fact.kind)], [1, ['model_call_failed']], what);
  }
});

test('a refusal becomes a reply that says so', async () => {
  const desk = aDesk({ m1: () => ({ ...ANSWER, finish: 'refused', text: 'I will not' }) });
  await desk.run();
  assert.deepEqual(written(desk), { kind: 'reply', text: 'The model declined: I will not', by: 'model' });
});

test('a cut answer becomes a reply that says so, and its calls are never acted on', async () => {
  for (const text of ['half', '']) {
    const desk = aDesk({ m1: () => ({ ...wants(aCall('a')), finish: 'cut', text }) });
    assert.equal((await desk.run()).kind, 'reply');
    const notice = '[This answer was cut at the limit of 4096 tokens.]';
    assert.deepEqual(written(desk), { kind: 'reply', text: text ? `half\n\n${notice}` : notice, by: 'model' });
  }
});

test('a model that may only speak is never acted on', async () => {
  const desk = aDesk({ m1: () => ({ ...wants(aCall('a')), text: 'so be it' }) });
  assert.equal((await desk.run({ toolChoice: 'none' })).kind, 'reply');
  const silent = aDesk({ m1: () => wants(aCall('a')) });
  // It was reached, and is not asked again: its calls are kept for the record, and the turn ends with words of code.
  assert.equal((await silent.run({ toolChoice: 'none' })).kind, 'calls');
});

test('a text is bounded and storable before it is kept', async () => {
  const desk = aDesk({ m1: () => ({ ...ANSWER, text: `\0\ud800${'x'.repeat(MAX_REPLY_CHARS)}` }) });
  await desk.run();
  const body = written(desk);
  assert.ok(body?.kind === 'reply');
  assert.equal(body.text, `\uFFFD\uFFFD${'x'.repeat(MAX_REPLY_CHARS - 2)} […]`);
});

test('when a model fails or answers nothing usable the next one is asked, each once', async () => {
  const refused = ApplicationFailure.create({ type: 'ModelRejectedRequest', message: 'm1: no', nonRetryable: true });
  const desk = aDesk({
    m1: () => Promise.reject(refused),
    m2: () => ({ ...ANSWER, text: '' }),
    m3: () => ANSWER,
  });
  assert.equal((await desk.run()).kind, 'reply');
  assert.deepEqual(
    desk.asked.map((request) => request.model),
    ['m1', 'm2', 'm3'],
  );
});

test('when all models fail the attempt says of each why, and is retryable if one of them was', async () => {
  const refused = ApplicationFailure.create({ type: 'ModelRejectedRequest', message: 'm1: no', nonRetryable: true });
  const desk = aDesk({ m1: () => ({ ...ANSWER, text: '' }), m2: () => Promise.reject(refused) });
  await assert.rejects(desk.run(), {
    type: 'ModelAnswerUnusable',
    nonRetryable: false,
    message: 'm1: an empty answer · m1: no',
  });
});

test('a silent first model leaves its share of the time to the second', async () => {
  const silent: Answering = (_request, signal) =>
    new Promise((_resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason));
    });
  const desk = aDesk({ m1: silent, m2: () => ANSWER }, { attemptLimitMs: 60 });
  assert.equal((await desk.run()).kind, 'reply');
  const alone = aDesk({ m1: silent }, { attemptLimitMs: 30 });
  await assert.rejects(alone.run(), { type: 'ModelUnavailable', message: 'm1: no whole answer within its time' });
});

test('an agent or items that are not there are final failures', async () => {
  const desk = aDesk({ m1: () => ANSWER });
  await assert.rejects(desk.run({ agent: 'nobody' }), { type: 'AgentUnknown', nonRetryable: true });
  await assert.rejects(desk.run({ show: ['gone'] }), { type: 'ModelRejectedRequest', nonRetryable: true });
  assert.equal(desk.asked.length, 0);
});

test('a call’s start is its first beat, and it goes on beating while the model thinks', async () => {
  const environment = anEnvironment();
  let beats = 0;
  let atCall = 0;
  const desk = aDesk({
    m1: () =>
      new Promise((resolve) => {
        atCall = beats;
        environment.on('heartbeat', () => beats === 3 && resolve(ANSWER));
      }),
  });
  environment.prependListener('heartbeat', () => beats++);
  await desk.run({}, environment);
  assert.deepEqual([atCall, beats], [0, 3]);
});

// The time limit: a call that does not hear of it ends only when its own time is over.
test('a cancelled call stops the request, asks no other model and stays a cancellation', {
  timeout: 10_000,
}, async (t) => {
  const environment = anEnvironment();
  const closed = deferred();
  const baseUrl = await rawProvider(t, (_request, response) => {
    response.once('close', () => closed.resolve(undefined));
    stream(response, [{ choices: [{ delta: { content: 'wor' } }] }], false);
    environment.cancel();
  });
  const router = createModelRouter({ apiKey: '', baseUrl, protocol: '', models: ['a', 'b'] }, () => NOW_MS);
  const desk = aDesk({}, { models: router }, anAgent({ models: [] }));
  await assert.rejects(desk.run({}, environment), CancelledFailure);
  await closed.promise;
  assert.equal(desk.items.length, 1);
});

test('over HTTP a failing model is followed by the next one of the same server', async (t) => {
  const { mock, baseUrl } = await provider(t);
  mock.on({ model: 'a' }, { error: { message: 'slow down' }, status: 429, retryAfter: 3 });
  mock.on({ model: 'b' }, { content: 'here', usage: { prompt_tokens: 5, completion_tokens: 1 } });
  const router = createModelRouter({ apiKey: '', baseUrl, protocol: '', models: ['a', 'b'] }, () => NOW_MS);
  const desk = aDesk({}, { models: router }, anAgent({ models: [] }));
  assert.deepEqual(await desk.run(), {
    kind: 'reply',
    item: { id: 'i2', kind: 'reply' },
    promptTokens: 5,
    completionTokens: 1,
  });
  const alone = aDesk({}, { models: router }, anAgent({ models: ['a'] }));
  await assert.rejects(alone.run(), { type: 'ModelRateLimited', nextRetryDelay: 3_000 });
});

test('a whole exchange over HTTP ends with the reply to the result', async (t) => {
  for (const protocol of ['chat', 'responses'] as const) {
    const { mock, baseUrl } = await provider(t);
    mock.onToolResult('a', { content: 'It is shipped.' });
    mock.onMessage('hi', {
      toolCalls: [{ id: 'a', name: 'lookup', arguments: '{"order":1042}' }],
      reasoning: 'look it up',
    });
    const router = createModelRouter({ apiKey: '', baseUrl, protocol, models: ['gpt-5-mini'] }, () => NOW_MS);
    const desk = aDesk({}, { models: router }, anAgent({ models: [] }));
    const first = await desk.run();
    const told = { key: 'r', conversationId: 'c1', turn: 1, trust: 'record', body: result('a', 'shipped') } as const;
    const [resultItem] = await desk.port.append([told]);
    const second = await desk.run({ call: 1, show: ['i1', first.item.id, resultItem?.id ?? ''] });
    assert.deepEqual([first.kind, second.kind], ['calls', 'reply'], protocol);
    assert.deepEqual(written(desk), { kind: 'reply', text: 'It is shipped.', by: 'model' });
  }
});

function deferred() {
  let resolve: (value: unknown) => void = () => {};
  const promise = new Promise((done) => {
    resolve = done;
  });
  return { promise, resolve };
}
