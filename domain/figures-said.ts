// Amounts of money and counts as people write them, read by code. What looks like one and has no certain value is found
// too, with null: it must not pass for not said. Where one can be read in two ways, both are found. Pure. May import domain.
import type { Amount } from './entitlement.ts';
import { folded, placesOf, type Span } from './said.ts';

/** A stretch of a text that says a value; null where code cannot read which. */
export interface Mention<Value> extends Span {
  readonly value: Value | null;
}

// Words that make another figure of the one before them: "2 million". Of a figure beside one, code reads nothing.
const SCALES =
  'k|m|mn|mm|mio|bn|b|tsd|mrd|hundred|thousand|grand|millions?|billions?|trillions?|lakh|crore|dozen|' +
  'hundert|tausend|millionen|milliarden?|dutzend';
const SCALE_AFTER = new RegExp(`^\\s?(?:${SCALES})(?!\\p{L})`, 'u');

// Currencies with a hundred of the smallest unit. "Pound" is no word of one: it is a weight as well.
const CURRENCY_OF: Readonly<Record<string, string>> = {
  ...{
    '€': 'EUR',
    eur: 'EUR',
    euro: 'EUR',
    euros: 'EUR',
    $: 'USD',
    us$: 'USD',
    usd: 'USD',
    dollar: 'USD',
    dollars: 'USD',
  },
  ...{ '£': 'GBP', gbp: 'GBP', chf: 'CHF' },
};
// TEUR, kEUR and the like are of no currency here: thousands of one, which is not read.
const CURRENCY = /[€£]|(?<!\p{L})(?:us)?\$|\p{L}{1,3}\$|(?<!\p{L})(?:[tkm]?eur|euros?|usd|dollars?|gbp|chf)(?!\p{L})/gu;
/** "50 cents" is a part of an amount or all of it: not read, and not passed over. */
const CENTS = /(?<!\p{L})cents?(?!\p{L})/gu;

/** Amounts with their currency. A figure without one is none; a currency without a figure ("seven euros") is not read. */
export function moneyIn(text: string): readonly Mention<Amount>[] {
  const amounts = [...text.matchAll(CURRENCY)].flatMap(({ 0: word, index }): readonly Mention<Amount>[] => {
    const unit = { start: index, end: index + word.length };
    const figures = figuresBeside(text, unit);
    if (figures.length === 0) return [{ ...unit, value: null }];
    return figures.map(({ token, start, end }) => {
      // HK$ and A$ are dollars of somebody else.
      const minorUnits = minorUnitsIn(token);
      const currency = CURRENCY_OF[word];
      const isRead = minorUnits !== undefined && currency !== undefined && !isJoined(text, { start, end });
      return { start, end, value: isRead ? { currency, minorUnits } : null };
    });
  });
  const cents = [...text.matchAll(CENTS)].map(({ 0: word, index }) => {
    return { start: index, end: index + word.length, value: null };
  });
  return [...amounts, ...cents];
}

/** Whole numbers before one of the units, in digits or in words up to twelve. A unit by itself counts nothing. */
export function countsIn(text: string, units: readonly string[]): readonly Mention<number>[] {
  const places = units.flatMap((unit) => placesOf(text, folded(unit)));
  return places.flatMap((unit): readonly Mention<number>[] => {
    const figures = figuresBefore(text, unit);
    if (figures.length > 0) {
      return figures.map(({ token, ...span }) => {
        return { ...inSpan(span), value: isJoined(text, span) ? null : wholeIn(token) };
      });
    }
    const found = WORDS_BEFORE.exec(text.slice(0, unit.start).slice(-FIGURE_CHARS));
    const { word = '', prior = '' } = found?.groups ?? {};
    const span = { start: unit.start - word.length - 1, end: unit.end };
    // "twenty-two", "ten thousand", "10 k": more than the last word says, and not read.
    if (LARGE.test(word) || LARGE.test(prior)) return [{ ...span, value: null }];
    const count = NUMBER_WORDS.indexOf(word);
    return count <= 0 ? [] : [{ ...span, value: count }];
  });
}

const WORDS_BEFORE = /(?:(?<prior>\p{L}+)(?:-| (?:and )?))?(?<word>\p{L}+) $/u;
const TEENS = 'thirteen fourteen fifteen sixteen seventeen eighteen nineteen'.split(' ');
const TENS = 'twenty thirty forty fifty sixty seventy eighty ninety'.split(' ');
const LARGE = new RegExp(`^(?:${[...TEENS, ...TENS].join('|')}|${SCALES})$`, 'u');
const NUMBER_WORDS = 'zero one two three four five six seven eight nine ten eleven twelve'.split(' ');

const JOINS = 'x|×|\\*|to|bis|or|oder|plus|minus|\\+|-|–|/';
// A figure with a currency of its own is another amount.
const OWN = String.raw`(?<!(?:${CURRENCY.source})\s?[\d.,']*)\d`;
const JOINED_BEFORE = new RegExp(String.raw`(?:${OWN}\.?\s?(?:${JOINS})|(?<!\p{L})(?:minus|${SCALES}))\s?$`, 'u');
const JOINED_AFTER = new RegExp(String.raw`^\s?(?:${JOINS})\s?\d[\d.,']*(?![\d.,']|\s?(?:${CURRENCY.source}))`, 'u');

