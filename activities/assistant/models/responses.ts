// The model port over OpenAI's Responses API, without state at the provider: the whole input goes each time, nothing is
// stored there, and encrypted reasoning travels with us. May import domain and the openai package.
import type OpenAI from 'openai';
import { APIError } from 'openai';
import type {
  Response,
  ResponseCreateParamsStreaming,
  ResponseInputItem,
  ResponseOutputItem,
  ResponseReasoningItem,
  ResponseStreamEvent,
} from 'openai/resources/responses/responses';
import { wordsOf } from '../../../domain/context.ts';
import type { ItemBody, ModelCall } from '../../../domain/item.ts';
import type { JsonObject } from '../../../domain/json.ts';
import type { ModelAnswer, ModelPort, ModelRequest } from '../../../domain/model.ts';
import { failureOf, modelFailure } from '../failures.ts';
import { answering, createClient, givenBack, type Provider, read, tokens } from './client.ts';

type Calls = Extract<ItemBody, { kind: 'calls' }>;

/** The order of one answer's parts: reasoning items whole, since they must go back in their place, the rest by kind. */
interface Opaque {
  readonly protocol: 'responses';
  readonly model: string;
  readonly parts: readonly (ResponseReasoningItem | TextPart | { readonly type: 'call' })[];
}
interface TextPart {
  readonly type: 'text';
  readonly phase?: 'commentary' | 'final_answer' | null;
}

/** Families without reasoning: they answer 400 when asked for its encrypted form. */
const WITHOUT_REASONING = /^(ft:)?(gpt-3|gpt-4|chatgpt)|-chat/;

/** The Responses API of one server. */
export function createResponsesModel(provider: Provider, nowMs: () => number): ModelPort {
  const client = createClient(provider);
  return {
    name: 'responses',
    async complete(request, signal) {
      try {
        return await complete(client, request, signal);
      } catch (error) {
        throw failureOf(signal.aborted ? signal.reason : error, request.model, nowMs());
      }
    },
  };
}

async function complete(client: OpenAI, request: ModelRequest, signal: AbortSignal): Promise<ModelAnswer> {
  const params: ResponseCreateParamsStreaming = {
    model: request.model,
    instructions: request.instructions,
    input: [...noteIn(request), ...request.transcript.flatMap((body) => inputOf(body, request.model))],
    stream: true,
    store: false,
    ...(!WITHOUT_REASONING.test(request.model) && { include: ['reasoning.encrypted_content'] }),
    max_output_tokens: request.maxOutputTokens,
    ...(request.answer && {
      text: {
        format: { type: 'json_schema', strict: true, name: request.answer.name, schema: { ...request.answer.schema } },
      },
    }),
    ...(request.tools.length > 0 && {
      tools: request.tools.map(({ name, description, parameters }) => ({
        type: 'function' as const,
        name,
        description,
        parameters: { ...parameters },
        // Strict mode refuses most schemas that are not written for it, and `propose` parses the arguments anyway.
        strict: false,
      })),
      tool_choice: request.toolChoice,
    }),
  };
  const { requestId, events } = await read(request.model, client.responses.create(params, { signal }));
  const done: ResponseOutputItem[] = [];
  let last: Response | undefined;
  for await (const event of events) last = takeIn(event, done) ?? last;
  if (last === undefined) throw modelFailure('ModelUnavailable', request.model, 'the answer ended without its end');
  return answerOf(last, last.output?.length > 0 ? last.output : done, request.model, requestId);
}

/** The response once it is finished. Some servers list its items only as they come, so those are kept. */
function takeIn(event: ResponseStreamEvent | JsonObject, done: ResponseOutputItem[]): Response | undefined {
  if (isWhole(event)) return finished(event);
  const streamed = event as ResponseStreamEvent;
  switch (streamed.type) {
    case 'response.output_item.done':
      done.push(streamed.item);
      return undefined;
    case 'response.completed':
    case 'response.incomplete':
    case 'response.failed':
      return finished(streamed.response);
    case 'error':
      throw new APIError(undefined, { code: streamed.code }, undefined, undefined);
    default:
      return undefined;
  }
}

