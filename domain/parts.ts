// A result that is too long to be shown whole: what of it a model sees, and how it reads on. The whole stays with the
// action that it came of. Pure. May import domain only.
import type { Json } from './json.ts';
import { cutText } from './text.ts';

// 8,000 characters, some 2,000 tokens: a record with its lines, or a long mail. Sixty of them are what a model is offered.
export const MAX_SHOWN_CHARS = 8_000;
// 6,000 from the beginning, where lists and mails say what they are, and 1,500 from the end, where logs and totals are;
// what is left of the 8,000 is for the sentence between them.
const HEAD_CHARS = 6_000;
const TAIL_CHARS = 1_500;
// 7,500: the next part with its first line is shown whole.
const PART_CHARS = 7_500;

/** The tool that every agent with tools has, so that what is left out of a result can be read. */
export const READ_MORE = 'read_more';

/** What a result is as a text, of which characters are counted. A tool that is not type-checked may give back nothing. */
export const resultText = (result: Json | undefined): string =>
  typeof result === 'string' ? result : JSON.stringify(result ?? null);

/** What a model is shown of a result at first: all of it, or its two ends. `place`: its action's, in the conversation. */
export function shownResult(text: string, place: string): string {
  if (text.length <= MAX_SHOWN_CHARS) return text;
  const head = text.slice(0, bordering(text, HEAD_CHARS));
  const tailFrom = bordering(text, text.length - TAIL_CHARS);
  const left = tailFrom - head.length;
  const sentence = `${left} of ${text.length} characters are left out here; ${howToRead(place, head.length)} shows them`;
  return `${head}\n[${sentence}]\n${text.slice(tailFrom)}`;
}

/** One part of it, from a character on, with a first line that says where it stands and how to read on. */
export function partOf({ text, tool, place }: EarlierResult, from: number): string {
  if (from >= text.length) return `[${tool} gave back ${text.length} characters; there are none from ${from} on]`;
  const start = bordering(text, from);
  const part = cutText(text.slice(start), PART_CHARS);
  const end = start + part.length;
  const next = end < text.length ? `; ${howToRead(place, end)} shows on` : ', to its end';
  return `[characters ${start} to ${end} of the ${text.length} that ${tool} gave back${next}]\n${part}`;
}

/** The line that stands in the place of a result for which there is no room any more. */
export function reducedText({ tool, text, place }: Pick<EarlierResult, 'tool' | 'text'> & { readonly place?: string }) {
  const how = place === undefined ? 'call it again where it matters' : `${howToRead(place, 0)} shows it again`;
  return `[left out, for there is no room: what ${tool} gave back, of which ${text.length} characters were shown; ${how}]`;
}

/** The call that shows it from a character on. */
export const howToRead = (place: string, from: number): string => `${READ_MORE}({"result":"${place}","from":${from}})`;

/** What an earlier action of the same conversation gave back, for the tool that reads it on. */
export interface EarlierResult {
  readonly place: string;
  readonly tool: string;
  /** The whole of it. */
  readonly text: string;
  /** The label that it was shown under. */
  readonly trust: 'record' | 'untrusted';
  /** For whom it was read. */
  readonly principalId: string;
}

/** The place itself, or one before it where it would split a character. */
function bordering(text: string, at: number): number {
  const splits = /[\uDC00-\uDFFF]/.test(text[at] ?? '') && /[\uD800-\uDBFF]/.test(text[at - 1] ?? '');
  return splits ? at - 1 : at;
}
