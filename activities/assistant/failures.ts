// The one place where what goes wrong with a model becomes a typed failure. Messages say which model, what happened and
// what to do; they never quote a provider's words or an error's, which may hold the key or the prompt (so no `cause`
// either). May import domain and the openai package's errors.
import { ApplicationFailure, ApplicationFailureCategory, CancelledFailure } from '@temporalio/common';
import { APIConnectionError, APIError, APIUserAbortError } from 'openai';
import { FAILURES, type FailureType } from '../../domain/failure.ts';
import type { Redactor } from '../redaction.ts';

type ModelFailureType = Extract<FailureType, `Model${string}`>;

// 60 s: a turn lasts minutes at most; where a provider wants more, the turn ends now, and says so.
export const MAX_RETRY_DELAY_MS = 60_000;

/** Accounts without money or leave: a later try fails as well, though the status says "later". */
const FINAL_CODES = new Set(['insufficient_quota', 'billing_hard_limit_reached', 'billing_not_active']);
const LATER_CODES = new Set(['rate_limit_exceeded', 'rate_limit_error', 'overloaded', 'overloaded_error', 'slow_down']);
/** Codes and types of errors that come without a status, inside a stream: only these are the request's own fault. */
const REQUEST_CODES =
  /^(invalid_|context_length|authentication|permission|not_found|model_not_found|content_|unsupported_)/;

/** A failure of a model. `detail` is in our own words; `delayMs` 0 leaves the delay to the retry policy. */
export function modelFailure(
  type: ModelFailureType,
  model: string,
  detail: string,
  facts: {
    readonly status?: number;
    readonly code?: string;
    readonly requestId?: string;
    readonly delayMs?: number;
  } = {},
): ApplicationFailure {
  const { delayMs = 0, ...details } = facts;
  const retryable = FAILURES[type].retryable && delayMs <= MAX_RETRY_DELAY_MS;
  return ApplicationFailure.create({
    type,
    message: `${model}: ${detail}`,
    nonRetryable: !retryable,
    details: [{ model, ...details }],
    // A provider that is slow or silent is expected: retried without an alarm. A refused request needs a person.
    ...(retryable && { category: ApplicationFailureCategory.BENIGN }),
    ...(retryable && delayMs > 0 && { nextRetryDelay: delayMs }),
  });
}

/** Whatever a model's client threw, as a failure. What is one already, or a cancellation, comes back as it is. */
export function failureOf(error: unknown, model: string, nowMs: number): ApplicationFailure | CancelledFailure {
  if (error instanceof ApplicationFailure || error instanceof CancelledFailure) return error;
  if (error instanceof DOMException && error.name === 'TimeoutError') {
    return modelFailure('ModelUnavailable', model, 'no whole answer within its time');
  }
  if (error instanceof APIConnectionError || error instanceof APIUserAbortError) {
    return modelFailure('ModelUnavailable', model, 'the server could not be reached; check the base URL if this stays');
  }
  if (error instanceof APIError) return ofApiError(error, model, nowMs);
  if (error instanceof SyntaxError) {
    return modelFailure('ModelAnswerUnusable', model, 'the answer is not the JSON of this protocol');
  }
  // A stream cut in the middle is a plain `TypeError: terminated`: what we do not know is worth another try.
  return modelFailure('ModelUnavailable', model, 'the connection broke before the answer was whole');
}

function ofApiError(error: APIError, model: string, nowMs: number): ApplicationFailure {
  const headers: Headers | undefined = error.headers;
  const body = (error.error ?? {}) as { readonly code?: unknown; readonly type?: unknown };
  // Some servers put the HTTP status into the body's code, and send the error inside a 200.
  const status = error.status ?? httpStatus(body.code);
  const code = token(error.code ?? body.code) || token(error.type ?? body.type);
  const type = typeOf(status, [token(error.code), token(error.type), code], headers?.get('x-should-retry') ?? null);
  const requestId = token(error.requestID);
  const what = [status === undefined ? 'the answer was an error' : `HTTP ${status}`, code && `(${code})`];
  const detail = `${what.filter(Boolean).join(' ')}${adviceFor(type, status, code)}`;
  return modelFailure(type, model, detail, {
    ...(status !== undefined && { status }),
    ...(code && { code }),
    ...(requestId && { requestId }),
    delayMs: retryDelayMs(headers, nowMs),
  });
}

