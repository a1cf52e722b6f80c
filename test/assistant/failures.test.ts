import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ApplicationFailureCategory, CancelledFailure } from '@temporalio/common';
import { APIConnectionError, APIError, APIUserAbortError } from 'openai';
import {
  failureOf,
  failureOfAll,
  MAX_RETRY_DELAY_MS,
  modelFailure,
  retryDelayMs,
} from '../../activities/assistant/failures.ts';
import { NOW_MS } from './support.ts';

const SECRET = 'sk-secret-0123456789';

function api(status: number | undefined, body: object = {}, headers: Record<string, string> = {}) {
  const error = APIError.generate(
    status,
    { error: { message: `no ${SECRET}`, ...body } },
    undefined,
    new Headers(headers),
  );
  return failureOf(status === undefined ? new APIError(undefined, body, SECRET, undefined) : error, 'm1', NOW_MS);
}
const typed = (failure: ReturnType<typeof failureOf>) =>
  'type' in failure ? [failure.type, failure.nonRetryable === true ? 'final' : 'retryable'] : [failure.name];

test('each answer of a provider has its one type, final or retryable', () => {
  const table: [number | undefined, object, Record<string, string>, string, string][] = [
    [429, {}, {}, 'ModelRateLimited', 'retryable'],
    [529, {}, {}, 'ModelRateLimited', 'retryable'],
    [429, { code: 'insufficient_quota' }, {}, 'ModelRejectedRequest', 'final'],
    [429, { type: 'insufficient_quota' }, {}, 'ModelRejectedRequest', 'final'],
    [408, {}, {}, 'ModelUnavailable', 'retryable'],
    [409, {}, {}, 'ModelUnavailable', 'retryable'],
    [500, {}, {}, 'ModelUnavailable', 'retryable'],
    [503, {}, {}, 'ModelUnavailable', 'retryable'],
    [503, { code: 'overloaded_error' }, {}, 'ModelRateLimited', 'retryable'],
    [400, {}, {}, 'ModelRejectedRequest', 'final'],
    [401, {}, {}, 'ModelRejectedRequest', 'final'],
    [402, {}, {}, 'ModelRejectedRequest', 'final'],
    [403, {}, {}, 'ModelRejectedRequest', 'final'],
    [404, {}, {}, 'ModelRejectedRequest', 'final'],
    [422, {}, {}, 'ModelRejectedRequest', 'final'],
    // The server's own word wins.
    [500, {}, { 'x-should-retry': 'false' }, 'ModelRejectedRequest', 'final'],
    [400, {}, { 'x-should-retry': 'true' }, 'ModelUnavailable', 'retryable'],
    [429, { code: 'insufficient_quota' }, { 'x-should-retry': 'true' }, 'ModelRateLimited', 'retryable'],
    // Errors inside a 200 or a stream.
    [undefined, { code: 'rate_limit_exceeded' }, {}, 'ModelRateLimited', 'retryable'],
    [undefined, { code: 'server_error' }, {}, 'ModelUnavailable', 'retryable'],
    [undefined, { code: 'context_length_exceeded' }, {}, 'ModelRejectedRequest', 'final'],
    [undefined, { code: 'invalid_prompt' }, {}, 'ModelRejectedRequest', 'final'],
    [undefined, { code: 502 }, {}, 'ModelUnavailable', 'retryable'],
    [undefined, { code: 401 }, {}, 'ModelRejectedRequest', 'final'],
  ];
  for (const [status, body, headers, ...expected] of table) {
    assert.deepEqual(typed(api(status, body, headers)), expected, JSON.stringify([status, body, headers]));
  }
});

test('what breaks on the way is retryable, known or not', () => {
  const lost = [
    new TypeError('terminated'),
    new APIConnectionError({ message: SECRET }),
    new APIUserAbortError(),
    new Error(SECRET),
    new DOMException('slow', 'TimeoutError'),
    'a text',
  ];
  for (const error of lost) assert.deepEqual(typed(failureOf(error, 'm1', NOW_MS)), ['ModelUnavailable', 'retryable']);
  assert.deepEqual(typed(failureOf(new SyntaxError(SECRET), 'm1', NOW_MS)), ['ModelAnswerUnusable', 'retryable']);
});

test('a cancellation stays a cancellation', () => {
  const cancelled = new CancelledFailure('stop');
  assert.equal(failureOf(cancelled, 'm1', NOW_MS), cancelled);
});

test('no failure quotes what the provider or the client said', () => {
  const failures = [
    api(401),
    api(undefined, { message: SECRET, code: `x ${SECRET}` }),
    failureOf(new Error(SECRET), 'm1', NOW_MS),
  ];
  for (const failure of failures) {
    const told = JSON.stringify([failure.message, failure, 'details' in failure ? failure.details : [], failure.cause]);
    assert.ok(!told.includes(SECRET), told);
  }
});

test('a failure says what to do where a person must', () => {
  assert.match(api(401).message, /check OPENAI_API_KEY/);
  assert.match(api(404).message, /check the model name and OPENAI_BASE_URL/);
  assert.match(api(429, { code: 'insufficient_quota' }).message, /check its billing/);
});

test('an expected failure is benign, a refused request is not', () => {
  const category = (failure: ReturnType<typeof failureOf>) => ('category' in failure ? failure.category : undefined);
  assert.equal(category(api(429)), ApplicationFailureCategory.BENIGN);
  assert.notEqual(category(api(401)), ApplicationFailureCategory.BENIGN);
});

test('the next try waits as long as the provider asks; where that is longer than a turn, there is none', () => {
  const delay = (headers: Record<string, string>) => retryDelayMs(new Headers(headers), NOW_MS);
  assert.equal(delay({ 'retry-after-ms': '250.2' }), 251);
  assert.equal(delay({ 'retry-after-ms': '250', 'retry-after': '9' }), 250);
  assert.equal(delay({ 'retry-after': '7' }), 7_000);
  assert.equal(delay({ 'retry-after': 'Sun, 22 Nov 2026 12:00:12 GMT' }), 12_000);
  assert.equal(delay({ 'retry-after': 'Sun, 22 Nov 2026 11:00:00 GMT' }), 0);
  assert.equal(delay({ 'retry-after': '86400' }), 86_400_000);
  assert.equal(delay({ 'retry-after': 'soon' }), 0);
  assert.equal(delay({ 'retry-after': '-5' }), 0);
  assert.equal(delay({}), 0);
  const asked = (delayMs: number) => modelFailure('ModelRateLimited', 'm1', 'later', { delayMs });
  assert.deepEqual(
    [MAX_RETRY_DELAY_MS, MAX_RETRY_DELAY_MS + 1].map((ms) => asked(ms).nonRetryable),
    [false, true],
  );
});

test('an attempt is retryable when one of its failures was, after the longest delay that was asked for', () => {
  const limited = modelFailure('ModelRateLimited', 'm1', 'later', { delayMs: 9_000 });
  const slow = modelFailure('ModelUnavailable', 'm2', 'down', { delayMs: 2_000 });
  const refused = modelFailure('ModelRejectedRequest', 'm3', 'no');
  const all = failureOfAll([limited, slow, refused]);
  assert.deepEqual([all.type, all.nonRetryable, all.nextRetryDelay], ['ModelUnavailable', false, 9_000]);
  assert.equal(all.message, 'm1: later · m2: down · m3: no');
  const final = failureOfAll([refused, refused]);
  assert.deepEqual([final.type, final.nonRetryable, final.nextRetryDelay], ['ModelRejectedRequest', true, undefined]);
  assert.equal(failureOfAll([limited]), limited);
});
