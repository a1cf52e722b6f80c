// Amounts of money and counts as people write them, read by code. What looks like one and has no certain value is found
// too, with null: it must not pass for not said. Where one can be read in two ways, both are found. Pure. May import domain.
import type { Amount } from './entitlement.ts';
import { folded, placesOf, type Span } from './said.ts';

/** A stretch of a text that says a value; null where code cannot read which. */
export interface Mention<Value> extends Span {
  readonly value: Value | null;
}

// Currencies with a hundred of the smallest unit. "Pound" is no word of one: it is a weight as well.
const CURRENCY_OF: Readonly<Record<string, string>> = {
  ...{ '€': 'EUR', eur: 'EUR', euro: 'EUR', euros: 'EUR', $: 'USD', usd: 'USD', dollar: 'USD', dollars: 'USD' },
  ...{ '£': 'GBP', gbp: 'GBP', chf: 'CHF' },
};
const CURRENCY = /[€$£]|(?<!\p{L})(?:eur|euros?|usd|dollars?|gbp|chf)(?!\p{L})/gu;
/** "50 cents" is a part of an amount or all of it: not read, and not passed over. */
const CENTS = /(?<!\p{L})cents?(?!\p{L})/gu;

/** Amounts with their currency. A figure without one is none; a currency without a figure ("seven euros") is not read. */
export function moneyIn(text: string): readonly Mention<Amount>[] {
  const amounts = [...text.matchAll(CURRENCY)].flatMap(({ 0: word, index }): readonly Mention<Amount>[] => {
    const unit = { start: index, end: index + word.length };
    const figures = figuresBeside(text, unit);
    if (figures.length === 0) return [{ ...unit, value: null }];
    return figures.map(({ token, start, end }) => {
      const minorUnits = minorUnitsIn(token);
      const value = minorUnits === undefined ? null : { currency: CURRENCY_OF[word] ?? '', minorUnits };
      return { start, end, value };
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
    if (figures.length > 0) return figures.map(({ token, ...span }) => ({ ...inSpan(span), value: wholeIn(token) }));
    const word = /(\p{L}+) $/u.exec(text.slice(0, unit.start).slice(-FIGURE_CHARS));
    const count = NUMBER_WORDS.indexOf(word?.[1] ?? '');
    return count <= 0 ? [] : [{ start: unit.start - (word?.[0] ?? '').length, end: unit.end, value: count }];
  });
}

const NUMBER_WORDS = 'zero one two three four five six seven eight nine ten eleven twelve'.split(' ');

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
  const after = figureAfter(text, unit);
  if (after === undefined) return before;
  if (before.length === 0) return [after];
  if (after.token === '') return before;
  if (before.some(({ isGlued }) => isGlued !== after.isGlued)) return after.isGlued ? [after] : before;
  return [...before, after];
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

function figureAfter(text: string, unit: Span): Figure | undefined {
  const found = AFTER.exec(text.slice(unit.end, unit.end + FIGURE_CHARS));
  if (found?.groups === undefined) return undefined;
  const { gap = '', sign = '', token = '', next = '' } = found.groups;
  const end = unit.end + gap.length + sign.length + token.length;
  return { token: sign === '' && next === '' ? token : '', isGlued: gap === '', start: unit.start, end };
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
