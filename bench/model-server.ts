// The model of the bench, in a process of its own: an OpenAI-compatible server that speaks Chat Completions and Responses,
// each whole or as a stream, as it is asked to. What it says depends on the last message alone: one call of a tool to a
// person's words, and the final text to a tool's result. It keeps, by the mark of a message, when it was asked and when it
// answered. Node built-ins only.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { CALL, markIn, replyTo } from './words.ts';

interface Asked {
  readonly model?: string;
  readonly stream?: boolean;
  readonly messages?: readonly Said[];
  readonly input?: readonly Said[];
  readonly tool_choice?: unknown;
}
/** A message of either protocol; of Responses, a tool's result has a type and no role. */
interface Said {
  readonly role?: string;
  readonly type?: string;
  readonly content?: unknown;
}

/** What it says to one request. */
interface Answer {
  readonly text: string;
  readonly call: { readonly id: string; readonly name: string; readonly arguments: string } | undefined;
}

// 10 min: no connection is shut under a client between two measures, which would count as an error of its own.
const KEEP_ALIVE_MS = 10 * 60_000;
const USAGE = { prompt: 100, completion: 20 } as const;
// One clock for all processes of the machine, in parts of a millisecond.
const nowMs = () => performance.timeOrigin + performance.now();

const state = { delayMs: 0, calls: 0, timesMs: new Map<string, number[]>() };

const server = createServer((request, response) => {
  void answer(request, response).catch((error: unknown) => {
    response.writeHead(500, { 'content-type': 'application/json' }).end(JSON.stringify({ error: String(error) }));
  });
});
server.keepAliveTimeout = KEEP_ALIVE_MS;
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  if (address !== null && typeof address === 'object') process.send?.({ port: address.port });
});
// Whoever started it has ended.
process.once('disconnect', () => process.exit(0));

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const askedMs = nowMs();
  const body = await textOf(request);
  switch (request.url) {
    case '/v1/chat/completions':
    case '/v1/responses': {
      const asked = JSON.parse(body) as Asked;
      const said = asked.messages ?? asked.input ?? [];
      const mark = markIn(wordsIn(said.findLast(({ role }) => role === 'user')));
      state.calls += 1;
      if (state.delayMs > 0) await sleep(state.delayMs);
      const say = request.url === '/v1/responses' ? sayResponse : sayCompletion;
      say(response, asked, answerTo(asked, said, mark));
      if (mark !== undefined) state.timesMs.set(mark, [...(state.timesMs.get(mark) ?? []), askedMs, nowMs()]);
      return;
    }
    case '/delay':
      state.delayMs = Number(body);
      return whole(response, {});
    case '/take': {
      const { calls, timesMs } = state;
      Object.assign(state, { calls: 0, timesMs: new Map() });
      return whole(response, { calls, timesMs: Object.fromEntries(timesMs) });
    }
    default:
      response.writeHead(404).end();
  }
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

function answerTo(asked: Asked, said: readonly Said[], mark: string | undefined): Answer {
  const id = `call_${state.calls}`;
  const form = formIn(asked.tool_choice);
  if (form !== undefined) return { text: '', call: { id, name: form, arguments: '{}' } };
  const last = said.findLast(({ role, type }) => role === 'user' || role === 'tool' || type === 'function_call_output');
  if (last?.role === 'user' && asked.tool_choice !== 'none')
    return { text: '', call: { id, name: CALL.tool, arguments: JSON.stringify(CALL.arguments) } };
  return { text: replyTo(mark), call: undefined };
}

/** The tool that must be called, where the request names one. */
function formIn(choice: unknown): string | undefined {
  if (typeof choice !== 'object' || choice === null) return undefined;
  const { name, function: named } = choice as { readonly name?: string; readonly function?: { readonly name: string } };
  return name ?? named?.name;
}

const wordsIn = (said: Said | undefined): string =>
  typeof said?.content === 'string' ? said.content : JSON.stringify(said?.content ?? '');

function sayCompletion(response: ServerResponse, { model, stream }: Asked, { text, call }: Answer): void {
  const calls = call && [
    { index: 0, id: call.id, type: 'function', function: { name: call.name, arguments: call.arguments } },
  ];
  const message = { role: 'assistant', content: call ? null : text, ...(calls && { tool_calls: calls }) };
  const end = { index: 0, finish_reason: call ? 'tool_calls' : 'stop' };
  const { prompt, completion } = USAGE;
  const usage = { prompt_tokens: prompt, completion_tokens: completion, total_tokens: prompt + completion };
  const base = { id: `completion-${state.calls}`, created: 1, model };
  if (stream !== true)
    return whole(response, { ...base, object: 'chat.completion', choices: [{ ...end, message }], usage });
  const chunk = { ...base, object: 'chat.completion.chunk' };
  streamed(response, [
    { data: { ...chunk, choices: [{ index: 0, delta: message, finish_reason: null }] } },
    { data: { ...chunk, choices: [{ ...end, delta: {} }] } },
    { data: { ...chunk, choices: [], usage } },
    { data: '[DONE]' },
  ]);
}

function sayResponse(response: ServerResponse, { model, stream }: Asked, { text, call }: Answer): void {
  const item = call
    ? { type: 'function_call', id: `f-${call.id}`, call_id: call.id, name: call.name, arguments: call.arguments }
    : { type: 'message', id: 'm-1', role: 'assistant', content: [{ type: 'output_text', text, annotations: [] }] };
  const { prompt, completion } = USAGE;
  const usage = { input_tokens: prompt, output_tokens: completion, total_tokens: prompt + completion };
  const base = { id: `response-${state.calls}`, object: 'response', created_at: 1, model, status: 'completed' };
  const body = { ...base, output: [{ ...item, status: 'completed' }], usage };
  if (stream !== true) return whole(response, body);
  streamed(response, [
    { event: 'response.output_item.done', data: { type: 'response.output_item.done', output_index: 0, item } },
    { event: 'response.completed', data: { type: 'response.completed', response: body } },
  ]);
}

function whole(response: ServerResponse, body: object): void {
  const text = JSON.stringify(body);
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }).end(text);
}

function streamed(response: ServerResponse, events: readonly { event?: string; data: object | string }[]): void {
  const lines = events.map(({ event, data }) => {
    const text = typeof data === 'string' ? data : JSON.stringify(data);
    return `${event === undefined ? '' : `event: ${event}\n`}data: ${text}\n\n`;
  });
  response.writeHead(200, { 'content-type': 'text/event-stream' }).end(lines.join(''));
}
