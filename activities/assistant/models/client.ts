// What both protocols share: the HTTP client of an OpenAI-compatible server, and one answer of it as events. The client
// neither retries (Temporal does) nor logs (its log shows prompts). May import domain and the openai package.
import OpenAI, { APIError, type APIPromise } from 'openai';
import type { Stream } from 'openai/streaming';
import type { JsonObject } from '../../../domain/json.ts';
import { modelFailure, token } from '../failures.ts';

export interface Provider {
  readonly apiKey: string;
  readonly baseUrl: string;
}

export const OPENAI_BASE_URL = 'https://api.openai.com/v1';

/** OpenAI's own hosts, regional ones included: what is special there is sent there only. */
export function isOpenAi(baseUrl: string): boolean {
  return /^(\w+\.)?api\.openai\.com$/.test(new URL(baseUrl).hostname);
}

export function createClient({ apiKey, baseUrl }: Provider): OpenAI {
  // Local servers want no key, but the client insists on one.
  return new OpenAI({ apiKey: apiKey || 'none', baseURL: baseUrl, maxRetries: 0, logLevel: 'off' });
}

// 100,000: some 20 times the events of the longest answer; a stream past it never ends.
const MAX_EVENTS = 100_000;

/** One answer. `events` yields the stream's events, or the one body of a server that does not stream when asked to. */
export interface Reading<Event> {
  readonly requestId: string;
  readonly events: AsyncIterable<Event>;
}

/** Begin to read an answer. Throws what the client throws, and an ApplicationFailure when it is no answer of an API. */
export async function read<Event>(
  model: string,
  answer: APIPromise<Stream<Event>>,
): Promise<Reading<Event | JsonObject>> {
  const { data, response, request_id: requestId } = await answer.withResponse();
  const type = response.headers.get('content-type') ?? '';
  if (type.includes('html')) {
    const detail = 'answered with a web page; check OPENAI_BASE_URL (it mostly ends in /v1)';
    throw modelFailure('ModelAnswerUnusable', model, detail);
  }
  const events: AsyncIterable<Event | JsonObject> = type.includes('json') ? wholeBody(response) : data;
  return { requestId: token(requestId), events: bounded(model, events) };
}

async function* wholeBody(response: Response): AsyncIterable<JsonObject> {
  const body: unknown = await response.json();
  if (typeof body !== 'object' || body === null || Array.isArray(body)) throw new SyntaxError('not a JSON object');
  const error: unknown = (body as JsonObject)['error'];
  if (error) throw new APIError(undefined, error, undefined, response.headers);
  yield body as JsonObject;
}

async function* bounded<Event>(model: string, events: AsyncIterable<Event>): AsyncIterable<Event> {
  let seen = 0;
  for await (const event of events) {
    if (++seen > MAX_EVENTS) throw modelFailure('ModelAnswerUnusable', model, 'the stream does not end');
    yield event;
  }
}

/** A token count as the provider says it, made sane; 0 when it does not say. */
export function count(tokens: unknown): number {
  return typeof tokens === 'number' && Number.isSafeInteger(tokens) && tokens > 0 ? tokens : 0;
}

/** The model that answered, as the provider names it, if that looks like a name; the one that was asked else. */
export function answering(model: unknown, asked: string): string {
  return typeof model === 'string' && /^\w[\w./:@-]{0,127}$/.test(model) ? model : asked;
}
