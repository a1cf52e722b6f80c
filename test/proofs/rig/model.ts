// The model of the proofs: an OpenAI-compatible server whose answer depends on nothing but the transcript it is shown,
// and which counts what it was asked. A caller's words are answered with the calls that they name, all at once; results
// and reports with plain words.
import { z } from 'zod';
import { serve } from './serve.ts';

export interface Model {
  /** For OPENAI_BASE_URL. */
  readonly url: string;
  /** How often it was asked about the conversation, by how many of its own answers it was shown. */
  asked(conversationId: string): ReadonlyMap<number, number>;
  /** How long it thinks, ms; a proof may lengthen it, to do something meanwhile. */
  answersAfterMs: number;
  /** Told each prompt, whole. */
  hear: (prompt: string) => void;
  /** What it answers where it is made to fill in a form, upon what it was shown of callers. */
  fill: (said: readonly string[]) => FormAnswer;
  stop(): Promise<void>;
}

/** `json`: in the form, whether it is any JSON or not. `words`: beside the form. `down`: HTTP 500. */
export type FormAnswer = { readonly kind: 'json' | 'words'; readonly text: string } | { readonly kind: 'down' };

/** A call that the model is to make: the tool, and its cents. */
export type Wish = readonly [tool: string, cents: number];
/** A read; two writes that are allowed, one of them under a token of a PostgreSQL; and one that people are asked about. */
const ONE_OF_EACH: readonly Wish[] = [
  ['look', 1],
  ['note', 50],
  ['book', 80],
  ['pay', 7_200],
];
const ORDER = 7;

/** What a caller writes, so that the model knows what to call, and which conversation it is shown. */
export const wordsFor = (conversationId: string, wishes = ONE_OF_EACH): string =>
  `Please, for order ${ORDER}: ${wishes.map((wish) => wish.join(' ')).join(', ')} [${conversationId}]`;

/** A call by the very text of its arguments, whatever that is. */
export type RawCall = readonly [tool: string, argumentsText: string];

/** Words upon which the model makes these calls, wherever it reads them: it does what whoever wrote to it last wants. */
export const wordsForCalls = (conversationId: string, calls: readonly RawCall[]): string =>
  `Calls: ${rawText(calls)} [${conversationId}]`;

/** Words that it keeps in mind wherever it reads them, and follows once somebody says "Go on". */
export const wordsForLater = (calls: readonly RawCall[]): string => `Later: ${rawText(calls)};`;

const rawText = (calls: readonly RawCall[]): string =>
  calls.map(([tool, text]) => `${tool} ${Buffer.from(text).toString('base64url')}`).join(', ');

/** What a request says of tools. An object: the one that must be called, which is a form. */
export const ToolChoice = z.union([z.string(), z.object({ function: z.object({ name: z.string() }) })]).optional();

/** The form left empty, where one is asked for: nothing is chosen of what leaves, and so code chooses. */
export const emptyForm = (choice: z.output<typeof ToolChoice>): readonly RawCall[] | undefined =>
  typeof choice === 'object' ? [[choice.function.name, '{}']] : undefined;

const Asked = z.object({
  messages: z.array(z.object({ role: z.string(), content: z.string().nullish() })),
  tool_choice: ToolChoice,
});
const ABOUT = /\[([\w-]+)\]$/m;
/** What a report begins with; it stands in the place of a caller's words. */
const NOTE = '[note of the system';
// Several in one text where messages of one sender were sent to the model as one.
const WISHES = /^Please, for order \d+: (.+) \[[\w-]+\]$/gm;

// Arguments as base64url: what is written in them reaches the model's answer byte by byte.
const RAW = /Calls: (\w+ [\w-]+(?:, \w+ [\w-]+)*)/g;
const LATER = /Later: (\w+ [\w-]+(?:, \w+ [\w-]+)*);/g;

