// How many tokens a text is. Every family of models has a tokenizer of its own; one of them is counted by for all, so that
// the same transcript is cut the same way whichever model answers. May import domain types and the tokenizer.
import type { Item } from '../../domain/item.ts';
import { textsToCount } from '../../domain/fitting.ts';

export type CountTokens = (text: string) => number;

// 256 UTF-16 units at a time: the work for a piece without blanks grows with the square of its length, and 32,000 units of
// emoji at once take seconds. A border that falls into a word costs a token or so: some two of a hundred.
const PIECE_CHARS = 256;
// 20,000 items: those of hundreds of conversations; items never change, so that each is counted once.
const MAX_KNOWN = 20_000;
// 512 characters: shorter ones are counted faster than they are looked up.
const WORTH_KNOWING_CHARS = 512;
// Encrypted thought, which nobody here can read: base64 of bytes of which some four are a token.
const OPAQUE_CHARS_PER_TOKEN = 4;

/** The tokenizer of OpenAI's models since GPT-4o. Its tables take 70 MB, so only who counts loads it. */
export async function loadTokenizer(): Promise<CountTokens> {
  const { countTokens } = await import('gpt-tokenizer/encoding/o200k_base');
  // What reads like one of its control words is text like any other here, where else it would throw.
  const asText = { disallowedSpecial: new Set<string>() };
  return (text) => pieces(text).reduce((sum, piece) => sum + countTokens(piece, asText), 0);
}

/** The tokens of items, each counted once. */
export function createItemCounter(countTokens: CountTokens): (item: Item) => number {
  const known = new Map<string, number>();
  return ({ id, body }) => {
    const texts = textsToCount(body);
    const opaqueTokens = body.kind === 'calls' ? Math.ceil(body.opaque.length / OPAQUE_CHARS_PER_TOKEN) : 0;
    const chars = texts.reduce((sum, { length }) => sum + length, 0);
    // The same item may be shown in part: calls without a result are left out of it.
    const key = `${id}:${chars}`;
    const found = known.get(key);
    if (found !== undefined) return found + opaqueTokens;
    const tokens = texts.reduce((sum, text) => sum + countTokens(text), 0);
    if (chars >= WORTH_KNOWING_CHARS) {
      if (known.size >= MAX_KNOWN) known.clear();
      known.set(key, tokens);
    }
    return tokens + opaqueTokens;
  };
}

function pieces(text: string): readonly string[] {
  const found: string[] = [];
  for (let from = 0; from < text.length; ) {
    const end = from + PIECE_CHARS;
    const splits = /[\uD800-\uDBFF]/.test(text[end - 1] ?? '') && end < text.length;
    found.push(text.slice(from, splits ? end - 1 : end));
    from = splits ? end - 1 : end;
  }
  return found;
}
