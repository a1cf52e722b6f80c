// What somebody wrote, made comparable: one form for widths, blanks, quotation marks and case, and where a quote stands
// in it. Pure; may import nothing.

/** One message, in two forms of the same length: as it reads, and without case. */
export interface SaidText {
  readonly itemId: string;
  readonly plain: string;
  readonly folded: string;
}

/** A stretch of a text, in UTF-16 units; `end` is after it. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

export const saidText = (itemId: string, text: string): SaidText => {
  const plain = plainForm(text);
  return { itemId, plain, folded: fold(plain) };
};

/** A quote or a phrase in the form in which texts are searched. */
export const folded = (text: string): string => fold(plainForm(text));

/** Compatible characters are one (NFKC), what is invisible is gone, quotation marks and dashes are typed, blanks single. */
function plainForm(text: string): string {
  return text
    .normalize('NFKC')
    .replace(/\p{Cf}/gu, '')
    .replace(/[\u2018\u2019\u201a\u201b\u2032\u00b4`]/g, "'")
    .replace(/[\u201c\u201d\u201e\u201f\u2033\u00ab\u00bb]/g, '"')
    .replace(/[\u2010-\u2015\u2212]/g, '-')
    .replace(/\s+/g, ' ')
    .trim();
}

/** Character by character, where the small letter is as long: both forms must have the same places. */
const fold = (text: string): string =>
  text.replace(/./gsu, (character) => {
    const small = character.toLowerCase();
    return small.length === character.length ? small : character;
  });

// 50: nobody repeats a quote more often in one message; a search is bounded by it.
export const MAX_OCCURRENCES = 50;

/** Where the words stand in the text, on the borders of words: "art" does not stand in "part". Both are folded. */
export function placesOf(text: string, words: string): readonly Span[] {
  const places: Span[] = [];
  if (words === '') return places;
  for (let at = text.indexOf(words); at !== -1; at = text.indexOf(words, at + 1)) {
    const span = { start: at, end: at + words.length };
    if (isOnBorders(text, span)) places.push(span);
    if (places.length >= MAX_OCCURRENCES) break;
  }
  return places;
}

const WORD_AT_END = /[\p{L}\p{N}\p{M}_]$/u;
const WORD_AT_START = /^[\p{L}\p{N}\p{M}_]/u;

/** No word goes on over either end of the span. */
export function isOnBorders(text: string, { start, end }: Span): boolean {
  // Two units on each side: a letter may be a surrogate pair.
  const before = text.slice(Math.max(0, start - 2), start);
  const inside = text.slice(start, end);
  const after = text.slice(end, end + 2);
  const goesOnBefore = WORD_AT_END.test(before) && WORD_AT_START.test(inside);
  const goesOnAfter = WORD_AT_END.test(inside) && WORD_AT_START.test(after);
  return !goesOnBefore && !goesOnAfter;
}

export const isWithin = (inner: Span, outer: Span): boolean => outer.start <= inner.start && inner.end <= outer.end;