export async function startModel(): Promise<Model> {
  const counts = new Map<string, Map<number, number>>();
  const served = await serve(async ({ body }) => {
    const { messages, tool_choice: choice } = Asked.parse(body);
    model.hear(JSON.stringify(body));
    if (typeof choice === 'object') {
      const said = messages.filter(({ role }) => role === 'user').map(({ content }) => content ?? '');
      return filled(choice.function.name, model.fill(said));
    }
    const about = messages.flatMap(({ content }) => ABOUT.exec(content ?? '')?.[1] ?? [])[0] ?? '';
    const answers = messages.filter(({ role }) => role === 'assistant').length;
    const counted = counts.get(about) ?? new Map<number, number>();
    counts.set(about, counted.set(answers, (counted.get(answers) ?? 0) + 1));
    if (model.answersAfterMs > 0) await new Promise((resume) => setTimeout(resume, model.answersAfterMs));
    return { status: 200, body: completion(answerTo(messages, choice !== 'none')) };
  });
  const model: Model = {
    url: `${served.url}/v1`,
    asked: (conversationId) => counts.get(conversationId) ?? new Map(),
    answersAfterMs: 0,
    hear: () => undefined,
    fill: () => ({ kind: 'json', text: '{}' }),
    stop: () => served.stop(),
  };
  return model;
}

function filled(form: string, answer: FormAnswer): { readonly status: number; readonly body: unknown } {
  switch (answer.kind) {
    case 'json':
      return { status: 200, body: completion(called([[form, answer.text]])) };
    case 'words':
      return { status: 200, body: completion({ content: answer.text }) };
    case 'down':
      return { status: 500, body: { error: { message: 'the model is down', type: 'server_error' } } };
    default:
      return answer satisfies never;
  }
}

interface Message {
  readonly role: string;
  readonly content?: string | null | undefined;
}

/** To all that was said since it last spoke: messages that came while it worked open a turn together. */
function answerTo(messages: readonly Message[], mayCall: boolean) {
  const spoke = messages.findLastIndex(({ role }) => role !== 'user');
  const said = messages.slice(spoke + 1).map(({ content }) => content ?? '');
  const text = messages.at(-1)?.content ?? '';
  const wishes = said.flatMap((words) => [...words.matchAll(WISHES)]).flatMap(([, wish = '']) => wish.split(', '));
  const calls = [...wishes.map(callOf), ...rawCallsIn(messages)];
  const speaks = text.includes(NOTE) || !mayCall || calls.length === 0;
  if (speaks) return { content: `I read: ${text.slice(-200)}` };
  return called(calls);
}

export function called(calls: readonly RawCall[]) {
  const toolCalls = calls.map(([name, args], index) => {
    return { index, id: `call-${name}-${index}`, type: 'function', function: { name, arguments: args } };
  });
  return { content: '', tool_calls: toolCalls };
}

function callOf(wish: string): RawCall {
  const [name = '', cents] = wish.split(' ');
  return [name, JSON.stringify({ order: ORDER, cents: Number(cents) })];
}

/** Whoever wrote them, a person or a far side. */
function rawCallsIn(messages: readonly Message[]): readonly RawCall[] {
  const spoke = messages.findLastIndex(({ role }) => role === 'assistant');
  const now = messages.slice(spoke + 1).filter(({ role }) => role !== 'system');
  const goesOn = now.some(({ role, content }) => role === 'user' && /^Go on\b/m.test(content ?? ''));
  const found = (pattern: RegExp, from: readonly Message[]) =>
    from.flatMap(({ content }) => [...(content ?? '').matchAll(pattern)].map(([, calls = '']) => calls));
  const heard = messages.filter(({ role }) => role === 'user' || role === 'tool');
  const texts = [...found(RAW, now), ...(goesOn ? found(LATER, heard) : [])];
  return texts
    .flatMap((calls) => calls.split(', '))
    .map((call): RawCall => {
      const [name = '', args = ''] = call.split(' ');
      return [name, Buffer.from(args, 'base64url').toString()];
    });
}

export function completion(message: { readonly content: string; readonly tool_calls?: readonly unknown[] }) {
  return {
    id: 'completion',
    object: 'chat.completion',
    model: 'model-of-the-proofs',
    choices: [
      {
        index: 0,
        message: { role: 'assistant', ...message },
        finish_reason: message.tool_calls === undefined ? 'stop' : 'tool_calls',
      },
    ],
    usage: { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 },
  };
}
