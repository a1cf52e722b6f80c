// The model of the proof `flat`: an OpenAI-compatible server that reads the leaves it is told of, so many at a time, and
// then says so. How far it has come stands in its own last calls, which is all that it looks at.
import { z } from 'zod';
import { called, completion, emptyForm, type RawCall, ToolChoice } from '../rig/model.ts';
import { serve } from '../rig/serve.ts';

const Asked = z.object({
  messages: z.array(
    z.object({
      role: z.string(),
      content: z.string().nullish(),
      tool_calls: z.array(z.object({ function: z.object({ arguments: z.string() }) })).nullish(),
    }),
  ),
  tool_choice: ToolChoice,
});
type Message = z.output<typeof Asked>['messages'][number];

/** What a caller writes for these leaves to be read, so many in each answer. */
export const wordsForLeaves = (from: number, to = from, atOnce = 1): string => `Leaves ${from} to ${to} by ${atOnce}.`;

const LEAVES = /^Leaves (\d+) to (\d+) by (\d+)\.$/m;
const LAST_LEAF = /"leaf":(\d+)/;
// Every tenth leaf: effects to count, and few enough that reading is what costs.
export const NOTED_EVERY = 10;
const ORDER = 7;
// 4 characters to a token: roughly; what is held is counted by the system's own tokenizer.
const CHARS_PER_TOKEN = 4;

export async function startReader() {
  const served = await serve(({ body }) => {
    const { messages, tool_choice: choice } = Asked.parse(body);
    const chars = messages.reduce((sum, { content }) => sum + (content ?? '').length, 0);
    const calls = emptyForm(choice) ?? nextCalls(messages);
    const isSpoken = choice === 'none' || calls.length === 0;
    const answer = completion(isSpoken ? { content: 'I have read it.' } : called(calls));
    const promptTokens = Math.ceil(chars / CHARS_PER_TOKEN);
    return { status: 200, body: { ...answer, usage: { ...answer.usage, prompt_tokens: promptTokens } } };
  });
  return { url: `${served.url}/v1`, stop: () => served.stop() };
}

function nextCalls(messages: readonly Message[]): readonly RawCall[] {
  const asked = messages.findLast(({ role }) => role === 'user')?.content ?? '';
  const [, from = 0, to = 0, atOnce = 0] = (LEAVES.exec(asked) ?? []).map(Number);
  const spoke = messages.findLastIndex(({ role }) => role === 'user');
  const own = messages.slice(spoke).flatMap(({ tool_calls: calls }) => calls ?? []);
  const read = own.map((call) => Number(LAST_LEAF.exec(call.function.arguments)?.[1] ?? 0));
  const next = Math.max(from - 1, ...read) + 1;
  if (atOnce === 0 || next > to) return [];
  const leaves = Array.from({ length: Math.min(atOnce, to - next + 1) }, (_, at) => next + at);
  return [
    ...leaves.map((leaf): RawCall => ['leaf', JSON.stringify({ leaf })]),
    ...leaves
      .filter((leaf) => leaf % NOTED_EVERY === 0)
      .map((leaf): RawCall => ['note', JSON.stringify({ order: ORDER, cents: leaf })]),
  ];
}
