// What both protocols share: the HTTP client of an OpenAI-compatible server, and one answer of it as events. The client
// neither retries (Temporal does) nor logs (its log shows prompts). May import domain and the openai package.
import OpenAI, { APIError, type APIPromise } from 'openai';
import type { Stream } from 'openai/streaming';
import type { ModelCall } from '../../../domain/item.ts';
import type { JsonObject } from '../../../domain/json.ts';
import { modelFailure, token } from '../failures.ts';

export interface Provider {
  readonly apiKey: string;
  readonly baseUrl: string;
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

/** Begin to read an answer. Throws what the client throws, and an ApplicationFailure when it is no API's answer. */
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
  let count = 0;
  for await (const event of events) {
    if (++count > MAX_EVENTS) throw modelFailure('ModelAnswerUnusable', model, 'the stream does not end');
    yield event;
  }
}

/** A token figure as the provider says it, made sane; 0 when it does not say. */
export function tokens(figure: unknown): number {
  return typeof figure === 'number' && Number.isSafeInteger(figure) && figure > 0 ? figure : 0;
}

/** The model that answered, as the provider names it, if that looks like a name; the one that was asked else. */
export function answering(model: unknown, asked: string): string {
  return typeof model === 'string' && /^\w[\w./:@-]{0,127}$/.test(model) ? model : asked;
}

/**
 * A call of the past as every server takes it. A name with odd characters or arguments that are no JSON object would
 * make the whole transcript unacceptable, now and at every later call; the call's result tells the model what was wrong.
 */
export function givenBack({ tool, argumentsText }: Omit<ModelCall, 'callId'>): { name: string; arguments: string } {
  return {
    name: tool.replace(/[^\w-]/g, '_').slice(0, 64),
    arguments: isJsonObject(argumentsText) ? argumentsText : '{}',
  };
}

function isJsonObject(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}
