// What commands write to. Owns the neutralising of text from elsewhere: whatever came over the wire goes through `plain`
// or `plainLine` before it is printed, so that no message, summary or error can move the cursor, hide itself, turn text
// around or pass for another line. May import picocolors and cli-table3.
import Table from 'cli-table3';
import pc from 'picocolors';
import { plain } from '../domain/text.ts';

export { plain };

export interface Terminal {
  readonly input: NodeJS.ReadStream;
  readonly output: NodeJS.WriteStream;
  /** True when a person sits at both ends. */
  readonly isInteractive: boolean;
  readonly colors: Colors;
  /** A line, or several, to standard output. */
  print(text: string): void;
  /** A line to standard error. */
  complain(text: string): void;
}

export type Colors = Pick<ReturnType<typeof pc.createColors>, 'bold' | 'dim' | 'green' | 'red' | 'yellow'>;

type Streams = Pick<NodeJS.Process, 'stdin' | 'stdout' | 'stderr' | 'env'>;

export function createTerminal({ stdin, stdout, stderr, env }: Streams): Terminal {
  return {
    input: stdin,
    output: stdout,
    isInteractive: stdin.isTTY && stdout.isTTY,
    colors: colorsFor(stdout.isTTY, env),
    print: (text) => void stdout.write(`${text}\n`),
    complain: (text) => void stderr.write(`${text}\n`),
  };
}

/** Colors for a terminal that wants them. Not picocolors' own guess: it also colors what a CI system reads. */
export function colorsFor(isTerminal: boolean | undefined, env: NodeJS.ProcessEnv): Colors {
  // A real boolean: where undefined comes in (a pipe has no isTTY), picocolors guesses after all.
  return pc.createColors(isTerminal === true && !env['NO_COLOR'] && env['TERM'] !== 'dumb');
}

/** The same, on one line. */
export function plainLine(text: string): string {
  return plain(text).replaceAll(/\s*\n\s*/g, ' ');
}

// Wide enough for "conversations", the longest name of ours.
const NAME_COLUMNS = 13;

/** "name      text": further lines of the text are indented, so that none passes for a line of ours. Untrusted both. */
export function labelled(name: string, text: string, colored: (name: string) => string = String): string {
  const label = plainLine(name);
  const indent = ' '.repeat(NAME_COLUMNS + 1);
  return `${colored(label.padEnd(NAME_COLUMNS))} ${plain(text).replaceAll('\n', `\n${indent}`)}`;
}

const SIDES = [
  'top',
  'bottom',
  'left',
  'right',
  'mid',
  'top-mid',
  'top-left',
  'top-right',
  'bottom-mid',
  'bottom-left',
];
const CORNERS = ['bottom-right', 'left-mid', 'mid-mid', 'right-mid'];
const NO_BORDERS = Object.fromEntries([...SIDES, ...CORNERS].map((name) => [name, '']));

/** Rows in aligned columns, each cell on one line. Cells may be untrusted. */
export function columns(head: readonly string[], rows: readonly (readonly string[])[], colors: Colors): string {
  const table = new Table({
    chars: { ...NO_BORDERS, middle: '  ' },
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
  });
  table.push(
    head.map((cell) => colors.bold(cell)),
    ...rows.map((row) => row.map(plainLine)),
  );
  return table.toString().replaceAll(/ +$/gm, '');
}

/** "2026-11-23 14:32" in local time, without the day when it is today's. */
export function clockTime(ms: number, nowMs: number): string {
  const [day, time] = dayAndTime(ms);
  return day === dayAndTime(nowMs)[0] || day === '' ? time : `${day} ${time}`;
}

/** "14:32 (in 3 h 58 min)". */
export function untilWhen(deadlineMs: number, nowMs: number): string {
  const leftMs = deadlineMs - nowMs;
  return `${clockTime(deadlineMs, nowMs)} (${leftMs > 0 ? `in ${span(leftMs)}` : 'over'})`;
}

const MINUTE_MS = 60_000;

/** A length of time in its two largest units. */
export function span(ms: number): string {
  const minutes = Math.max(1, Math.round(ms / MINUTE_MS));
  const [days, hours, rest] = [Math.floor(minutes / 1440), Math.floor((minutes % 1440) / 60), minutes % 60];
  const parts = [
    [days, 'd'],
    [hours, 'h'],
    [rest, 'min'],
  ] as const;
  const first = parts.findIndex(([count]) => count > 0);
  return parts
    .slice(first, first + 2)
    .flatMap(([count, unit]) => (count > 0 ? [`${count} ${unit}`] : []))
    .join(' ');
}

// What JavaScript's dates can hold; a server may answer any number.
const MAX_DATE_MS = 8.64e15;

function dayAndTime(ms: number): readonly [day: string, time: string] {
  if (Math.abs(ms) > MAX_DATE_MS) return ['', 'at no known time'];
  const date = new Date(ms);
  const two = (value: number): string => String(value).padStart(2, '0');
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return [day, `${two(date.getHours())}:${two(date.getMinutes())}`];
}
