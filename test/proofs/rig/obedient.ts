// The worst of all models: it answers with the calls of its script, one answer after the other, and never refuses, repeats
// or reasons. It is told of nothing but what it is shown: which script it is at stands in the first words, and how far it
// has come in the ids of its own calls.
import { z } from 'zod';
import { waitFor } from '../support.ts';
import { type RawCall, called, completion, emptyForm, ToolChoice } from './model.ts';
import { serve } from './serve.ts';

/** What it answers, in order: the calls of each answer. */
export type Script = readonly (readonly RawCall[])[];

export interface Obedient {
  /** For OPENAI_BASE_URL. */
  readonly url: string;
  /** How many of its answers it has given of the script, whether or not anything came of them. */
  given(mark: string): number;
  /** It has nothing left to call for, and has said so. */
  isDone(mark: string): boolean;
  /** Wait until it is done. */
  untilDone(mark: string, limitMs: number): Promise<void>;
  /** Wait until it was let speak after so many of its answers: it has nothing left to call for, or people are asked. */
  untilItRests(mark: string, given: number, limitMs: number): Promise<void>;
  stop(): Promise<void>;
}

const Asked = z.object({
  messages: z.array(
    z.object({
      role: z.string(),
      content: z.string().nullish(),
      tool_calls: z.array(z.object({ id: z.string() })).nullish(),
    }),
  ),
  tool_choice: ToolChoice,
});
const MARK = /\[([bcdfghjklmnpqrstvwxz]+)\]/;
const CONSONANTS = 'bcdfghjklmnpqrstvwxz';
// 6 of 20: sixty-four million scripts.
const MARK_LETTERS = 6;

/** The mark of the n-th script: no word of any language, so that no value is found in it. */
export function markOf(nth: number): string {
  let left = nth;
  const letters = Array.from({ length: MARK_LETTERS }, () => {
    const letter = CONSONANTS[left % CONSONANTS.length] ?? '';
    left = Math.floor(left / CONSONANTS.length);
    return letter;
  });
  return letters.join('');
}

/** What a caller says, so that the model knows its script. */
export const wordsWith = (mark: string, words: string): string => `${words}\n[${mark}]`;

export async function startObedient(scriptOf: (mark: string) => Script | undefined): Promise<Obedient> {
  const given = new Map<string, number>();
  const done = new Set<string>();
  const rested = new Map<string, number>();
  const served = await serve(({ body }) => {
    const { messages, tool_choice: choice = 'auto' } = Asked.parse(body);
    const form = emptyForm(choice);
    if (form !== undefined) return { status: 200, body: completion(called(form)) };
    const mark = messages.flatMap(({ content }) => MARK.exec(content ?? '')?.[1] ?? [])[0] ?? '';
    const script = scriptOf(mark);
    if (script === undefined) return { status: 400, body: { error: { message: `there is no script ${mark}` } } };
    const last = messages.findLast(({ tool_calls: calls }) => (calls ?? []).length > 0)?.tool_calls?.[0]?.id;
    const next = last === undefined ? 0 : placeIn(last) + 1;
    const calls = choice === 'none' ? undefined : script[next];
    if (calls === undefined) {
      rested.set(mark, given.get(mark) ?? 0);
      if (choice !== 'none') done.add(mark);
      return { status: 200, body: completion({ content: choice === 'none' ? 'I wait.' : 'That is all.' }) };
    }
    given.set(mark, Math.max(given.get(mark) ?? 0, next + 1));
    return { status: 200, body: completion(placed(calls, next)) };
  });
  return {
    url: `${served.url}/v1`,
    given: (mark) => given.get(mark) ?? 0,
    isDone: (mark) => done.has(mark),
    async untilDone(mark, limitMs) {
      await waitFor(`the end of the script ${mark}`, limitMs, () => done.has(mark));
    },
    async untilItRests(mark, least, limitMs) {
      await waitFor(
        `a rest after ${least} answers of the script ${mark}`,
        limitMs,
        () => (rested.get(mark) ?? 0) >= least,
      );
    },
    stop: () => served.stop(),
  };
}

/** Its place in the script stands in the id of each call, which comes back with the result. */
function placed(calls: readonly RawCall[], place: number) {
  const message = called(calls);
  const marked = message.tool_calls.map((call, at) => ({ ...call, id: `at-${place}-${at}` }));
  return { ...message, tool_calls: marked };
}

const placeIn = (callId: string): number => Number(callId.split('-')[1]);
