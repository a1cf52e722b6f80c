// A window of time in which nobody asks anything of the stack, and what it cost both databases and each process, by second.
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { costBetween, type Meter } from '../cost.ts';
import { TEMPORAL } from './stack.ts';

/**
 * What is told of a window, and how much of it one duty of a minute makes, wherever it falls: a checkpoint of the ledger in
 * some twenty transactions, a run of Temporal's Schedule. Where none is named, it is told and not held.
 */
export const COSTS = {
  postgres_commits_per_s: { ofADuty: 20 },
  postgres_wal_bytes_per_s: { ofADuty: 32_768 },
  temporal_written_bytes_per_s: { ofADuty: 65_536 },
  temporal_file_growth_bytes_per_s: { ofADuty: 65_536 },
  all_cpu_ms_per_s: { ofADuty: undefined },
} as const;

export type Costs = Readonly<Record<keyof typeof COSTS, number>> & {
  /** By process, for each second. */
  readonly cpuMs: ReadonlyMap<string, number>;
};

/** `folder`: that of the stack. */
export async function watch(meter: Meter, folder: string, windowMs: number): Promise<Costs> {
  const [before, commitsBefore, sizeBefore] = [await meter.look(), await meter.commits(), sizeOf(folder)];
  const begunMs = performance.now();
  await sleep(windowMs);
  const [after, commitsAfter, sizeAfter] = [await meter.look(), await meter.commits(), sizeOf(folder)];
  const seconds = (performance.now() - begunMs) / 1_000;
  const cost = costBetween(before, after);
  const cpuMs = new Map([...cost.cpuMs].map(([name, ms]) => [name, ms / seconds]));
  return {
    postgres_commits_per_s: (commitsAfter - commitsBefore) / seconds,
    postgres_wal_bytes_per_s: cost.walBytes / seconds,
    temporal_written_bytes_per_s: (cost.writtenBytes.get(TEMPORAL) ?? 0) / seconds,
    temporal_file_growth_bytes_per_s: (sizeAfter - sizeBefore) / seconds,
    all_cpu_ms_per_s: [...cpuMs.values()].reduce((sum, ms) => sum + ms, 0),
    cpuMs,
  };
}

// The development server keeps all in SQLite: the database, and the log that is written before it.
const FILES = ['temporal.db', 'temporal.db-wal'];

const sizeOf = (folder: string): number =>
  FILES.map((name) => join(folder, 'temporal', name)).reduce(
    (sum, file) => sum + (existsSync(file) ? statSync(file).size : 0),
    0,
  );