/** "2 x 500 EUR", "EUR 72 to 900", "5 thousand 3 EUR", "minus 5 EUR": a part of what is said, and not all of it. */
function isJoined(text: string, { start, end }: Span): boolean {
  const [before, after] = [text.slice(Math.max(0, start - FIGURE_CHARS), start), text.slice(end, end + FIGURE_CHARS)];
  return JOINED_BEFORE.test(before) || JOINED_AFTER.test(after);
}

// 40 characters: no figure of nine digits is as long, however it is grouped.
const FIGURE_CHARS = 40;

/** A figure with its unit. `token` '' where it is part of something else, such as 1e9 or -5. */
interface Figure extends Span {
  readonly token: string;
  readonly isGlued: boolean;
}

const inSpan = ({ start, end }: Span): Span => ({ start, end });

/** The figures that may belong to the unit: the one that touches it; where none or both do, both sides. */
function figuresBeside(text: string, unit: Span): readonly Figure[] {
  const before = figuresBefore(text, unit);
  const after = figuresAfter(text, unit);
  const [first] = after;
  if (first === undefined) return before;
  if (before.length === 0) return after;
  if (first.token === '') return before;
  if (before.some(({ isGlued }) => isGlued !== first.isGlued)) return first.isGlued ? after : before;
  return [...before, ...after];
}

const BEFORE = /(?<lead>^|[^\d.,'])(?<token>\d(?:[\d.,']*\d)?)(?<gap> ?)$/u;
// What may stand before a figure so that it is all of it.
const LEAD = /^(?:[\s(:"=[]|)$/u;
const IN_GROUPS = /(?:^|[\s(:"=[])(?<token>\d{1,3}(?: \d{3})+(?:[.,]\d{1,2})?) ?$/u;

function figuresBefore(text: string, unit: Span): readonly Figure[] {
  const prefix = text.slice(0, unit.start).slice(-FIGURE_CHARS);
  const found = BEFORE.exec(prefix)?.groups;
  if (found === undefined) return [];
  const { lead = '', token = '', gap = '' } = found;
  const isGlued = gap === '';
  const figure = (of: string): Figure => {
    return { token: of.replaceAll(' ', ''), isGlued, start: unit.start - gap.length - of.length, end: unit.end };
  };
  if (!LEAD.test(lead)) return [{ ...figure(token), token: '' }];
  // "2 100" is two thousand and one hundred, or two of a hundred each.
  const grouped = IN_GROUPS.exec(prefix)?.groups?.['token'];
  return grouped === undefined ? [figure(token)] : [figure(token), figure(grouped)];
}

const AFTER = /^(?<gap> ?)(?<sign>[-+]?)(?<token>\d(?:[\d.,']*\d)?)(?<next>[\p{L}\p{N}/%:-]?)/u;
const GROUPS_AFTER = /^\d{1,3}(?: \d{3})+(?:[.,]\d{1,2})?(?![\p{L}\p{N}/%:-])/u;

function figuresAfter(text: string, unit: Span): readonly Figure[] {
  const rest = text.slice(unit.end, unit.end + FIGURE_CHARS);
  const found = AFTER.exec(rest);
  if (found?.groups === undefined) return [];
  const { gap = '', sign = '', token = '', next = '' } = found.groups;
  const start = gap.length + sign.length;
  const figure = (of: string, isWhole: boolean): Figure => {
    const isRead = sign === '' && isWhole && !SCALE_AFTER.test(rest.slice(start + of.length));
    const end = unit.end + start + of.length;
    return { token: isRead ? of.replaceAll(' ', '') : '', isGlued: gap === '', start: unit.start, end };
  };
  const grouped = GROUPS_AFTER.exec(rest.slice(start))?.[0];
  return [figure(token, next === ''), ...(grouped === undefined ? [] : [figure(grouped, true)])];
}

/** "72", "72.5", "72,00", "1.234,56", "1,234.56", "1'234.56" in hundredths; undefined for all else, such as "0.001". */
export function minorUnitsIn(token: string): number | undefined {
  const found = POINTS.exec(token)?.groups ?? COMMAS.exec(token)?.groups;
  if (found === undefined) return undefined;
  const { whole = '', part = '' } = found;
  return Number(whole.replace(/\D/g, '')) * 100 + Number(part.padEnd(2, '0'));
}

const POINTS = /^(?<whole>[1-9]\d{0,2}(?:[,'']\d{3})+|\d{1,9})(?:\.(?<part>\d{1,2}))?$/;
const COMMAS = /^(?<whole>[1-9]\d{0,2}(?:[.']\d{3})+|\d{1,9})(?:,(?<part>\d{1,2}))?$/;

const wholeIn = (token: string): number | null => (/^\d{1,9}$/.test(token) ? Number(token) : null);
