// The HTTP client of the commands. Owns requests, answers and the event stream. Guarantees: every wait is bounded; what
// comes back has the API's own schema, or the command fails with one sentence; a key never follows a redirect; what is
// sent again after an outage carries the key that makes it count once.
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { text as textOf } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import type { z } from 'zod';
import { ProblemBody } from '../api/schemas.ts';
import { CommandFailed, Refused, Unreachable } from './failure.ts';
import { readEvents, type RetryWish, type ServerEvent } from './sse.ts';
import type { Target } from './target.ts';
import { type Asked, heard, isSuccess, jsonOf, type Limit, limitedBy, request } from './wire.ts';

export interface Client {
  readonly url: string;
  get<T>(path: string, answer: z.ZodType<T>, options?: GetOptions): Promise<T>;
  /** `countsOnce`: the request names itself, so it is sent again when it is not sure that it was taken. */
  post<T>(path: string, body: object, answer: z.ZodType<T>, options?: PostOptions): Promise<T>;
  /** An answer that is plain text, with its headers. */
  text(path: string): Promise<{ readonly text: string; readonly headers: IncomingHttpHeaders }>;
  /** A long answer, as it comes. Breaks off with a sentence where it does not come to its end. */
  download(path: string): AsyncGenerator<Uint8Array>;
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
// 120 s: a large ledger is gone through once before its first entries come.
const DOWNLOAD_SILENCE_MS = 120_000;
// 2 s between connections, until the server wishes for something else.
const RECONNECT_MS = 2_000;

export function createClient({ url, key, whenSilent }: Target): Client {
  const base = url.replace(/\/+$/, '');

  const send = async (path: string, asked: Asked, signal: AbortSignal): Promise<IncomingMessage> => {
    // Without its id it would be another path, of which the API knows nothing.
    if (path.includes('//')) throw new CommandFailed('an id is empty; give the whole id');
    const headers = { ...asked.headers, authorization: `Bearer ${key}` };
    return request(new URL(`${base}${path}`), { ...asked, headers }, signal);
  };

  async function ask<T>(path: string, answer: z.ZodType<T>, asked: Asked, how: GetOptions & PostOptions): Promise<T> {
    const limit = limitedBy(how.signal, ANSWER_MS);
    try {
      const response = await send(path, asked, limit.signal);
      const body = await jsonOf(response);
      if (!isSuccess(response) && response.statusCode !== how.alsoStatus) throw refusalOf(response, body, base);
      return parse(body, answer, base);
    } catch (error) {
      throw failureOf(error, limit.signal);
    } finally {
      limit.end();
    }
  }

  async function* connection(path: string, lastId: string, signal: AbortSignal) {
    const headers = { accept: 'text/event-stream', ...(lastId === '' ? {} : { 'last-event-id': lastId }) };
    const limit = limitedBy(signal, SILENCE_MS);
    try {
      const response = await send(path, { method: 'GET', headers }, limit.signal);
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

  /** What an answer that succeeds is read to; whatever is wrong is one sentence. */
  async function* read<T>(path: string, limitMs: number, body: Reader<T>): AsyncGenerator<T> {
    const limit = limitedBy(undefined, limitMs);
    try {
      const response = await send(path, { method: 'GET' }, limit.signal);
      if (!isSuccess(response)) throw refusalOf(response, await jsonOf(response), base);
      yield* body(response, limit);
    } catch (error) {
      throw failureOf(error, limit.signal);
    } finally {
      limit.end();
    }
  }

  return {
    url: base,
    get: (path, answer, options = {}) => ask(path, answer, { method: 'GET' }, options),
    post: (path, body, answer, options = {}) => {
      const headers = { 'content-type': 'application/json', ...options.headers };
      const once = () => ask(path, answer, { method: 'POST', headers, body: JSON.stringify(body) }, options);
      return options.countsOnce === true ? untilTaken(once, options.signal) : once();
    },
    text: (path) => onlyOne(read(path, ANSWER_MS, wholeText)),
    download: (path) => read(path, DOWNLOAD_SILENCE_MS, (response, { renew }) => heard(response, renew)),
    events: (path, options) => followed((lastId) => connection(path, lastId, options.signal), options),
  };
}

type Reader<T> = (response: IncomingMessage, limit: Limit) => AsyncIterable<T>;

async function* wholeText(response: IncomingMessage) {
  yield { text: await textOf(response), headers: response.headers };
}

async function onlyOne<T>(from: AsyncIterable<T>): Promise<T> {
  for await (const one of from) return one;
  throw new CommandFailed('The API does not answer.');
}

/** Try again while it is not sure that it was taken. */
async function untilTaken<T>(send: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await send();
    } catch (error) {
      const pauseMs = attempt < TRIES ? pauseAfter(error) : undefined;
      if (pauseMs === undefined || signal?.aborted === true) throw error;
      await sleep(pauseMs, undefined, signal === undefined ? {} : { signal });
    }
  }
}

/** How long to wait before sending again; undefined when it would be in vain. */
function pauseAfter(error: unknown): number | undefined {
  if (error instanceof Unreachable) return RECONNECT_MS;
  if (error instanceof Refused && error.status === 503) return Math.min(error.retryAfterMs, MAX_PAUSE_MS);
  return undefined;
}

type Connection = (lastId: string) => AsyncIterable<ServerEvent | RetryWish>;

/** Connection after connection, each from where the one before it ended. `connect` throws CommandFailed when one breaks. */
async function* followed(connect: Connection, { signal, onBreak }: EventsOptions): AsyncGenerator<ServerEvent> {
  let [lastId, retryMs, isWhole] = ['', RECONNECT_MS, true];
  while (!signal.aborted) {
    try {
      for await (const event of connect(lastId)) {
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
      if (!(error instanceof CommandFailed) || isFinal(error)) throw error;
      if (isWhole) onBreak(error.message);
      isWhole = false;
    }
    await sleep(retryMs, undefined, { signal }).catch(() => undefined);
  }
}

const isFinal = (error: CommandFailed): boolean =>
  error instanceof Refused && error.status < 500 && error.status !== 429;

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
  const { type, requestId } = parsed.data;
  // Whoever writes in a terminal has never seen a body.
  const detail = parsed.data.detail.replace(/^body\./, '');
  // Whoever runs the server finds the reason in its log by this id.
  return new Refused(type === 'internal' ? `${detail} (request ${requestId})` : detail, { type, status, retryAfterMs });
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return (error as NodeJS.ErrnoException).code ?? error.message;
}
