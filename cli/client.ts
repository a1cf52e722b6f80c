// The HTTP client of the commands. Owns requests, answers and the event stream. Guarantees: every wait is bounded; what
// comes back has the API's own schema, or the command fails with one sentence; a key never follows a redirect; what is
// sent again after an outage carries the key that makes it count once.
import { type IncomingMessage, request as requestPlainly } from 'node:http';
import { request as requestOverTls } from 'node:https';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { ProblemBody } from '../api/schemas.ts';
import { CommandFailed, Refused, Unreachable } from './failure.ts';
import { readEvents, type ServerEvent } from './sse.ts';
import type { Target } from './target.ts';

export interface Client {
  readonly url: string;
  get<T>(path: string, answer: z.ZodType<T>, options?: GetOptions): Promise<T>;
  /** `countsOnce`: the request names itself, so it is sent again when it is not sure that it was taken. */
  post<T>(path: string, body: object, answer: z.ZodType<T>, options?: PostOptions): Promise<T>;
  /** What happens in a conversation, from an event on, until the signal. Comes back by itself after a break. */
  events(path: string, options: EventsOptions): AsyncGenerator<ServerEvent>;
}

interface GetOptions {
  /** An answer of the schema although its status is no success. */
  readonly alsoStatus?: number;
}

interface PostOptions {
  readonly countsOnce?: boolean;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

interface EventsOptions {
  readonly signal: AbortSignal;
  /** Told once per break, with a sentence. */
  readonly onBreak: (sentence: string) => void;
}

// 50 s: the API answers or gives up within 45.
const ANSWER_MS = 50_000;
// 3 tries, at most 5 s apart: a worker or a store that restarts is back by then, and a person will not wait longer.
const TRIES = 3;
const MAX_PAUSE_MS = 5_000;
// 45 s: the stream says something every 15 s; three missed mean that the line is dead.
const SILENCE_MS = 45_000;
// 2 s between connections, until the server wishes for something else.
const RECONNECT_MS = 2_000;

export function createClient({ url, key, whenSilent }: Target): Client {
  const base = url.replace(/\/+$/, '');

  const request = (path: string, asked: Asked, signal: AbortSignal): Promise<IncomingMessage> =>
    requested(
      new URL(`${base}${path}`),
      { ...asked, headers: { ...asked.headers, authorization: `Bearer ${key}` } },
      signal,
    );

  async function ask<T>(path: string, answer: z.ZodType<T>, asked: Asked, alsoStatus?: number): Promise<T> {
    const limit = limitedBy(asked.signal, ANSWER_MS);
    try {
      const response = await request(path, asked, limit.signal);
      const body = await jsonOf(response);
      if (!isSuccess(response) && response.statusCode !== alsoStatus) throw refusalOf(response, body, base);
      return parse(body, answer, base);
    } catch (error) {
      throw failureOf(error, limit.signal);
    } finally {
      limit.end();
    }
  }

  /** One connection: its events, until the server ends it. Throws when it breaks. */
  async function* connection(path: string, lastId: string, signal: AbortSignal) {
    const headers = { accept: 'text/event-stream', ...(lastId === '' ? {} : { 'last-event-id': lastId }) };
    const limit = limitedBy(signal, SILENCE_MS);
    try {
      const response = await request(path, { method: 'GET', headers }, limit.signal);
      if (!isSuccess(response)) throw refusalOf(response, await jsonOf(response), base);
      yield* readEvents(heard(response, limit.renew));
    } catch (error) {
      throw failureOf(error, limit.signal);
    } finally {
      limit.end();
    }
  }

  function failureOf(error: unknown, { reason }: AbortSignal): CommandFailed {
    if (error instanceof CommandFailed) return error;
    return new Unreachable(`The API at ${base} does not answer (${reasonOf(reason ?? error)}). ${whenSilent}`);
  }

  return {
    url: base,
    get: (path, answer, { alsoStatus } = {}) => ask(path, answer, { method: 'GET' }, alsoStatus),
    async post(path, body, answer, options = {}) {
      const headers = { 'content-type': 'application/json', ...options.headers };
      const asked = { method: 'POST', headers, body: JSON.stringify(body), signal: options.signal };
      for (let attempt = 1; ; attempt++) {
        try {
          return await ask(path, answer, asked);
        } catch (error) {
          const pauseMs = options.countsOnce === true && attempt < TRIES ? pauseAfter(error) : undefined;
          if (pauseMs === undefined) throw error;
          await sleep(pauseMs, undefined, options.signal === undefined ? {} : { signal: options.signal });
        }
      }
    },
    async *events(path, { signal, onBreak }) {
      let [lastId, retryMs, isWhole] = ['', RECONNECT_MS, true];
      while (!signal.aborted) {
        try {
          for await (const event of connection(path, lastId, signal)) {
            isWhole = true;
            if (event.kind === 'retry') {
              retryMs = Math.min(event.retryMs, MAX_PAUSE_MS);
              continue;
            }
            lastId = event.id;
            yield event;
          }
        } catch (error) {
          if (signal.aborted) return;
          if (error instanceof Refused && error.status < 500 && error.status !== 429) throw error;
          if (isWhole) onBreak(error instanceof Error ? error.message : String(error));
          isWhole = false;
        }
        await sleep(retryMs, undefined, { signal }).catch(() => undefined);
      }
    },
  };
}

interface Asked {
  readonly method: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Not by `fetch`: on Node 20 its signal can be collected as garbage while it still waits, and then nothing ends it.
 * This follows no redirect either.
 */
function requested(url: URL, { method, headers, body }: Asked, signal: AbortSignal): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const send = url.protocol === 'https:' ? requestOverTls : requestPlainly;
    const sent = send(url, { method, headers, signal }, resolve);
    sent.once('error', reject);
    sent.end(body);
  });
}

