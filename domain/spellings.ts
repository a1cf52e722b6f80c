// Numbers, dates and times in their common spellings, each with one form in which they are compared. What can be read in
// two ways is in none. Pure. May import nothing.

const NUMBER = /^(-?)(0|[1-9]\d*|[1-9]\d{0,2}(?:,\d{3})+)(?:\.(\d+))?$/;
// 1.000,00 and 98,70: a comma before one or two digits is no group.
const WITH_COMMA = /^(-?)(0|[1-9]\d*|[1-9]\d{0,2}(?:\.\d{3})+),(\d{1,2})$/;
const WITH_UNIT = /^(.*\d)[\p{L}]{3}$/u;

/**
 * The number in a text's word: that of 1000EUR is 1000. Whoever wrote the word said the number; a value that is written so
 * is more than its number, and is looked for as it stands: 4711abc is another account than 4711.
 */
export const numberIn = (atom: string): string | undefined => numberForm(WITH_UNIT.exec(atom)?.[1] ?? atom);

/**
 * The one form of a number: 1,000.00 and 1000 are "1000". Undefined for what is none; 0012 is an id. 1.000 is one, as
 * every program reads it.
 */
export function numberForm(atom: string): string | undefined {
  const [, sign = '', whole, decimals = ''] = NUMBER.exec(atom) ?? WITH_COMMA.exec(atom) ?? [];
  if (whole === undefined) return undefined;
  const fraction = decimals.replace(/0+$/, '');
  const form = `${whole.replace(/[.,]/g, '')}${fraction === '' ? '' : `.${fraction}`}`;
  return form === '0' ? form : sign + form;
}

const MONTHS = 'january february march april may june july august september october november december'.split(' ');
const MONTH = `(${MONTHS.map((name) => (name.length > 3 ? `${name}|${name.slice(0, 3)}` : name)).join('|')}|sept)`;
const DAY = '(\\d{1,2})(?:st|nd|rd|th)?';
const YEAR = '(?:,?\\s+(\\d{4}))?';
const TO = '\\s*(?:to|until|till|through|and|-|\u2013)\\s*(?:the\\s+)?';
const EDGE = ['(?<![\\p{L}\\p{N}])', '(?![\\p{L}\\p{N}])'] as const;
const spelt = (pattern: string): RegExp => new RegExp(`${EDGE[0]}(?:${pattern})${EDGE[1]}`, 'gu');

const YEAR_FIRST = spelt('(\\d{4})[-/.](\\d{1,2})[-/.](\\d{1,2})(?![-/.]?\\d)(?:t(?=\\d))?');
const YEAR_LAST = spelt('(\\d{1,2})([-/.])(\\d{1,2})\\2(\\d{4})');
const DAY_MONTH = spelt(`(?:${DAY}${TO})?${DAY}\\.?(?:\\s+of)?\\s+${MONTH}\\.?${YEAR}`);
const MONTH_DAY = spelt(`${MONTH}\\.?\\s+${DAY}(?:${TO}${DAY}(?!\\s+of|\\s+${MONTH}))?${YEAR}`);

const monthOf = (name = ''): number => MONTHS.findIndex((month) => month.startsWith(name.slice(0, 3))) + 1;

/**
 * The dates that a normal text names, as 2025-01-11. A day and month without a year is of the year that the text names,
 * where it names but one. 11/01/2025 is two dates, and so none; with points the day comes first.
 */
export function datesIn(text: string): readonly string[] {
  const found: { day: number; month: number; year: number | undefined }[] = [];
  const note = (day: unknown, month: number, year: unknown) => {
    if (day !== undefined) found.push({ day: Number(day), month, year: year === undefined ? undefined : Number(year) });
  };
  for (const [, year, month, day] of text.matchAll(YEAR_FIRST)) note(day, Number(month), year);
  for (const [, first, mark, second, year] of text.matchAll(YEAR_LAST)) {
    const [one, other] = [Number(first), Number(second)];
    if (mark === '.' || one > 12 || one === other) note(one, other, year);
    else if (other > 12) note(other, one, year);
  }
  for (const [, from, day, month, year] of text.matchAll(DAY_MONTH)) {
    note(day, monthOf(month), year);
    note(from, monthOf(month), year);
  }
  for (const [, month, day, to, , year] of text.matchAll(MONTH_DAY)) {
    note(day, monthOf(month), year);
    note(to, monthOf(month), year);
  }
  const years = new Set(found.flatMap(({ year }) => (year === undefined ? [] : [year])));
  const only = years.size === 1 ? [...years][0] : undefined;
  return found.flatMap(({ day, month, year = only }) => (year === undefined ? [] : dateForm(year, month, day)));
}

function dateForm(year: number, month: number, day: number): readonly string[] {
  if (month < 1 || month > 12 || day < 1 || day > daysIn(year, month)) return [];
  return [`${String(year).padStart(4, '0')}-${String(month).padStart(2, '0')}-${String(day).padStart(2, '0')}`];
}

function daysIn(year: number, month: number): number {
  if (month !== 2) return [4, 6, 9, 11].includes(month) ? 30 : 31;
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
}

const TIME = spelt('(\\d{1,2})(?::(\\d{2})(?::(\\d{2}))?)?\\s?(am|pm|a\\.m\\.|p\\.m\\.)?');

/** The times of day that a normal text names, as 09:00:00. A number alone is none. */
export function timesIn(text: string): readonly string[] {
  return [...text.matchAll(TIME)].flatMap(([, hour, minute, second = '00', half]) => {
    if (minute === undefined && half === undefined) return [];
    const afternoon = half?.startsWith('p') === true;
    const hours = half === undefined ? Number(hour) : (Number(hour) % 12) + (afternoon ? 12 : 0);
    if (hours > 23 || Number(minute ?? 0) > 59) return [];
    return [`${String(hours).padStart(2, '0')}:${minute ?? '00'}:${second}`];
  });
}

const MOMENT = /^(\d{4}-\d{2}-\d{2})(?:[t ](\d{2}:\d{2}(?::\d{2})?)(?:\.0+)?(z|[+-]\d{2}:?\d{2})?)?$/;

/** A value that is a date, or a date with a time and a zone, in its parts; undefined for any other. */
export function momentOf(
  value: string,
): { readonly date: string; readonly time?: string | undefined; readonly zone?: string | undefined } | undefined {
  const [, date, time, zone] = MOMENT.exec(value) ?? [];
  if (date !== undefined) return { date, time: time?.length === 5 ? `${time}:00` : time, zone };
  const [only, ...more] = WHOLE.some((pattern) => pattern.test(value)) ? datesIn(value) : [];
  return only !== undefined && more.length === 0 ? { date: only } : undefined;
}

const WHOLE = [YEAR_FIRST, YEAR_LAST, DAY_MONTH, MONTH_DAY].map((one) => new RegExp(`^(?:${one.source})$`, 'u'));
