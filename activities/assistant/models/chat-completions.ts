// The model port over Chat Completions, which every OpenAI-compatible server speaks. Nothing of a server's answer is
// trusted to have its documented shape. May import domain and the openai package.
import { randomUUID } from 'node:crypto';
import type OpenAI from 'openai';
import type {
  ChatCompletionCreateParamsStreaming,
  ChatCompletionMessageFunctionToolCall,
  ChatCompletionMessageParam,
} from 'openai/resources/chat/completions';
import { wordsOf } from '../../../domain/context.ts';
import type { ItemBody } from '../../../domain/item.ts';
import type { JsonObject } from '../../../domain/json.ts';
import type { ModelAnswer, ModelPort, ModelRequest } from '../../../domain/model.ts';
import { failureOf, modelFailure } from '../failures.ts';
import { answering, createClient, givenBack, type Provider, read, tokens } from './client.ts';
import { isOpenAi } from './openai-hosts.ts';

type Calls = Extract<ItemBody, { kind: 'calls' }>;

/** What some servers put beside the documented fields and want back: DeepSeek its reasoning, Gemini its seals. */
interface Opaque {
  readonly protocol: 'chat';
  readonly model: string;
  readonly reasoning: string;
  readonly extras: readonly (JsonObject | null)[];
}

interface Piece {
  readonly index?: number | null;
  readonly id?: string | null;
  readonly function?: { readonly name?: string | null; readonly arguments?: string | null } | null;
  readonly extra_content?: JsonObject | null;
}

/** A chunk of a stream, or a whole answer (`message`), as servers really send them. */
interface Chunk {
  readonly model?: string;
  readonly usage?: { readonly prompt_tokens?: number; readonly completion_tokens?: number } | null;
  readonly choices?: readonly {
    readonly delta?: Words | null;
    readonly message?: Words | null;
    readonly finish_reason?: string | null;
  }[];
}
interface Words {
  readonly content?: string | readonly { readonly text?: string }[] | null;
  readonly refusal?: string | null;
  readonly reasoning_content?: string | null;
  readonly tool_calls?: readonly Piece[] | null;
}

interface PartialCall {
  readonly index: number;
  readonly id: string;
  name: string;
  argumentsText: string;
  extra: JsonObject | null;
}

interface Draft {
  text: string;
  refusal: string;
  reasoning: string;
  readonly calls: PartialCall[];
  finish: string;
  model: string;
  promptTokens: number;
  completionTokens: number;
}

/** Chat Completions of one server. */
export function createChatModel(provider: Provider, nowMs: () => number): ModelPort {
  const client = createClient(provider);
  const ofOpenAi = isOpenAi(provider.baseUrl);
  return {
    name: 'chat-completions',
    async complete(request, signal) {
      try {
        return await complete(client, ofOpenAi, request, signal);
      } catch (error) {
        throw failureOf(signal.aborted ? signal.reason : error, request.model, nowMs());
      }
    },
  };
}

async function complete(
  client: OpenAI,
  ofOpenAi: boolean,
  request: ModelRequest,
  signal: AbortSignal,
): Promise<ModelAnswer> {
  const params: ChatCompletionCreateParamsStreaming = {
    model: request.model,
    messages: [{ role: 'system', content: request.instructions }, ...messagesOf(request)],
    stream: true,
    stream_options: { include_usage: true },
    // Newer models of OpenAI refuse the old name, many other servers do not know the new one.
    [ofOpenAi ? 'max_completion_tokens' : 'max_tokens']: request.maxOutputTokens,
    ...formOf(request, ofOpenAi),
    ...(request.tools.length > 0 && {
      tools: request.tools.map(({ name, description, parameters }) => ({
        type: 'function' as const,
        function: { name, description, parameters: { ...parameters } },
      })),
      tool_choice: request.toolChoice,
    }),
  };
  const { requestId, events } = await read(request.model, client.chat.completions.create(params, { signal }));
  const draft: Draft = {
    text: '',
    refusal: '',
    reasoning: '',
    calls: [],
    finish: '',
    model: request.model,
    promptTokens: 0,
    completionTokens: 0,
  };
  for await (const event of events) add(draft, event);
  if (draft.finish === '' || draft.finish === 'error') {
    throw modelFailure('ModelUnavailable', request.model, 'the answer ended without its end');
  }
  return answerOf(draft, request.model, requestId);
}

/** A call of one tool that must be made, where we do not know that the server has a schema for its words. */
function formOf(
  { answer }: ModelRequest,
  ofOpenAi: boolean,
): Pick<ChatCompletionCreateParamsStreaming, 'response_format' | 'tools' | 'tool_choice'> {
  if (answer === undefined) return {};
  const { name } = answer;
  const schema = { ...answer.schema };
  if (ofOpenAi) return { response_format: { type: 'json_schema', json_schema: { name, strict: true, schema } } };
  return {
    tools: [{ type: 'function', function: { name, description: 'The form to fill in.', parameters: schema } }],
    tool_choice: { type: 'function', function: { name } },
  };
}

