// Calendar periods in a named time zone: days, weeks from Monday on, and months, as people there count them. A day has 23,
// 24 or 25 hours, whatever the zone's clocks do. Pure: what the runtime knows of time zones is its own table. May import
// nothing.

export const WITHIN = ['day', 'week', 'month'] as const;
export type Within = (typeof WITHIN)[number];

/** From `fromMs` on, and before `toMs`. One period begins where the one before it ends. */
export interface Period {
  /** 2026-03-29, 2026-W13 (as ISO 8601 counts weeks) or 2026-03. */
  readonly name: string;
  readonly fromMs: number;
  readonly toMs: number;
}

const DAY_MS = 86_400_000;

/** True for a name of the IANA table ("Europe/Berlin", "UTC"). An offset such as +02:00 knows no summer time. */
export function isTimeZone(name: string): boolean {
  if (!/^[A-Za-z]/.test(name)) return false;
  try {
    return dateFormat(name) !== undefined;
  } catch {
    return false;
  }
}

/** The period in which that instant lies. Throws where there is no such time zone. */
export function periodAt(nowMs: number, within: Within, timeZone: string): Period {
  const first = firstDayOf(localDay(nowMs, timeZone), within);
  const period = periodFrom(first, within, timeZone);
  // Where clocks were put back over midnight, the hour that came twice belongs to the day that had begun.
  if (nowMs >= period.toMs) return periodFrom(nextFirstDay(first, within), within, timeZone);
  if (nowMs < period.fromMs) return periodFrom(firstDayOf(first - 1, within), within, timeZone);
  return period;
}

function periodFrom(first: number, within: Within, timeZone: string): Period {
  const next = nextFirstDay(first, within);
  return { name: nameOf(first, within), fromMs: startOf(first, timeZone), toMs: startOf(next, timeZone) };
}

/** Days are counted from 1970-01-01, as calendars have them, whatever the time zone. */
function localDay(nowMs: number, timeZone: string): number {
  const parts = dateFormat(timeZone).formatToParts(nowMs);
  const [year, month, day] = ['year', 'month', 'day'].map((type) =>
    Number(parts.find((one) => one.type === type)?.value),
  );
  return dayOf(year ?? Number.NaN, month ?? Number.NaN, day ?? Number.NaN);
}

const dayOf = (year: number, month: number, day: number): number => Date.UTC(year, month - 1, day) / DAY_MS;
const dateOf = (day: number): Date => new Date(day * DAY_MS);

/** When that day begins there: mostly at midnight, but some clocks are put on at midnight, and then it is later. */
function startOf(day: number, timeZone: string): number {
  // A day to either side: no zone is or was further from UTC than 16 hours. In seconds, as all of them are changed.
  let before = (day - 1) * (DAY_MS / 1_000);
  let since = (day + 1) * (DAY_MS / 1_000);
  while (since - before > 1) {
    const middle = Math.floor((before + since) / 2);
    if (localDay(middle * 1_000, timeZone) >= day) since = middle;
    else before = middle;
  }
  return since * 1_000;
}

function firstDayOf(day: number, within: Within): number {
  switch (within) {
    case 'day':
      return day;
    case 'week':
      return day - daysSinceMonday(day);
    case 'month':
      return day - dateOf(day).getUTCDate() + 1;
    default:
      return within satisfies never;
  }
}

function nextFirstDay(first: number, within: Within): number {
  // 31 days on is always the next month: not one is longer, and the days before its last are too few for two.
  const daysOn = { day: 1, week: 7, month: 31 }[within];
  return firstDayOf(first + daysOn, within);
}

const daysSinceMonday = (day: number): number => (dateOf(day).getUTCDay() + 6) % 7;

function nameOf(first: number, within: Within): string {
  const date = dateOf(first).toISOString().slice(0, 10);
  if (within === 'day') return date;
  if (within === 'month') return date.slice(0, 7);
  // A week is of the year in which its Thursday lies, and is counted by its Thursdays.
  const year = dateOf(first + 3).getUTCFullYear();
  const number = Math.floor((first + 3 - dayOf(year, 1, 1)) / 7) + 1;
  return `${year}-W${String(number).padStart(2, '0')}`;
}

// Making one takes a thousand times as long as using it. As many as there are time zones in limits.
const formats = new Map<string, Intl.DateTimeFormat>();

function dateFormat(timeZone: string): Intl.DateTimeFormat {
  const known = formats.get(timeZone);
  if (known !== undefined) return known;
  const numeric = { year: 'numeric', month: 'numeric', day: 'numeric' } as const;
  const made = new Intl.DateTimeFormat('en-US', { calendar: 'gregory', numberingSystem: 'latn', timeZone, ...numeric });
  formats.set(timeZone, made);
  return made;
}
