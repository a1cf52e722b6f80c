import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createModelRouter, keepingKey, type ModelConfig } from '../../activities/assistant/models/router.ts';
import { DEFAULT_MODELS } from '../../domain/prices.ts';
import { modelFailure } from '../../activities/assistant/failures.ts';
import type { ModelAnswer, ModelRequest } from '../../domain/model.ts';
import { anAgent } from './support.ts';

const config = (more: Partial<ModelConfig>): ModelConfig => ({
  apiKey: '',
  baseUrl: '',
  protocol: '',
  models: [],
  ...more,
});
const routes = (more: Partial<ModelConfig>, models: string[] = []) =>
  createModelRouter(config(more), () => 0)
    .routes(anAgent({ models }))
    .map(({ model, port }) => [model, port.name]);

const LOCAL = 'http://127.0.0.1:8080/v1';

test('without key and base URL the scripted demo model speaks, whatever model the agent names', () => {
  assert.deepEqual(routes({}, ['gpt-5']), [['scripted-demo', 'scripted']]);
  assert.equal(createModelRouter(config({}), () => 0).scripted, true);
});

test('OpenAI itself speaks Responses, any other server Chat Completions, unless configured otherwise', () => {
  assert.deepEqual(
    routes({ apiKey: 'k' }),
    DEFAULT_MODELS.map((model) => [model, 'responses']),
  );
  assert.deepEqual(routes({ apiKey: 'k', baseUrl: 'https://eu.api.openai.com/v1', models: ['a'] }), [
    ['a', 'responses'],
  ]);
  assert.deepEqual(routes({ baseUrl: LOCAL, models: ['a', 'b'] }), [
    ['a', 'chat-completions'],
    ['b', 'chat-completions'],
  ]);
  assert.deepEqual(routes({ baseUrl: 'https://api.openai.com.evil.example', models: ['a'] }), [
    ['a', 'chat-completions'],
  ]);
  assert.deepEqual(routes({ baseUrl: LOCAL, models: ['a'], protocol: 'responses' }), [['a', 'responses']]);
  assert.deepEqual(routes({ apiKey: 'k', protocol: 'chat', models: ['a'] }), [['a', 'chat-completions']]);
});

test("an agent's own models go before the configured ones", () => {
  assert.deepEqual(routes({ baseUrl: LOCAL, models: ['a'] }, ['x', 'y']), [
    ['x', 'chat-completions'],
    ['y', 'chat-completions'],
  ]);
});

test('a configuration that cannot work stops the start with a sentence', () => {
  assert.throws(
    () => routes({ baseUrl: LOCAL }),
    /no name is known for http:\/\/127\.0\.0\.1:8080\/v1; set OPENAI_MODEL/,
  );
  assert.throws(() => routes({ baseUrl: 'localhost:8080', apiKey: 'k' }), /must be an http\(s\) URL such as/);
  assert.throws(() => routes({ baseUrl: 'https://api.openai.com/v1' }), /set OPENAI_API_KEY/);
});

test('the description of the router holds no key', () => {
  const router = createModelRouter(
    config({ apiKey: 'sk-secret', baseUrl: 'http://user:pw@127.0.0.1:1/v1', models: ['a'] }),
    () => 0,
  );
  assert.equal(router.description, 'chat-completions at 127.0.0.1:1: a');
});

const KEY = 'sk-0123456789abcdefghij';
const asked: ModelRequest = {
  model: 'm',
  instructions: '',
  transcript: [],
  tools: [],
  toolChoice: 'auto',
  maxOutputTokens: 1,
};
const unaborted = new AbortController().signal;

test('a provider that says its key again is heard without it', async () => {
  const answer = (word: string): ModelAnswer => ({
    text: `your key is ${word}`,
    calls: [{ callId: word, tool: word, argumentsText: `{"key":"${word}"}` }],
    opaque: word,
    finish: 'calls',
    model: word,
    requestId: word,
    promptTokens: 1,
    completionTokens: 1,
  });
  const port = keepingKey({ name: 'p', complete: async () => answer(KEY) }, KEY);
  assert.deepEqual(await port.complete(asked, unaborted), answer('[secret]'));
});

test('a code or a request id that is the key is no part of a failure, which else stays what it was', async () => {
  const failing = (word: string) =>
    modelFailure('ModelRateLimited', 'm', `HTTP 429 (${word})`, { code: word, requestId: word, delayMs: 5 });
  const port = keepingKey({ name: 'p', complete: () => Promise.reject(failing(KEY)) }, KEY);
  const { type, message, details, nonRetryable, nextRetryDelay, category } = failing('[secret]');
  const expected = { type, message, details, nonRetryable, nextRetryDelay, category };
  await assert.rejects(port.complete(asked, unaborted), expected);
});
