// Which test files there are, how they are run together, and what a run of them said. Guarantees: a file that holds no
// test is a failure, though Node's runner calls it passed. Node built-ins only.
import { sourceFiles } from './sources.ts';

/** Files that are run by one call of Node's test runner. */
export interface Group {
  readonly name: string;
  readonly has: (path: string) => boolean;
  /** How many files run at once. */
  readonly filesAtOnce: number;
  /** How long one file may take, and with it each of its tests, ms. */
  readonly fileLimitMs: number;
}

// Their tests start servers, Workers or whole systems, each of which keeps more than one core busy.
const STARTS_SERVERS = [
  'workflows/',
  'replay/',
  'e2e/',
  'start/',
  'compose/',
  'bench/peers',
  'readme/',
  'workers/maintenance-schedule',
  'workers/rebuild',
  'workers/rules',
];
const startsServers = (path: string) => STARTS_SERVERS.some((which) => path.startsWith(`test/${which}`));

export const GROUPS: readonly Group[] = [
  // 2: one per core. 120 s: a file that boots an embedded database takes 20 s on a busy machine.
  { name: 'pure', has: (path) => !startsServers(path), filesAtOnce: 2, fileLimitMs: 120_000 },
  // 1: two Temporal servers on two cores make each other late. 300 s: one whole system, started and killed many times.
  { name: 'servers', has: startsServers, filesAtOnce: 1, fileLimitMs: 300_000 },
];

/** The test files of a group that match one of the patterns: a part of the path, or the group's name. None: all. */
export function testFiles(group: Group, patterns: readonly string[]): readonly string[] {
  return sourceFiles('test')
    .filter((path) => path.endsWith('.test.ts') && group.has(path))
    .filter((path) => patterns.length === 0 || patterns.some((one) => one === group.name || path.includes(one)));
}

export interface Counts {
  readonly tests: number;
  readonly passed: number;
  readonly failed: number;
  /** Skipped or left to do. */
  readonly skipped: number;
}

/** The closing lines of a TAP report, summed up; undefined when it was cut short. */
export function countsOf(tap: string): Counts | undefined {
  const closing = (name: string) => Number(tap.match(new RegExp(`^# ${name} (\\d+)$`, 'm'))?.[1] ?? Number.NaN);
  const tests = closing('tests');
  const passed = closing('pass');
  const skipped = closing('skipped') + closing('todo');
  const failed = closing('fail') + closing('cancelled');
  return Number.isNaN(tests + passed + skipped + failed) ? undefined : { tests, passed, failed, skipped };
}

/** The files that held no test: Node's runner reports such a file itself as a passed test. */
export function emptyFiles(tap: string, files: readonly string[]): readonly string[] {
  const passed = Array.from(tap.matchAll(/^ok \d+ - (.+)$/gm), (match) => match[1] ?? '');
  return files.filter((file) => passed.some((name) => name === file || name.endsWith(`/${file}`)));
}

// 30 lines: the message with the counterexample and its seed, and the first places of the stack.
const FAILURE_LINES = 30;

/** What failed, each as a TAP report has it: its name, and the first lines of what it says. */
export function failuresOf(tap: string): readonly string[] {
  return Array.from(tap.matchAll(/^( *)not ok .*\n(?:\1 {2}.*\n)*/gm), ([report]) =>
    report.split('\n').slice(0, FAILURE_LINES).join('\n').trimEnd(),
  );
}