function typeOf(status: number | undefined, codes: readonly string[], shouldRetry: string | null): ModelFailureType {
  const later = status === 429 || status === 529 || codes.some((code) => LATER_CODES.has(code));
  // The server's own word on a retry wins over what its status usually means.
  if (shouldRetry === 'false') return 'ModelRejectedRequest';
  if (shouldRetry === 'true') return later ? 'ModelRateLimited' : 'ModelUnavailable';
  if (codes.some((code) => FINAL_CODES.has(code))) return 'ModelRejectedRequest';
  if (later) return 'ModelRateLimited';
  const unavailable =
    status === undefined
      ? !codes.some((code) => REQUEST_CODES.test(code))
      : status === 408 || status === 409 || status >= 500;
  return unavailable ? 'ModelUnavailable' : 'ModelRejectedRequest';
}

function adviceFor(type: ModelFailureType, status: number | undefined, code: string): string {
  if (type !== 'ModelRejectedRequest') return '';
  if (FINAL_CODES.has(code)) return '; the account has no quota left: check its billing';
  switch (status) {
    case 401:
    case 403:
      return '; the key is not accepted: check OPENAI_API_KEY';
    case 404:
      return '; no such model or path: check the model name and OPENAI_BASE_URL';
    default:
      return '; the request is not accepted';
  }
}

/** The same failure, none of whose fields holds a secret. A cancellation is ours, and comes back as it is. */
export function withoutSecrets(error: unknown, redactor: Redactor): Error {
  if (error instanceof CancelledFailure) return error;
  if (!(error instanceof ApplicationFailure)) return redactor.error(error);
  const { message, type, nonRetryable, details, category, nextRetryDelay } = error;
  return ApplicationFailure.create({
    message: redactor.text(message),
    ...(type && { type }),
    nonRetryable: nonRetryable ?? false,
    details: redactor.json(details ?? []),
    ...(category && { category }),
    ...(nextRetryDelay !== undefined && nextRetryDelay !== null && { nextRetryDelay }),
  });
}

/** How long the provider asks to wait, ms; 0 when it does not say or says at once. */
export function retryDelayMs(headers: Headers | undefined, nowMs: number): number {
  const ms = Number.parseFloat(headers?.get('retry-after-ms') ?? '');
  if (!Number.isNaN(ms)) return wholeMs(ms);
  const after = headers?.get('retry-after') ?? '';
  // Seconds, or an HTTP date.
  const asked = /^\s*[\d.]+\s*$/.test(after) ? Number.parseFloat(after) * 1_000 : Date.parse(after) - nowMs;
  return Number.isNaN(asked) ? 0 : wholeMs(asked);
}

const wholeMs = (ms: number): number => Math.ceil(Math.max(ms, 0));

/** A provider's code or id, only if it looks like one; '' else: other texts may quote what they should not. */
export function token(value: unknown): string {
  return typeof value === 'string' && /^\w[\w.-]{0,127}$/.test(value) ? value : '';
}

function httpStatus(code: unknown): number | undefined {
  const status = Number(code);
  return Number.isInteger(status) && status >= 400 && status <= 599 ? status : undefined;
}

/**
 * The failure of an attempt in which each model failed once. Retryable when any of them was: the next attempt asks all
 * again. It waits for the longest delay that a provider asked for, so that none is asked before its time.
 */
export function failureOfAll(failures: readonly ApplicationFailure[]): ApplicationFailure {
  const retryable = failures.filter((failure) => !failure.nonRetryable);
  const last = retryable.at(-1) ?? failures.at(-1);
  if (last === undefined) return ApplicationFailure.nonRetryable('no model is configured', 'ModelRejectedRequest');
  if (failures.length === 1) return last;
  const delayMs = Math.max(0, ...retryable.map((failure) => Number(failure.nextRetryDelay ?? 0)));
  return ApplicationFailure.create({
    type: last.type ?? 'ModelUnavailable',
    message: failures.map((failure) => failure.message).join(' · '),
    nonRetryable: last.nonRetryable ?? false,
    details: failures.flatMap((failure) => failure.details ?? []),
    ...(last.category && { category: last.category }),
    ...(delayMs > 0 && { nextRetryDelay: delayMs }),
  });
}