/** The body of a server that answers whole in spite of `stream: true`. */
function isWhole(event: object): event is Response {
  return 'object' in event && event.object === 'response';
}

function finished(response: Response): Response | undefined {
  switch (response.status) {
    case 'failed':
      throw new APIError(undefined, { code: response.error?.code }, undefined, undefined);
    case 'completed':
    case 'incomplete':
      return response;
    default:
      return undefined;
  }
}

function answerOf(
  response: Response,
  output: readonly ResponseOutputItem[],
  asked: string,
  requestId: string,
): ModelAnswer {
  const calls: ModelCall[] = [];
  const parts: Opaque['parts'][number][] = [];
  let text = '';
  let refusal = '';
  for (const item of output) {
    // Reasoning without its substance names something that the provider did not store: it could not be read again.
    if (item.type === 'reasoning' && (item.encrypted_content || item.content?.length)) parts.push(item);
    if (item.type === 'function_call') {
      parts.push({ type: 'call' });
      calls.push({ callId: item.call_id, tool: item.name, argumentsText: item.arguments });
    }
    if (item.type === 'message') {
      parts.push({ type: 'text', ...(item.phase && { phase: item.phase }) });
      for (const part of item.content) {
        if (part.type === 'output_text') text += part.text;
        else refusal += part.refusal;
      }
    }
  }
  const refused = refusal !== '' || response.incomplete_details?.reason === 'content_filter';
  const worthKeeping = parts.some((part) => part.type === 'reasoning' || 'phase' in part);
  return {
    text: refused ? refusal : text,
    calls,
    opaque: worthKeeping ? JSON.stringify({ protocol: 'responses', model: asked, parts } satisfies Opaque) : '',
    finish: refused ? 'refused' : response.status === 'incomplete' ? 'cut' : calls.length > 0 ? 'calls' : 'stop',
    model: answering(response.model, asked),
    requestId,
    promptTokens: tokens(response.usage?.input_tokens),
    completionTokens: tokens(response.usage?.output_tokens),
  };
}

const noteIn = ({ note = '' }: ModelRequest): readonly ResponseInputItem[] =>
  note === '' ? [] : [{ role: 'user', content: note }];

function inputOf(body: ItemBody, model: string): readonly ResponseInputItem[] {
  if (body.kind === 'tool_result') return [{ type: 'function_call_output', call_id: body.callId, output: body.text }];
  if (body.kind === 'calls') return callsOf(body, model);
  const { role, text } = wordsOf(body);
  return [{ role, content: text }];
}

/** The parts of an answer in their order; its texts were joined into one, which goes where the first one was. */
function callsOf(body: Calls, model: string): readonly ResponseInputItem[] {
  const calls = [...body.calls];
  let text = body.text;
  return partsOf(body, model).flatMap((part): readonly ResponseInputItem[] => {
    if (part.type === 'reasoning') return [part];
    if (part.type === 'call') {
      const call = calls.shift();
      if (call === undefined) return [];
      return [{ type: 'function_call', call_id: call.callId, ...givenBack(call) }];
    }
    const content = text;
    text = '';
    return content === '' ? [] : [{ role: 'assistant', content, ...(part.phase && { phase: part.phase }) }];
  });
}

/** The stored order, only for the model that gave it: encrypted reasoning means nothing to another one. */
function partsOf(body: Calls, model: string): Opaque['parts'] {
  const plain = [{ type: 'text' as const }, ...body.calls.map(() => ({ type: 'call' as const }))];
  if (body.opaque === '') return plain;
  const opaque = JSON.parse(body.opaque) as Partial<Opaque>;
  return opaque.protocol === 'responses' && opaque.model === model ? (opaque.parts ?? plain) : plain;
}
