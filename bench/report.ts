// What a run of the bench says: the tables on the screen, with each limit and whether it is met. Pure.
import { grouped } from './grouped.ts';
import type { Figure, Limit } from './measure.ts';

/** What could not be measured meets nothing; JSON has null in its place. */
export const isMet = (value: number, limit: Limit): boolean =>
  Number.isFinite(value) && ('atMost' in limit ? value <= limit.atMost : value >= limit.atLeast);

/** Every figure that has a limit, with it. */
export function limitLines(figures: readonly Figure[]): readonly string[] {
  const rows = figures.flatMap(({ subject, name, value, at, limit }) => {
    if (limit === undefined) return [];
    const word = 'atMost' in limit ? `at most ${shown(limit.atMost)}` : `at least ${shown(limit.atLeast)}`;
    return [[isMet(value, limit) ? 'met' : 'MISSED', subject, `${name} ${atText(at)}`, shown(value), word]];
  });
  return aligned([['', 'subject', 'figure', 'value', 'limit'], ...rows]);
}

/** A table for each name: a row for each circumstance, a column for each subject. A value that misses its limit has a !. */
export function tables(figures: readonly Figure[]): readonly string[] {
  return [...grouped(figures, ({ name }) => name)].flatMap(([name, own]) => {
    const subjects = [...grouped(own, ({ subject }) => subject).keys()];
    const rows = [...grouped(own, ({ at }) => atText(at))].map(([at, some]) => {
      const cell = (subject: string) => {
        const figure = some.find((one) => one.subject === subject);
        if (figure === undefined) return '';
        const { value, limit } = figure;
        return `${shown(value)}${limit !== undefined && !isMet(value, limit) ? ' !' : ''}`;
      };
      return [`  ${at}`, ...subjects.map(cell)];
    });
    return ['', ...aligned([[name, ...subjects], ...rows])];
  });
}

const atText = (at: Figure['at']): string =>
  Object.entries(at)
    .map(([name, value]) => `${name} ${value}`)
    .join(', ');

// 100: beyond it no digit behind the point says anything; below it one does, and below one three.
function shown(value: number): string {
  if (!Number.isFinite(value)) return '-';
  const size = Math.abs(value);
  return value.toFixed(Number.isInteger(value) || size >= 100 ? 0 : size >= 1 ? 1 : 3);
}

/** The first column to the left, numbers to the right. */
function aligned(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = (rows[0] ?? []).map((_, at) => Math.max(...rows.map((row) => (row[at] ?? '').length)));
  const isNumeric = (at: number) => rows.slice(1).every((row) => /^[-\d. !]*$/.test(row[at] ?? ''));
  const right = widths.map((_, at) => isNumeric(at));
  return rows.map((row) =>
    row
      .map((cell, at) => (right[at] ? cell.padStart(widths[at] ?? 0) : cell.padEnd(widths[at] ?? 0)))
      .join('  ')
      .trimEnd(),
  );
}
