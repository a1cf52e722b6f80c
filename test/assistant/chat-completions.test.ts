// What only Chat Completions has: servers that keep to the protocol more or less.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createChatModel } from '../../activities/assistant/models/chat-completions.ts';
import { aRequest, calls, NOW_MS, provider, rawProvider, result, says, stream } from './support.ts';

const open = () => new AbortController().signal;
const delta = (words: object, finish_reason: string | null = null) => ({ choices: [{ delta: words, finish_reason }] });
const port = (baseUrl: string) => createChatModel({ apiKey: '', baseUrl }, () => NOW_MS);

test('calls without an index are told apart by their ids', async (t) => {
  const baseUrl = await rawProvider(t, (_request, response) =>
    stream(response, [
      delta({ tool_calls: [{ id: 'a', function: { name: 'lookup', arguments: '{"order":1}' } }] }),
      delta({ tool_calls: [{ id: 'b', function: { name: 'lookup', arguments: '{"order":' } }] }),
      delta({ tool_calls: [{ function: { arguments: '2}' } }] }, 'stop'),
    ]),
  );
  const answer = await port(baseUrl).complete(aRequest(), open());
  assert.equal(answer.finish, 'calls');
  assert.deepEqual(
    answer.calls.map((call) => [call.callId, call.argumentsText]),
    [
      ['a', '{"order":1}'],
      ['b', '{"order":2}'],
    ],
  );
});

test('a call without an id gets one of its own', async (t) => {
  const piece = { id: '', function: { name: 'lookup', arguments: '{}' } };
  const baseUrl = await rawProvider(t, (_request, response) =>
    stream(response, [
      delta(
        {
          tool_calls: [
            { index: 0, ...piece },
            { index: 1, ...piece },
          ],
        },
        'tool_calls',
      ),
    ]),
  );
  const ids = (await port(baseUrl).complete(aRequest(), open())).calls.map((call) => call.callId);
  assert.equal(new Set(ids).size, 2);
  assert.ok(
    ids.every((id) => id.startsWith('call_')),
    ids.join(),
  );
});

test('words sent in parts are joined, thoughts among them left out', async (t) => {
  const content = [
    { type: 'thinking', thinking: [{ text: 'hm' }] },
    { type: 'text', text: 'Hello' },
  ];
  const baseUrl = await rawProvider(t, (_request, response) => stream(response, [delta({ content }, 'stop')]));
  assert.equal((await port(baseUrl).complete(aRequest(), open())).text, 'Hello');
});

test('what a server seals beside a call goes back to it with the call, and to no other model', async (t) => {
  const sent: string[] = [];
  const extra_content = { google: { thought_signature: 'seal' } };
  const baseUrl = await rawProvider(t, (_request, response, body) => {
    sent.push(body);
    const piece = { index: 0, id: 'a', function: { name: 'lookup', arguments: '{}' }, extra_content };
    stream(response, [delta({ reasoning_content: 'a thought' }), delta({ tool_calls: [piece] }, 'tool_calls')]);
  });
  const { opaque } = await port(baseUrl).complete(aRequest(), open());
  const transcript = [says('hi'), { ...calls('a'), opaque }, result('a')];
  await port(baseUrl).complete(aRequest({ transcript }), open());
  await port(baseUrl).complete(aRequest({ transcript, model: 'other' }), open());
  const told = sent.map((body) => [
    body.includes('"thought_signature":"seal"'),
    body.includes('"reasoning_content":"a thought"'),
  ]);
  assert.deepEqual(told, [
    [false, false],
    [true, true],
    [false, false],
  ]);
});

test('two messages in a row are sent as one, since many templates want user and assistant to take turns', async (t) => {
  const { mock, baseUrl } = await provider(t);
  mock.onMessage('one\n\ntwo', { content: 'both' });
  const answer = await port(baseUrl).complete(aRequest({ transcript: [says('one'), says('two')] }), open());
  assert.equal(answer.text, 'both');
});

test('an agent without tools sends none', async (t) => {
  const { mock, baseUrl } = await provider(t);
  mock.onMessage('hello', { content: 'hi' });
  await port(baseUrl).complete(aRequest({ tools: [] }), open());
  const body = mock.getLastRequest()?.body ?? {};
  assert.deepEqual(['tools' in body, 'tool_choice' in body], [false, false]);
});