/** A signal that fires with another one, or when the time is over. */
function limitedBy(outer: AbortSignal | undefined, limitMs: number) {
  const own = new AbortController();
  const abort = (): void => own.abort(outer?.reason);
  const timer = setTimeout(() => own.abort(new Error(`nothing for ${limitMs / 1_000} s`)), limitMs);
  if (outer?.aborted === true) abort();
  outer?.addEventListener('abort', abort, { once: true });
  return {
    signal: own.signal,
    /** The time begins anew. */
    renew: (): void => void timer.refresh(),
    end: (): void => {
      clearTimeout(timer);
      outer?.removeEventListener('abort', abort);
    },
  };
}

async function* heard(body: AsyncIterable<Uint8Array>, onChunk: () => void): AsyncGenerator<Uint8Array> {
  for await (const chunk of body) {
    onChunk();
    yield chunk;
  }
}

/** How long to wait before sending again; undefined when it would be in vain. */
function pauseAfter(error: unknown): number | undefined {
  if (error instanceof Unreachable) return RECONNECT_MS;
  if (error instanceof Refused && error.status === 503) return Math.min(error.retryAfterMs, MAX_PAUSE_MS);
  return undefined;
}

const isSuccess = ({ statusCode = 0 }: IncomingMessage): boolean => statusCode >= 200 && statusCode < 300;

/** The body as JSON; undefined when it is none. Rejects when it breaks off. */
async function jsonOf(response: IncomingMessage): Promise<unknown> {
  const body = await text(response);
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

function parse<T>(body: unknown, answer: z.ZodType<T>, base: string): T {
  const parsed = answer.safeParse(body);
  if (parsed.success) return parsed.data;
  const first = parsed.error.issues[0];
  const where = first === undefined || first.path.length === 0 ? '' : `${first.path.join('.')}: `;
  throw new Refused(
    `${base} answers what this client does not understand (${where}${first?.message ?? 'unknown'}); are both of one version?`,
    { type: 'not_understood', status: 200, retryAfterMs: 0 },
  );
}

/** A refusal as one sentence: the server's own where it is RFC 9457. */
function refusalOf({ statusCode: status = 0, headers }: IncomingMessage, body: unknown, base: string): Refused {
  const seconds = Number(headers['retry-after']);
  const retryAfterMs = Number.isFinite(seconds) ? seconds * 1_000 : 0;
  const parsed = ProblemBody.safeParse(body);
  if (!parsed.success) {
    const sentence = `${base} answers ${status} without saying why; is it the API of Countersign?`;
    return new Refused(sentence, { type: 'unknown', status, retryAfterMs });
  }
  const { detail, type, requestId } = parsed.data;
  // Whoever runs the server finds the reason in its log by this id.
  return new Refused(type === 'internal' ? `${detail} (request ${requestId})` : detail, { type, status, retryAfterMs });
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code } = error as { readonly code?: unknown };
  return String(code ?? error.message);
}
