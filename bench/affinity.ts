// Which cores processes may use, by Linux's `taskset`, and what each of their threads has used. Children that are started
// later inherit it. Whoever limits processes looks whether it holds: a thread that began meanwhile may have slipped through.
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { familyPids, readOrNone, threadMsOf } from '../test/proofs/parked/processes.ts';

/** False where there is no `taskset`, as on macOS. */
export function canLimit(): boolean {
  try {
    execFileSync('taskset', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** The cores that this process may use, as Linux numbers them. */
export const coresOfOurs = (): readonly number[] => coresIn(readFileSync('/proc/self/status', 'utf8'));

// 5: a thread that begins while its process is limited is found by the next look.
const TRIES = 5;

/** These processes, with all that they have started, run on these cores from now on. Throws where one does not. */
export function limitTo(cores: readonly number[], pids: readonly number[]): void {
  for (let nth = 0; nth < TRIES; nth++) {
    const elsewhere = strayFrom(cores, pids);
    if (elsewhere.length === 0) return;
    for (const pid of elsewhere) set(cores, pid);
  }
  assertOn(cores, pids);
}

/** Throws where one of them runs on others, or on fewer. */
export function assertOn(cores: readonly number[], pids: readonly number[]): void {
  const stray = strayFrom(cores, pids);
  if (stray.length > 0) throw new Error(`${stray.join(', ')} do not run on the cores ${cores.join(', ')}`);
}

const strayFrom = (cores: readonly number[], pids: readonly number[]): readonly number[] =>
  pids.flatMap((pid) => familyPids(pid)).filter((pid) => !isOn(cores, pid));

/** Our own process alone, without those that it has started. */
export const limitOurselves = (cores: readonly number[]): void => set(cores, process.pid);

function set(cores: readonly number[], pid: number): void {
  try {
    execFileSync('taskset', ['-a', '-p', '-c', cores.join(','), String(pid)], { stdio: 'ignore' });
  } catch {
    // It has ended, or one of its threads has: the look that follows tells.
  }
}

const isOn = (cores: readonly number[], pid: number): boolean =>
  threadsOf(pid).every((thread) => {
    const status = readOrNone(`/proc/${pid}/task/${thread}/status`);
    return status === '' || coresIn(status).join() === cores.join();
  });

/** Of `0-1,4`. */
function coresIn(status: string): readonly number[] {
  const [, list = ''] = /^Cpus_allowed_list:\s*(\S+)$/m.exec(status) ?? [];
  return list.split(',').flatMap((range) => {
    const [first = 0, last = first] = range.split('-').map(Number);
    return Array.from({ length: last - first + 1 }, (_, at) => first + at);
  });
}

/** What each thread of a process, and of all that it has started, has used of the processor, in ms. */
export function threadTimes(pid: number): ReadonlyMap<string, number> {
  return new Map(
    familyPids(pid).flatMap((one) =>
      threadsOf(one).flatMap((thread) => {
        const ms = threadMsOf(one, thread);
        return ms === undefined ? [] : [[`${one}/${thread}`, ms] as const];
      }),
    ),
  );
}

/** By how much the busiest of them has gone on. */
export const busiestBetween = (before: ReadonlyMap<string, number>, after: ReadonlyMap<string, number>): number =>
  Math.max(0, ...[...after].map(([thread, ms]) => ms - (before.get(thread) ?? 0)));

function threadsOf(pid: number): readonly string[] {
  try {
    return readdirSync(`/proc/${pid}/task`);
  } catch {
    return [];
  }
}
