// What both protocols promise alike, against a provider over HTTP.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { ApplicationFailure } from '@temporalio/common';
import { createChatModel } from '../../activities/assistant/models/chat-completions.ts';
import { createResponsesModel } from '../../activities/assistant/models/responses.ts';
import type { ModelPort, ModelRequest } from '../../domain/model.ts';
import { aRequest, calls, json, NOW_MS, provider, rawProvider, result, says, stream } from './support.ts';

const MODEL = aRequest().model;
const KEY = 'sk-secret-0123456789';
const open = () => new AbortController().signal;

const PROTOCOLS = {
  chat: {
    create: createChatModel,
    whole: (content: string) => ({
      object: 'chat.completion',
      model: 'm',
      choices: [{ index: 0, finish_reason: 'stop', message: { role: 'assistant', content } }],
      usage: { prompt_tokens: 3, completion_tokens: 2 },
    }),
    refusal: [
      { choices: [{ delta: { refusal: 'I ' } }] },
      { choices: [{ delta: { refusal: 'will not' }, finish_reason: 'stop' }] },
    ],
    cut: [
      {
        choices: [
          {
            delta: {
              content: 'half',
              tool_calls: [{ index: 0, id: 'a', function: { name: 'lookup', arguments: '{"or' } }],
            },
          },
        ],
      },
      { choices: [{ delta: {}, finish_reason: 'length' }] },
    ],
    begun: { choices: [{ delta: { content: 'wor' } }] },
    failed: { error: { code: 'server_error', message: `about ${KEY}` } },
  },
  responses: {
    create: createResponsesModel,
    whole: (text: string) => ({
      object: 'response',
      model: 'm',
      status: 'completed',
      output: [{ type: 'message', role: 'assistant', content: [{ type: 'output_text', text }] }],
      usage: { input_tokens: 3, output_tokens: 2 },
    }),
    refusal: [ended('completed', [{ type: 'message', content: [{ type: 'refusal', refusal: 'I will not' }] }])],
    cut: [
      ended('incomplete', [
        { type: 'message', content: [{ type: 'output_text', text: 'half' }] },
        { type: 'function_call', call_id: 'a', name: 'lookup', arguments: '{"or' },
      ]),
    ],
    begun: { type: 'response.output_text.delta', delta: 'wor' },
    failed: {
      type: 'response.failed',
      response: { object: 'response', status: 'failed', error: { code: 'server_error', message: `about ${KEY}` } },
    },
  },
} as const;

function ended(status: 'completed' | 'incomplete', output: readonly object[]) {
  return {
    type: `response.${status}`,
    response: { status, output, incomplete_details: { reason: 'max_output_tokens' } },
  };
}

async function failing(
  port: ModelPort,
  request: ModelRequest = aRequest(),
  signal = open(),
): Promise<ApplicationFailure> {
  const thrown: unknown = await port.complete(request, signal).then(
    (answer) => assert.fail(`answered ${JSON.stringify(answer)}`),
    (error: unknown) => error,
  );
  assert.ok(thrown instanceof ApplicationFailure, String(thrown));
  assert.ok(!`${thrown.message}${JSON.stringify(thrown.details)}${String(thrown.cause)}`.includes(KEY));
  return thrown;
}

