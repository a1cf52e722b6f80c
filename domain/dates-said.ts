// Dates as people write them, read by code: with day, month and year, or not at all. A date that can be read in two ways
// is found as both; one that the calendar does not have as null. Pure. May import domain.
import type { Mention } from './figures-said.ts';

const MONTHS: readonly (readonly string[])[] = [
  ['january', 'jan', 'januar'],
  ['february', 'feb', 'februar'],
  ['march', 'mar', 'märz'],
  ['april', 'apr'],
  ['may', 'mai'],
  ['june', 'jun', 'juni'],
  ['july', 'jul', 'juli'],
  ['august', 'aug'],
  ['september', 'sep', 'sept'],
  ['october', 'oct', 'oktober', 'okt'],
  ['november', 'nov'],
  ['december', 'dec', 'dezember', 'dez'],
];
const NAMES = MONTHS.flat()
  .toSorted((one, other) => other.length - one.length)
  .join('|');

type Parts = Readonly<Record<string, string>>;
type Reading = (parts: Parts) => readonly (string | null)[];

const one: Reading = ({ y = '', m = '', d = '' }) => [dateOf(y, m, d)];
/** 10/11/2026 is of November or of October, by who wrote it. */
const both: Reading = ({ y = '', m = '', d = '' }) => [dateOf(y, m, d), dateOf(y, d, m)];
const named: Reading = ({ y = '', name = '', d = '' }) => {
  return [dateOf(y, `${MONTHS.findIndex((names) => names.includes(name)) + 1}`, d)];
};

const FORMS: readonly (readonly [RegExp, Reading])[] = [
  [/(?<![\d-])(?<y>\d{4})-(?<m>\d{2})-(?<d>\d{2})(?!-?\d)/gu, one],
  [/(?<![\d./])(?<y>\d{4})(?<mark>[./])(?<m>\d{1,2})\k<mark>(?<d>\d{1,2})(?!\d)/gu, one],
  [/(?<![\d.])(?<d>\d{1,2})\. ?(?<m>\d{1,2})\. ?(?<y>\d{4})(?!\d)/gu, one],
  [/(?<![\d/-])(?<d>\d{1,2})(?<mark>[/-])(?<m>\d{1,2})\k<mark>(?<y>\d{4})(?!\d)/gu, both],
  // A year of two digits may be a day: 10.11.26 is read by nobody, and not passed over.
  [/(?<![\d./-])\d{1,2}(?<mark>[./-])\d{1,2}\k<mark>\d{2}(?!\d|[./-]\d)/gu, () => [null]],
  [
    new RegExp(
      String.raw`(?<!\d)(?<d>\d{1,2})(?:st|nd|rd|th|\.)? (?:of )?(?<name>${NAMES})\.?,? (?<y>\d{4})(?!\d)`,
      'gu',
    ),
    named,
  ],
  [
    new RegExp(String.raw`(?<!\p{L})(?<name>${NAMES})\.? (?<d>\d{1,2})(?:st|nd|rd|th)?,? (?<y>\d{4})(?!\d)`, 'gu'),
    named,
  ],
];

// "3-10 March 2026" is no day.
const DAY_BEFORE = /(?<![\d./-])\d{1,2}(?:st|nd|rd|th|\.)?\s?(?:to|bis|or|oder|and|und|[-–/])\s?$/u;
// 16: a day and what joins it.
const DAY_CHARS = 16;

/** Dates as YYYY-MM-DD. "Yesterday" is none: what it means depends on when it is read. */
export function datesIn(text: string): readonly Mention<string>[] {
  return FORMS.flatMap(([form, read]) =>
    [...text.matchAll(form)].flatMap(({ 0: found, index, groups = {} }): readonly Mention<string>[] => {
      const dates = [...new Set(read(groups))];
      const span = { start: index, end: index + found.length };
      const isRange = DAY_BEFORE.test(text.slice(Math.max(0, index - DAY_CHARS), index));
      const real = isRange ? [] : dates.filter((date) => date !== null);
      return real.length === 0 ? [{ ...span, value: null }] : real.map((value) => ({ ...span, value }));
    }),
  );
}

/** YYYY-MM-DD where the calendar has the day; else null. */
function dateOf(year: string, month: string, day: string): string | null {
  const text = [year, month.padStart(2, '0'), day.padStart(2, '0')].join('-');
  return isDate(text) ? text : null;
}

export function isDate(text: string): boolean {
  const ms = /^\d{4}-\d{2}-\d{2}$/.test(text) ? Date.parse(`${text}T00:00:00Z`) : Number.NaN;
  return !Number.isNaN(ms) && new Date(ms).toISOString().slice(0, 10) === text;
}
