// What stands in the place of exchanges that are shown no more. Nothing is worded anew: a summary is whole sentences of its
// sources, each with who said it, and the marks of the rest. A model may choose the sentences, and code checks the choice;
// where it does not hold, code chooses. So no summary says what nobody said, however often it is taken on.
// Deterministic. Pure. May import domain only.
import { type Item, LEFT_OUT, type SummaryLine } from './item.ts';
import { marksIn } from './marks.ts';
import { howToRead } from './parts.ts';
import { sentencesOf, sentencesWith } from './sentences.ts';

/** One thing that was said, as it may be quoted. */
export interface Said {
  readonly item: Item;
  readonly who: string;
  readonly sentences: readonly string[];
  /** The lower the more its marks matter; undefined where they can be read again. */
  readonly rank?: number;
}

export interface SummaryRoom {
  /** Of the whole summary. */
  readonly maxTokens: number;
  readonly tokensOf: (text: string) => number;
}

/** What a model chose: words of the source of that number. */
export interface Quote {
  readonly of: number;
  readonly words: string;
}

type Chosen =
  | { readonly kind: 'holds'; readonly lines: readonly SummaryLine[] }
  | { readonly kind: 'rejected'; readonly why: string };

// 600 characters: a longer result is read again, by the line that says how; its figures are those of a list.
const SHORT_RESULT_CHARS = 600;
// 60 marks: more in twenty exchanges are a list; the rest is named without its sentence.
const MAX_DEMANDED = 60;
// 200: more sentences than there is room for.
const MAX_PICKS = 200;
// 80 characters of a name.
const MAX_WHO_CHARS = 80;

/** What there is to quote, in order. */
export function saidIn(items: readonly Item[]): readonly Said[] {
  return items.flatMap((item): readonly Said[] => {
    const { body } = item;
    const said = (who: string, text: string, rank?: number): Said => ({
      ...{ item, who: who.replace(/\s+/gu, ' ').slice(0, MAX_WHO_CHARS), sentences: sentencesOf(text) },
      ...(rank === undefined ? {} : { rank }),
    });
    switch (body.kind) {
      case 'report':
        return [said('a report', body.text, 0)];
      case 'message':
      case 'staff_reply':
        return [said(body.from.name, body.text, 1)];
      case 'reply':
        return [said('you', body.text, 2)];
      case 'calls': {
        const made = body.calls.map(({ tool, argumentsText }) => `${tool}(${argumentsText})`);
        return [said('you', [body.text, ...made].join('\n'), 3)];
      }
      case 'tool_result':
        if (body.text.length <= SHORT_RESULT_CHARS || body.place === undefined)
          return [said(body.tool, body.text, body.text.length <= SHORT_RESULT_CHARS ? 4 : undefined)];
        return [said(body.tool, body.text), said(body.tool, `${howToRead(body.place, 0)} shows what it gave back.`, 4)];
      case 'facts':
      case 'summary':
        return [];
      default:
        return body satisfies never;
    }
  });
}

/** The marks that must stand in what is chosen, the most telling first. */
export function demandedOf(said: readonly Said[]): readonly string[] {
  const ranked = said.filter(({ rank }) => rank !== undefined).toSorted((one, other) => rankOf(one) - rankOf(other));
  return [...new Set(ranked.flatMap(marksOf))].slice(0, MAX_DEMANDED);
}

/** How many tokens the new sentences of one compaction may be: fewer than what they stand for, and half of the summary. */
export function roomForNew(said: readonly Said[], { maxTokens, tokensOf }: SummaryRoom): number {
  const most = Math.floor(maxTokens / 2);
  let all = 0;
  for (const sentence of said.flatMap(({ sentences }) => sentences)) {
    all += tokensOf(sentence);
    // Counting takes its time, and of megabytes nobody need know how many tokens they are.
    if (all > most) return most;
  }
  return all - 1;
}

/**
 * What a model chose, where it holds: all of it stands in the source that it names, no demanded mark is missing, and it is
 * short enough. Its words become the whole sentences around them, in the order in which they were said.
 */
