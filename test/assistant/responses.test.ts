// What only the Responses API has: nothing is kept at the provider, and reasoning travels with us.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createResponsesModel } from '../../activities/assistant/models/responses.ts';
import { aRequest, calls, NOW_MS, rawProvider, result, says, stream } from './support.ts';

const open = () => new AbortController().signal;
const port = (baseUrl: string) => createResponsesModel({ apiKey: 'k', baseUrl }, () => NOW_MS);

const reasoning = (id: string) => ({ type: 'reasoning', id, summary: [], encrypted_content: `sealed ${id}` });
const call = (call_id: string) => ({
  type: 'function_call',
  id: `fc_${call_id}`,
  call_id,
  name: 'lookup',
  arguments: '{}',
});
const message = (text: string) => ({
  type: 'message',
  role: 'assistant',
  phase: 'commentary',
  content: [{ type: 'output_text', text }],
});
const OUTPUT = [reasoning('r1'), message('I look'), call('a'), reasoning('r2'), call('b')];
const completed = (output: readonly object[]) => ({
  type: 'response.completed',
  response: { object: 'response', status: 'completed', output },
});

async function exchange(t: Parameters<typeof rawProvider>[0], events: readonly object[]) {
  const sent: { input: { type?: string; id?: string; call_id?: string; content?: string; phase?: string }[] }[] = [];
  const baseUrl = await rawProvider(t, (_request, response, body) => {
    sent.push(JSON.parse(body));
    stream(response, events);
  });
  return { sent, port: port(baseUrl) };
}

test('reasoning items go back in their place, to the model that made them and to no other', async (t) => {
  const { sent, port: model } = await exchange(t, [completed(OUTPUT)]);
  const { text, opaque } = await model.complete(aRequest(), open());
  assert.equal(text, 'I look');
  const transcript = [says('hi'), { ...calls('a', 'b'), text, opaque }, result('a'), result('b')];
  await model.complete(aRequest({ transcript }), open());
  await model.complete(aRequest({ transcript, model: 'gpt-5-nano' }), open());
  const shape = sent.map(({ input }) => input.map((item) => item.call_id ?? item.id ?? item.content));
  assert.deepEqual(shape[1], ['hi', 'r1', 'I look', 'a', 'r2', 'b', 'a', 'b']);
  assert.deepEqual(shape[2], ['hi', 'I look', 'a', 'b', 'a', 'b']);
  assert.deepEqual(sent[1]?.input[1], reasoning('r1'));
  assert.equal(sent[1]?.input[2]?.phase, 'commentary');
});

test('a server that lists its items only as they come is understood', async (t) => {
  const events = OUTPUT.map((item) => ({ type: 'response.output_item.done', item }));
  const { port: model } = await exchange(t, [...events, completed([])]);
  const answer = await model.complete(aRequest(), open());
  assert.deepEqual(
    answer.calls.map((one) => one.callId),
    ['a', 'b'],
  );
});

test('an in-progress response without its end is no answer', async (t) => {
  const { port: model } = await exchange(t, [{ type: 'response.in_progress', response: { status: 'in_progress' } }]);
  await assert.rejects(model.complete(aRequest(), open()), { type: 'ModelUnavailable' });
});

test('nothing is stored at the provider, and encrypted reasoning is asked of models that reason only', async (t) => {
  const { sent, port: model } = await exchange(t, [completed([message('ok')])]);
  await model.complete(aRequest(), open());
  await model.complete(aRequest({ model: 'gpt-4.1-mini' }), open());
  const asked = sent as unknown as { store: boolean; include?: string[]; previous_response_id?: string }[];
  assert.deepEqual(
    asked.map((one) => [one.store, one.include, one.previous_response_id]),
    [
      [false, ['reasoning.encrypted_content'], undefined],
      [false, undefined, undefined],
    ],
  );
});

test('reasoning that the provider neither stored nor encrypted is not given back', async (t) => {
  const { port: model } = await exchange(t, [completed([{ type: 'reasoning', id: 'r1', summary: [] }, call('a')])]);
  assert.equal((await model.complete(aRequest(), open())).opaque, '');
});
