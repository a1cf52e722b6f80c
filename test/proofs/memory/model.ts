// The model of the proofs `memory` and `ttl`: it makes the calls that whoever wrote to it last names, says what it is
// told to, or else all that it is told is remembered, and keeps every prompt that it was shown.
import { z } from 'zod';
import { called, completion, emptyForm, type RawCall, ToolChoice } from '../rig/model.ts';
import { serve } from '../rig/serve.ts';

export interface Recorder {
  readonly url: string;
  /** All that it was shown in the conversation, oldest first. */
  promptsOf(conversationId: string): readonly string[];
  /** Every request, whole, oldest first. */
  readonly heard: readonly string[];
  stop(): Promise<void>;
}

const Asked = z.object({
  messages: z.array(z.object({ role: z.string(), content: z.string().nullish() })),
  tool_choice: ToolChoice,
});
const CALLS = /Calls: (\w+ [\w-]+(?:, \w+ [\w-]+)*)/g;
/** As base64url: what it says then stands nowhere else. */
export const wordsToSay = (words: string): string => `Say: ${Buffer.from(words).toString('base64url')}.`;
const SAY = /Say: ([\w-]+)\./;
const REREAD = /read it again with (\w+)/;
const ABOUT = /\[([\w-]+)\]$/m;
const REMEMBERED = /\[note of the system: what is remembered[\s\S]*/;

/** `rereads`: told that what it rests on is stale, it reads the record that it is told of. */
export async function startRecorder({ rereads = false } = {}): Promise<Recorder> {
  const prompts = new Map<string, string[]>();
  const heard: string[] = [];
  const served = await serve(({ body }) => {
    const { messages, tool_choice: choice } = Asked.parse(body);
    heard.push(JSON.stringify(body));
    const texts = messages.map(({ content }) => content ?? '');
    const about = texts.flatMap((text) => ABOUT.exec(text)?.[1] ?? [])[0] ?? '';
    prompts.set(about, [...(prompts.get(about) ?? []), texts.join('\n')]);
    const calls = emptyForm(choice) ?? (choice === 'none' ? [] : callsIn(messages, rereads));
    if (calls.length > 0) return { status: 200, body: completion(called(calls)) };
    const [, words] = SAY.exec(texts.findLast((text) => SAY.test(text)) ?? '') ?? [];
    if (words !== undefined)
      return { status: 200, body: completion({ content: Buffer.from(words, 'base64url').toString() }) };
    const known = REMEMBERED.exec(texts.join('\n'))?.[0] ?? 'nothing';
    return { status: 200, body: completion({ content: `What I was told of you: ${known}` }) };
  });
  return { url: `${served.url}/v1`, promptsOf: (id) => prompts.get(id) ?? [], heard, stop: () => served.stop() };
}

function callsIn(messages: z.output<typeof Asked>['messages'], rereads: boolean): readonly RawCall[] {
  const spoke = messages.findLastIndex(({ role }) => role === 'assistant');
  const now = messages.slice(spoke + 1);
  const told = now
    .filter(({ role }) => role === 'tool')
    .flatMap(({ content }) => REREAD.exec(content ?? '')?.[1] ?? []);
  if (rereads && told.length > 0) return told.map((tool): RawCall => [tool, '{}']);
  return now
    .filter(({ role }) => role === 'user' || role === 'tool')
    .flatMap(({ content }) => [...(content ?? '').matchAll(CALLS)].map(([, calls = '']) => calls))
    .flatMap((calls) => calls.split(', '))
    .map((call): RawCall => {
      const [name = '', args = ''] = call.split(' ');
      return [name, Buffer.from(args, 'base64url').toString()];
    });
}
