// What processes use, as the kernel counts it: processor time and memory of each with all that it has started, from /proc.
// Where there is none (macOS), nothing is known, and the proof says so. Node built-ins only.
import { existsSync, readdirSync, readFileSync } from 'node:fs';

/** Of one process and its children. */
export interface Used {
  /** Since it began, of children that have ended too. */
  readonly cpuMs: number;
  /** Its share of what it keeps in memory (PSS): what several share is divided among them. */
  readonly bytes: number;
}

export const isCounted = existsSync('/proc/self/stat');

// 100: the unit in which Linux tells times to programs, on every machine.
const TICKS_PER_SECOND = 100;
const KIB = 1_024;

/** All of them at one moment. */
export function usedBy(pids: ReadonlyMap<string, number>): ReadonlyMap<string, Used> {
  const all = isCounted ? readAll() : new Map<number, Stat>();
  return new Map([...pids].map(([name, pid]) => [name, sumOf(treeOf(pid, all))]));
}

/** Processor time alone: to add up what a process keeps in memory takes the kernel many milliseconds. */
export function cpuMsOf(pids: ReadonlyMap<string, number>): ReadonlyMap<string, number> {
  const all = isCounted ? readAll() : new Map<number, Stat>();
  return new Map([...pids].map(([name, pid]) => [name, timeOf(treeOf(pid, all))]));
}

/** One of a family of processes. */
export interface Member extends Used {
  readonly pid: number;
  /** What it was started as, its arguments behind blanks. */
  readonly command: string;
}

/** A process and all that it has started, each by itself. */
export function familyOf(pid: number): readonly Member[] {
  return treeOf(pid, isCounted ? readAll() : new Map<number, Stat>()).map((stat) => ({
    pid: stat.pid,
    cpuMs: stat.cpuMs,
    bytes: bytesOf(stat.pid),
    command: readOrNone(`/proc/${stat.pid}/cmdline`).replaceAll('\0', ' ').trim(),
  }));
}

/** The ids of a process and of all that it has started. */
export const familyPids = (pid: number): readonly number[] =>
  treeOf(pid, isCounted ? readAll() : new Map<number, Stat>()).map((stat) => stat.pid);

interface Stat {
  readonly pid: number;
  readonly parent: number;
  readonly cpuMs: number;
}

function readAll(): ReadonlyMap<number, Stat> {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return new Map(pids.flatMap((pid) => statOf(Number(pid)) ?? []).map((stat) => [stat.pid, stat]));
}

/** Undefined where it has just ended: its parent has its time by then. */
function statOf(pid: number): Stat | undefined {
  const fields = fieldsIn(`/proc/${pid}/stat`);
  if (fields === undefined) return undefined;
  // The times of its dead children stand behind its own.
  return { pid, parent: Number(fields[1]), cpuMs: msOf(fields.slice(11, 15)) };
}

/** What one thread of a process has used of the processor, in ms; undefined where it has just ended. */
export function threadMsOf(pid: number, thread: string): number | undefined {
  const fields = fieldsIn(`/proc/${pid}/task/${thread}/stat`);
  return fields && msOf(fields.slice(11, 13));
}

/** Of a `stat`, behind the name, which may hold anything: state, parent, …, and from the twelfth on times. */
function fieldsIn(file: string): readonly string[] | undefined {
  const text = readOrNone(file);
  return text === '' ? undefined : text.slice(text.lastIndexOf(')') + 2).split(' ');
}

const msOf = (ticks: readonly string[]): number =>
  (ticks.reduce((sum, field) => sum + Number(field), 0) * 1_000) / TICKS_PER_SECOND;

function treeOf(root: number, all: ReadonlyMap<number, Stat>): readonly Stat[] {
  const found: Stat[] = [];
  const next = [root];
  for (let pid = next.pop(); pid !== undefined; pid = next.pop()) {
    const stat = all.get(pid);
    if (stat === undefined) continue;
    found.push(stat);
    for (const one of all.values()) if (one.parent === pid) next.push(one.pid);
  }
  return found;
}

const timeOf = (tree: readonly Stat[]): number => tree.reduce((sum, { cpuMs }) => sum + cpuMs, 0);

const sumOf = (tree: readonly Stat[]): Used => ({
  cpuMs: timeOf(tree),
  bytes: tree.reduce((sum, { pid }) => sum + bytesOf(pid), 0),
});

function bytesOf(pid: number): number {
  const [, kib = '0'] = /^Pss:\s+(\d+) kB$/m.exec(readOrNone(`/proc/${pid}/smaps_rollup`)) ?? [];
  return Number(kib) * KIB;
}

/** '' where there is no such file any more, or may not be read. */
export function readOrNone(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
