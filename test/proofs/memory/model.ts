// The model of the proof `memory`: it makes the calls that whoever wrote to it last names, says again all that it is told is
// remembered, and keeps every prompt that it was shown.
import { z } from 'zod';
import { called, completion, emptyForm, type RawCall, ToolChoice } from '../rig/model.ts';
import { serve } from '../rig/serve.ts';

export interface Recorder {
  readonly url: string;
  /** All that it was shown in the conversation, oldest first. */
  promptsOf(conversationId: string): readonly string[];
  stop(): Promise<void>;
}

const Asked = z.object({
  messages: z.array(z.object({ role: z.string(), content: z.string().nullish() })),
  tool_choice: ToolChoice,
});
const CALLS = /Calls: (\w+ [\w-]+(?:, \w+ [\w-]+)*)/g;
const ABOUT = /\[([\w-]+)\]$/m;
const REMEMBERED = /\[note of the system: what is remembered[\s\S]*/;

export async function startRecorder(): Promise<Recorder> {
  const prompts = new Map<string, string[]>();
  const served = await serve(({ body }) => {
    const { messages, tool_choice: choice } = Asked.parse(body);
    const texts = messages.map(({ content }) => content ?? '');
    const about = texts.flatMap((text) => ABOUT.exec(text)?.[1] ?? [])[0] ?? '';
    prompts.set(about, [...(prompts.get(about) ?? []), texts.join('\n')]);
    const calls = emptyForm(choice) ?? (choice === 'none' ? [] : callsIn(messages));
    if (calls.length > 0) return { status: 200, body: completion(called(calls)) };
    const known = REMEMBERED.exec(texts.join('\n'))?.[0] ?? 'nothing';
    return { status: 200, body: completion({ content: `What I was told of you: ${known}` }) };
  });
  return { url: `${served.url}/v1`, promptsOf: (id) => prompts.get(id) ?? [], stop: () => served.stop() };
}

function callsIn(messages: z.output<typeof Asked>['messages']): readonly RawCall[] {
  const spoke = messages.findLastIndex(({ role }) => role === 'assistant');
  return messages
    .slice(spoke + 1)
    .filter(({ role }) => role === 'user' || role === 'tool')
    .flatMap(({ content }) => [...(content ?? '').matchAll(CALLS)].map(([, calls = '']) => calls))
    .flatMap((calls) => calls.split(', '))
    .map((call): RawCall => {
      const [name = '', args = ''] = call.split(' ');
      return [name, Buffer.from(args, 'base64url').toString()];
    });
}
