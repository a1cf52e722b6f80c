// The model of the proofs: an OpenAI-compatible server whose answer depends on nothing but the transcript it is shown,
// and which counts what it was asked. A caller's words are answered with the calls look, note and pay at once; results
// and reports with plain words.
import { z } from 'zod';
import { serve } from './serve.ts';

export interface Model {
  /** For OPENAI_BASE_URL. */
  readonly url: string;
  /** How often it was asked about the conversation, by how many of its own answers it was shown. */
  asked(conversationId: string): ReadonlyMap<number, number>;
  stop(): Promise<void>;
}

/** What a caller writes, so that the model knows which conversation it is shown. */
export const wordsFor = (conversationId: string): string => `Please see to order 7 [${conversationId}]`;

const Asked = z.object({
  messages: z.array(z.object({ role: z.string(), content: z.string().nullish() })),
  tool_choice: z.string().optional(),
});
const ABOUT = /\[([\w-]+)\]$/m;
/** What a report begins with; it stands in the place of a caller's words. */
const NOTE = '[note of the system';
const CALLS = [
  ['look', { order: 7, cents: 1 }],
  ['note', { order: 7, cents: 50 }],
  ['pay', { order: 7, cents: 7_200 }],
] as const;

export async function startModel(): Promise<Model> {
  const counts = new Map<string, Map<number, number>>();
  const served = await serve(({ body }) => {
    const { messages, tool_choice: choice } = Asked.parse(body);
    const about = messages.flatMap(({ content }) => ABOUT.exec(content ?? '')?.[1] ?? [])[0] ?? '';
    const answers = messages.filter(({ role }) => role === 'assistant').length;
    const counted = counts.get(about) ?? new Map<number, number>();
    counts.set(about, counted.set(answers, (counted.get(answers) ?? 0) + 1));
    return { status: 200, body: completion(answerTo(messages.at(-1), choice !== 'none')) };
  });
  return {
    url: `${served.url}/v1`,
    asked: (conversationId) => counts.get(conversationId) ?? new Map(),
    stop: () => served.stop(),
  };
}

interface Message {
  readonly role: string;
  readonly content?: string | null | undefined;
}

function answerTo(last: Message | undefined, mayCall: boolean) {
  const text = last?.content ?? '';
  if (last?.role !== 'user' || text.includes(NOTE) || !mayCall) return { content: `I read: ${text.slice(-200)}` };
  const toolCalls = CALLS.map(([name, args], index) => ({
    index,
    id: `call-${name}`,
    type: 'function',
    function: { name, arguments: JSON.stringify(args) },
  }));
  return { content: '', tool_calls: toolCalls };
}

function completion(message: { readonly content: string; readonly tool_calls?: readonly unknown[] }) {
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