export function choose(said: readonly Said[], picks: readonly Quote[], room: SummaryRoom): Chosen {
  const rejected = (why: string): Chosen => ({ kind: 'rejected', why });
  if (picks.length > MAX_PICKS) return rejected(`these are ${picks.length} quotes; make it ${MAX_PICKS} at most`);
  const taken = said.map(() => new Set<string>());
  for (const { of, words } of picks) {
    const found = sentencesWith(said[of - 1]?.sentences ?? [], words);
    if (found === undefined) return rejected(`source ${of} does not say ${JSON.stringify(words.slice(0, 120))}`);
    for (const sentence of found) taken[of - 1]?.add(sentence);
  }
  const lines = linesOf(said, (at, sentence) => taken[at]?.has(sentence) === true);
  const missing = demandedOf(said).filter((mark) => !stands(mark, lines));
  if (missing.length > 0) return rejected(`no quote has ${missing.join(', ')}`);
  if (lines.length === 0) return rejected('there is no quote');
  const [tokens, most] = [tokensIn(lines, room), roomForNew(said, room)];
  if (tokens > most) return rejected(`the sentences are ${tokens} tokens; make it ${most} at most`);
  return { kind: 'holds', lines };
}

/**
 * Chosen by code: what was said first and last of everything that people and the model said, how actions ended, and every
 * sentence that has a demanded mark first; no more than there is room for.
 */
export function chooseByCode(said: readonly Said[], room: SummaryRoom): readonly SummaryLine[] {
  const left = new Set(demandedOf(said));
  const taken = said.map(() => new Set<string>());
  let tokens = roomForNew(said, room);
  const take = (at: number, sentence: string): void => {
    const cost = room.tokensOf(sentence);
    if (cost > tokens || taken[at]?.has(sentence)) return;
    tokens -= cost;
    taken[at]?.add(sentence);
    for (const mark of marksIn(sentence)) left.delete(mark);
  };
  const inOrder = [...said.keys()].filter((at) => said[at]?.rank !== undefined);
  for (const at of inOrder.toSorted((one, other) => rankOf(said[one]) - rankOf(said[other]))) {
    for (const sentence of said[at]?.sentences ?? []) {
      if (marksIn(sentence).some((mark) => left.has(mark))) take(at, sentence);
    }
  }
  for (const at of inOrder) {
    const { sentences = [], rank } = said[at] ?? {};
    const [first, last] = [sentences[0], sentences.at(-1)];
    if (first !== undefined && rank !== 3) take(at, first);
    if (last !== undefined && (rank === 1 || rank === 2)) take(at, last);
  }
  return linesOf(said, (at, sentence) => taken[at]?.has(sentence) === true);
}

const rankOf = (one: Said | undefined): number => one?.rank ?? Infinity;
const marksOf = ({ sentences }: Said): readonly string[] => sentences.flatMap(marksIn);

function linesOf(said: readonly Said[], isTaken: (at: number, sentence: string) => boolean): readonly SummaryLine[] {
  return said.flatMap(({ item: { id: itemId, turn }, who, sentences }, at): readonly SummaryLine[] => {
    const words = joined(sentences, (sentence) => isTaken(at, sentence));
    return words === '' ? [] : [{ itemId, turn, who, words }];
  });
}

/** With a sign where something is left out between two, so that they do not run into what nobody said. */
function joined(sentences: readonly string[], isTaken: (sentence: string) => boolean): string {
  let words = '';
  let last = -1;
  for (const [at, sentence] of sentences.entries()) {
    if (!isTaken(sentence)) continue;
    words += words === '' ? sentence : at === last + 1 ? ` ${sentence}` : LEFT_OUT + sentence;
    last = at;
  }
  return words;
}

const stands = (mark: string, lines: readonly SummaryLine[]): boolean =>
  lines.some(({ words }) => marksIn(words).includes(mark));

const tokensIn = (lines: readonly SummaryLine[], { tokensOf }: SummaryRoom): number =>
  lines.reduce((sum, { words }) => sum + tokensOf(words), 0);