for (const [name, protocol] of Object.entries(PROTOCOLS)) {
  const at = (baseUrl: string): ModelPort => protocol.create({ apiKey: KEY, baseUrl }, () => NOW_MS);

  test(`${name}: words come back whole, with what they cost`, async (t) => {
    const { mock, baseUrl } = await provider(t);
    mock.onMessage('hello', {
      content: 'Hello there, Ada',
      model: 'm-1',
      usage: { prompt_tokens: 11, completion_tokens: 4 },
    });
    const answer = await at(baseUrl).complete(aRequest(), open());
    const { text, calls: made, finish, model, promptTokens, completionTokens } = answer;
    assert.deepEqual(
      { text, made, finish, model },
      { text: 'Hello there, Ada', made: [], finish: 'stop', model: 'm-1' },
    );
    // The chat stream of this fake carries no usage unless it is asked for in the stream options.
    assert.deepEqual([promptTokens, completionTokens], [11, 4]);
  });

  test(`${name}: several calls come back in order, unknown tools and unparseable arguments as they are`, async (t) => {
    const { mock, baseUrl } = await provider(t);
    const toolCalls = [
      { id: 'a', name: 'lookup', arguments: '{"order":1042}' },
      { id: 'b', name: 'no_such_tool', arguments: '{"order": oops' },
    ];
    mock.onMessage('hello', { toolCalls });
    const answer = await at(baseUrl).complete(aRequest(), open());
    assert.equal(answer.finish, 'calls');
    assert.deepEqual(
      answer.calls,
      toolCalls.map(({ id, name: tool, arguments: argumentsText }) => ({ callId: id, tool, argumentsText })),
    );
  });

  test(`${name}: two calls with one id stay two, for the caller to refuse`, async (t) => {
    const { mock, baseUrl } = await provider(t);
    mock.onMessage('hello', {
      toolCalls: [
        { id: 'a', name: 'lookup', arguments: '{}' },
        { id: 'a', name: 'lookup', arguments: '{}' },
      ],
    });
    const answer = await at(baseUrl).complete(aRequest(), open());
    assert.deepEqual(
      answer.calls.map((call) => call.callId),
      ['a', 'a'],
    );
  });

  test(`${name}: the request carries the transcript with its calls and results, the tools and the limit`, async (t) => {
    const { mock, baseUrl } = await provider(t);
    mock.onToolResult('a', { content: 'It is shipped' });
    const transcript = [says('where is 1042?'), calls('a'), result('a', 'shipped')];
    const answer = await at(baseUrl).complete(aRequest({ transcript, toolChoice: 'none' }), open());
    assert.equal(answer.text, 'It is shipped');
    const sent = JSON.stringify(mock.getLastRequest()?.body);
    assert.match(sent, /"tool_choice":"none"/);
    assert.match(sent, /"max_(tokens|completion_tokens|output_tokens)":100/);
  });

  test(`${name}: a call of the past that no server would take goes back in a form that all take`, async (t) => {
    let sent = '';
    const baseUrl = await rawProvider(t, (_request, response, body) => {
      sent = body;
      json(response, 200, protocol.whole('ok'));
    });
    const made = [
      { callId: 'a', tool: 'shop.lookup', argumentsText: '{"order": oops' },
      { callId: 'b', tool: 'lookup', argumentsText: '{"order":7}' },
    ];
    const transcript = [says('hi'), { ...calls(), calls: made }, result('a'), result('b')];
    await at(baseUrl).complete(aRequest({ transcript }), open());
    const given = [...sent.matchAll(/"name":"(\w+)","arguments":"(.*?[^\\])"/g)].map((one) => one.slice(1));
    assert.deepEqual(given, [
      ['shop_lookup', '{}'],
      ['lookup', '{\\"order\\":7}'],
    ]);
  });

  test(`${name}: 429 is ModelRateLimited, after the time that the provider asks for`, async (t) => {
    const { mock, baseUrl } = await provider(t);
    mock.onMessage('hello', {
      error: { message: `slow down ${KEY}`, type: 'rate_limit_error' },
      status: 429,
      retryAfter: 7,
    });
    const failure = await failing(at(baseUrl));
    assert.deepEqual([failure.type, failure.nonRetryable, failure.nextRetryDelay], ['ModelRateLimited', false, 7_000]);
    assert.equal(mock.getRequests().length, 1, 'the client itself tries once');
  });

  test(`${name}: no quota is final`, async (t) => {
    const { mock, baseUrl } = await provider(t);
    mock.onMessage('hello', { error: { message: 'pay', code: 'insufficient_quota' }, status: 429 });
    const failure = await failing(at(baseUrl));
    assert.deepEqual([failure.type, failure.nonRetryable], ['ModelRejectedRequest', true]);
  });

  test(`${name}: a wrong key is final and named as such`, async (t) => {
    const baseUrl = await rawProvider(t, (_request, response) => {
      json(response, 401, { error: { message: `Incorrect API key provided: ${KEY}` } });
    });
    const failure = await failing(at(baseUrl));
    assert.deepEqual([failure.type, failure.nonRetryable], ['ModelRejectedRequest', true]);
    assert.match(failure.message, /check OPENAI_API_KEY/);
  });

  test(`${name}: 500 is ModelUnavailable`, async (t) => {
    const { mock, baseUrl } = await provider(t);
    mock.onMessage('hello', { error: { message: 'oops' }, status: 500 });
    assert.equal((await failing(at(baseUrl))).type, 'ModelUnavailable');
    assert.equal(mock.getRequests().length, 1, 'the client itself tries once');
  });

  test(`${name}: a server that is not there is ModelUnavailable`, async () => {
    assert.equal((await failing(at('http://127.0.0.1:9/v1'))).type, 'ModelUnavailable');
  });

  test(`${name}: a stream reset in the middle is ModelUnavailable`, async (t) => {
    const { mock, baseUrl } = await provider(t);
    const toolCalls = [{ id: 'a', name: 'lookup', arguments: '{"order":1042,"note":"a long one"}' }];
    mock.addFixture({ match: { userMessage: 'hello' }, response: { toolCalls }, truncateAfterChunks: 5 });
    assert.equal((await failing(at(baseUrl))).type, 'ModelUnavailable');
  });

  test(`${name}: a stream that ends without its end is ModelUnavailable`, async (t) => {
    const baseUrl = await rawProvider(t, (_request, response) => stream(response, [protocol.begun]));
    const failure = await failing(at(baseUrl));
    assert.deepEqual(
      [failure.type, failure.message],
      ['ModelUnavailable', `${MODEL}: the answer ended without its end`],
    );
  });

  test(`${name}: a failure told inside the stream is a failure`, async (t) => {
    const baseUrl = await rawProvider(t, (_request, response) => stream(response, [protocol.begun, protocol.failed]));
    assert.equal((await failing(at(baseUrl))).type, 'ModelUnavailable');
  });

  test(`${name}: an empty answer comes back empty, for the caller to refuse`, async (t) => {
    const { mock, baseUrl } = await provider(t);
    mock.onMessage('hello', { content: '' });
    const { text, calls: made, finish } = await at(baseUrl).complete(aRequest(), open());
    assert.deepEqual([text, made, finish], ['', [], 'stop']);
  });

  test(`${name}: a refusal is told apart from an answer`, async (t) => {
    const baseUrl = await rawProvider(t, (_request, response) => stream(response, protocol.refusal));
    const { text, finish, requestId } = await at(baseUrl).complete(aRequest(), open());
    assert.deepEqual([text, finish, requestId], ['I will not', 'refused', 'req_1']);
  });

  test(`${name}: an answer at the output limit is cut, whatever it was about to call`, async (t) => {
    const baseUrl = await rawProvider(t, (_request, response) => stream(response, protocol.cut));
    const { text, finish } = await at(baseUrl).complete(aRequest(), open());
    assert.deepEqual([text, finish], ['half', 'cut']);
  });

  test(`${name}: a server that answers in one body although asked to stream is understood`, async (t) => {
    const baseUrl = await rawProvider(t, (_request, response) => json(response, 200, protocol.whole('Hello')));
    const { text, finish, promptTokens, completionTokens } = await at(baseUrl).complete(aRequest(), open());
    assert.deepEqual([text, finish, promptTokens, completionTokens], ['Hello', 'stop', 3, 2]);
  });

  test(`${name}: an error inside a 200 is a failure`, async (t) => {
    const baseUrl = await rawProvider(t, (_request, response) =>
      json(response, 200, { error: { code: 429, message: KEY } }),
    );
    assert.equal((await failing(at(baseUrl))).type, 'ModelRateLimited');
  });

  test(`${name}: a body that is no JSON, no object or a web page is ModelAnswerUnusable`, async (t) => {
    const bodies = [
      ['application/json', '{"a":'],
      ['application/json', '[]'],
      ['text/html', '<p>hi'],
      ['text/event-stream', 'data: {oops\n\n'],
    ];
    for (const [type = '', body] of bodies) {
      const baseUrl = await rawProvider(t, (_request, response) =>
        response.writeHead(200, { 'content-type': type }).end(body),
      );
      assert.equal((await failing(at(baseUrl))).type, 'ModelAnswerUnusable', body);
    }
  });

  test(`${name}: a silent server is ModelUnavailable once its time is over`, async (t) => {
    const baseUrl = await rawProvider(t, (_request, response) => stream(response, [protocol.begun], false));
    const failure = await failing(at(baseUrl), aRequest(), AbortSignal.timeout(50));
    assert.deepEqual(
      [failure.type, failure.message],
      ['ModelUnavailable', `${MODEL}: no whole answer within its time`],
    );
  });

  test(`${name}: an aborted call closes the connection`, async (t) => {
    const stop = new AbortController();
    const closed = new Promise<void>((resolve) => {
      void rawProvider(t, (_request, response) => {
        stream(response, [protocol.begun], false);
        void once(response, 'close').then(() => resolve());
        stop.abort(ApplicationFailure.nonRetryable('stopped'));
      }).then((baseUrl) => failing(at(baseUrl), aRequest(), stop.signal));
    });
    await closed;
  });
}
