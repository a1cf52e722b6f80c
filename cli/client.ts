// The HTTP client of the commands. Owns requests, answers and the event stream. Guarantees: every wait is bounded; what
// comes back has the API's own schema, or the command fails with one sentence; a key never follows a redirect; what is
// sent again after an outage carries the key that makes it count once.
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

  async function ask(path: string, init: RequestInit): Promise<Response> {
    const { headers, ...others } = init;
    const authorization = `Bearer ${key}`;
    try {
      return await fetch(`${base}${path}`, { ...others, headers: { ...headers, authorization }, redirect: 'error' });
    } catch (error) {
      if (init.signal?.aborted === true && isAbort(init.signal.reason)) throw error;
      throw new Unreachable(`The API at ${base} does not answer (${reasonOf(error)}). ${whenSilent}`);
    }
  }

  async function getOnce<T>(path: string, answer: z.ZodType<T>, { alsoStatus }: GetOptions = {}): Promise<T> {
    const response = await ask(path, { signal: AbortSignal.timeout(ANSWER_MS) });
    if (!response.ok && response.status !== alsoStatus) throw await refusalOf(response, base);
    return parse(await bodyOf(response, base), answer, base);
  }

  async function postOnce<T>(path: string, body: object, answer: z.ZodType<T>, options: PostOptions): Promise<T> {
    const headers = { 'content-type': 'application/json', ...options.headers };
    const late = AbortSignal.timeout(ANSWER_MS);
    const signal = options.signal === undefined ? late : AbortSignal.any([options.signal, late]);
    const response = await ask(path, { method: 'POST', body: JSON.stringify(body), headers, signal });
    if (!response.ok) throw await refusalOf(response, base);
    return parse(await bodyOf(response, base), answer, base);
  }

  /** One connection: its events, until the server ends it. Throws when it breaks. */
  async function* connection(path: string, lastId: string, signal: AbortSignal) {
    const silence = new AbortController();
    const timer = setTimeout(() => silence.abort(new Error('silent for too long')), SILENCE_MS);
    try {
      const headers = { accept: 'text/event-stream', ...(lastId === '' ? {} : { 'last-event-id': lastId }) };
      const response = await ask(path, { headers, signal: AbortSignal.any([signal, silence.signal]) });
      if (!response.ok || response.body === null) throw await refusalOf(response, base);
      yield* readEvents(heard(response.body, () => void timer.refresh()));
    } finally {
      clearTimeout(timer);
    }
  }

  return {
    url: base,
    get: getOnce,
    async post(path, body, answer, options = {}) {
      for (let attempt = 1; ; attempt++) {
        try {
          return await postOnce(path, body, answer, options);
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
          if (isWhole) onBreak(error instanceof CommandFailed ? error.message : `The line to ${base} broke.`);
          isWhole = false;
        }
        await sleep(retryMs, undefined, { signal }).catch(() => undefined);
      }
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

async function bodyOf(response: Response, base: string): Promise<unknown> {
  try {
    return await response.json();
  } catch (error) {
    throw new Unreachable(`The answer of ${base} broke off or is no JSON (${reasonOf(error)}).`);
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
async function refusalOf(response: Response, base: string): Promise<Refused> {
  const { status } = response;
  const seconds = Number(response.headers.get('retry-after'));
  const retryAfterMs = Number.isFinite(seconds) ? seconds * 1_000 : 0;
  const parsed = ProblemBody.safeParse(await response.json().catch(() => undefined));
  if (!parsed.success) {
    const sentence = `${base} answers ${status} without saying why; is it the API of Countersign?`;
    return new Refused(sentence, { type: 'unknown', status, retryAfterMs });
  }
  const { detail, type, requestId } = parsed.data;
  // Whoever runs the server finds the reason in its log by this id.
  return new Refused(type === 'internal' ? `${detail} (request ${requestId})` : detail, { type, status, retryAfterMs });
}

const isAbort = (reason: unknown): boolean => reason instanceof DOMException && reason.name === 'AbortError';

/** `fetch` says "fetch failed", and why in its cause. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause as { readonly code?: unknown; readonly message?: unknown } | undefined;
  return String(cause?.code ?? (cause?.message || error.message));
}