function add(draft: Draft, chunk: Chunk): void {
  const choice = chunk.choices?.[0];
  const words = choice?.delta ?? choice?.message;
  draft.text += textOf(words?.content);
  draft.refusal += words?.refusal ?? '';
  draft.reasoning += words?.reasoning_content ?? '';
  for (const [at, piece] of (words?.tool_calls ?? []).entries()) addPiece(draft.calls, piece, piece.index ?? at);
  draft.finish = choice?.finish_reason || draft.finish;
  draft.model = answering(chunk.model, draft.model);
  draft.promptTokens = tokens(chunk.usage?.prompt_tokens) || draft.promptTokens;
  draft.completionTokens = tokens(chunk.usage?.completion_tokens) || draft.completionTokens;
}

/** Some servers send the words in parts, thoughts among them; those have no `text`. */
function textOf(content: Words['content']): string {
  return typeof content === 'string' ? content : (content ?? []).map((part) => part.text ?? '').join('');
}

/** Servers that count no index give each call its own id, so another id at the same index begins another call. */
function addPiece(calls: PartialCall[], piece: Piece, index: number): void {
  let call = calls.findLast((one) => one.index === index);
  if (call === undefined || (piece.id && piece.id !== call.id)) {
    call = { index, id: piece.id ?? '', name: '', argumentsText: '', extra: null };
    calls.push(call);
  }
  // Some servers repeat the name with every piece of the arguments.
  call.name ||= piece.function?.name ?? '';
  call.argumentsText += piece.function?.arguments ?? '';
  call.extra = piece.extra_content ?? call.extra;
}

function answerOf(draft: Draft, asked: string, requestId: string): ModelAnswer {
  const { text, refusal, reasoning, calls, model, promptTokens, completionTokens } = draft;
  const refused = refusal !== '' || draft.finish === 'content_filter';
  const extras = calls.map((call) => call.extra);
  const wanted = reasoning !== '' || extras.some((extra) => extra !== null);
  return {
    text: refused ? refusal : text,
    // Some servers give no ids; a call needs one, so that its result finds it.
    calls: calls.map(({ id, name, argumentsText }) => ({
      callId: id || `call_${randomUUID()}`,
      tool: name,
      argumentsText,
    })),
    opaque: wanted ? JSON.stringify({ protocol: 'chat', model: asked, reasoning, extras } satisfies Opaque) : '',
    finish: refused ? 'refused' : draft.finish === 'length' ? 'cut' : calls.length > 0 ? 'calls' : 'stop',
    model,
    requestId,
    promptTokens,
    completionTokens,
  };
}

/** As the client's type, but a user's words are text, never a list of parts. */
type Message = Exclude<ChatCompletionMessageParam, { role: 'user' }> | { role: 'user'; content: string };

function messagesOf(request: ModelRequest): readonly Message[] {
  const { note = '' } = request;
  const messages: Message[] = note === '' ? [] : [{ role: 'user', content: note }];
  for (const body of request.transcript) {
    const message = messageOf(body, request.model);
    const last = messages.at(-1);
    // The templates of many open models want user and assistant to take turns, so a second message joins the first.
    if (message.role === 'user' && last?.role === 'user') last.content = `${last.content}\n\n${message.content}`;
    else messages.push(message);
  }
  return messages;
}

function messageOf(body: ItemBody, model: string): Message {
  if (body.kind === 'tool_result') return { role: 'tool', tool_call_id: body.callId, content: body.text };
  if (body.kind === 'calls') return callsOf(body, model);
  const { role, text } = wordsOf(body);
  return { role, content: text };
}

function callsOf(body: Calls, model: string): Message {
  const opaque = opaqueOf(body.opaque, model);
  const tool_calls = body.calls.map(({ callId, tool, argumentsText }, at): ChatCompletionMessageFunctionToolCall => {
    const extra_content = opaque?.extras[at];
    const call = { id: callId, type: 'function' as const, function: givenBack({ tool, argumentsText }) };
    return extra_content ? Object.assign(call, { extra_content }) : call;
  });
  const reasoning = opaque?.reasoning ? { reasoning_content: opaque.reasoning } : {};
  return { role: 'assistant', content: body.text || null, tool_calls, ...reasoning };
}

/** Given back only to the model that gave it: to another one it means nothing. */
function opaqueOf(text: string, model: string): Opaque | undefined {
  if (text === '') return undefined;
  const opaque = JSON.parse(text) as Partial<Opaque>;
  return opaque.protocol === 'chat' && opaque.model === model ? (opaque as Opaque) : undefined;
}
