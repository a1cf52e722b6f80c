// A model call while the store is away.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CancelledFailure } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { createCallModel } from '../../activities/assistant/call-model.ts';
import { patiently } from '../../activities/assistant/patience.ts';
import type { CallModelResult } from '../../domain/model.ts';
import { StoreUnavailable } from '../../store/unavailable.ts';
import { countTokens } from '../support/count-tokens.ts';
import { anAgent, memoryItems, NOW_MS, noFacts, says } from './support.ts';

const away = new StoreUnavailable('the database is not available now');

/** A model call in a conversation of one message; `asked` counts what the model was asked. */
function aCall() {
  const memory = memoryItems(says('hi'));
  const asked: string[] = [];
  const answer = { text: 'hello', calls: [], opaque: '', finish: 'stop', model: 'm', requestId: '' } as const;
  const complete = async () => {
    asked.push('m');
    return { ...answer, promptTokens: 1, completionTokens: 1 };
  };
  const callModel = createCallModel({
    store: { items: memory.port, facts: noFacts, record: memory.record },
    agents: new Map([['desk', anAgent()]]),
    models: { routes: () => [{ model: 'm', port: { name: 'told', complete } }] },
    countTokens,
    nowMs: () => NOW_MS,
  });
  const of = { conversationId: 'c1', agent: 'desk', turn: 1, call: 0, show: memory.ids, toolChoice: 'auto' } as const;
  const environment = new MockActivityEnvironment({});
  return { ...memory, asked, environment, run: (): Promise<CallModelResult> => environment.run(callModel, of) };
}

/** The same, but that its first call finds the store away. */
function awayAtFirst<Args extends unknown[], T>(work: (...args: Args) => Promise<T>) {
  let calls = 0;
  return async (...args: Args): Promise<T> => {
    calls += 1;
    if (calls === 1) throw away;
    return work(...args);
  };
}

test('a store that is away costs neither an attempt nor a second model call', async () => {
  const call = aCall();
  const { byKey, append } = call.port;
  Object.assign(call.port, { byKey: awayAtFirst(byKey), append: awayAtFirst(append) });
  const answer = await call.run();
  assert.deepEqual([answer.kind, call.asked.length, call.items.length], ['reply', 1, 2]);
});

test('whoever waits for the store hears at once that nobody wants the answer any more', async () => {
  const call = aCall();
  call.port.byKey = async () => {
    call.environment.cancel();
    throw away;
  };
  await assert.rejects(call.run(), CancelledFailure);
  assert.equal(call.asked.length, 0);
});

test('the wait for the store is bounded, and no other error is waited for', async () => {
  const never = new AbortController().signal;
  let calls = 0;
  const fail = (error: Error) => async () => {
    calls += 1;
    throw error;
  };
  await assert.rejects(patiently(fail(away), performance.now(), never), away);
  await assert.rejects(patiently(fail(new TypeError('a bug')), Infinity, never), TypeError);
  assert.equal(calls, 2);
});
