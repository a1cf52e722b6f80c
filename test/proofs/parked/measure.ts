// Measuring a stretch of time in which nobody asks anything of the system: what each of its processes used, what was
// committed in PostgreSQL, and what it wrote to its log. And the table of two such stretches.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Rig } from '../rig/rig.ts';
import { ROLES } from '../rig/roles.ts';
import { ask } from '../rig/truth.ts';
import { isCounted, type Used, usedBy } from './processes.ts';

/** What a second of it costs. */
export interface Cost {
  readonly commits: number;
  readonly walBytes: number;
  /** By process: milliseconds of processor time, and what it keeps in memory. */
  readonly processes: ReadonlyMap<string, { readonly cpuMs: number; readonly bytes: number }>;
}

/** 11 s: PostgreSQL tells of transactions of a connection that has gone idle within 10. */
export const LEAST_REST_MS = 11_000;

/** Wait until what was done before is over and counted. */
export async function rest(rig: Rig, restMs: number): Promise<void> {
  await sleep(restMs);
  // What was written is tidied up and written out now, and not by the server's own clock while it is measured.
  await ask(rig, 'vacuum (analyze)');
  await ask(rig, 'checkpoint');
}

export async function measure(rig: Rig, windowMs: number): Promise<Cost> {
  const before = await look(rig);
  await sleep(windowMs);
  const after = await look(rig);
  const seconds = (after.atMs - before.atMs) / 1_000;
  return {
    // One of them is the look itself.
    commits: Math.max(0, after.transactions - before.transactions - 1) / seconds,
    walBytes: (after.walBytes - before.walBytes) / seconds,
    processes: new Map(
      [...after.used].map(([name, { cpuMs, bytes }]) => [
        name,
        { cpuMs: (cpuMs - (before.used.get(name)?.cpuMs ?? 0)) / seconds, bytes },
      ]),
    ),
  };
}

// 40: more than the roles make by themselves in the same moment.
const CONTROL_TRANSACTIONS = 40;

/** That a look sees what it is for, transactions that write next to nothing. As a sentence where it does not. */
export async function control(rig: Rig): Promise<readonly string[]> {
  const before = await look(rig);
  for (let made = 0; made < CONTROL_TRANSACTIONS; made++) await ask(rig, 'select pg_current_xact_id()');
  const after = await look(rig);
  const seen = after.transactions - before.transactions;
  const isSeen = seen >= CONTROL_TRANSACTIONS && after.walBytes > before.walBytes;
  return isSeen ? [] : [`of ${CONTROL_TRANSACTIONS} transactions the measure saw ${seen}`];
}

interface Look {
  readonly atMs: number;
  readonly transactions: number;
  readonly walBytes: number;
  readonly used: ReadonlyMap<string, Used>;
}

const COUNTERS = `select sum(xact_commit + xact_rollback)::float8 as transactions,
  pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::float8 as wal from pg_stat_database`;

/** What the roles keep in memory now, all together, in MiB. */
export const memoryOfRoles = (rig: Rig): number =>
  [...usedBy(new Map(ROLES.map((role) => [role, rig.roles.pid(role)]))).values()].reduce(
    (sum, { bytes }) => sum + bytes / MIB,
    0,
  );

async function look(rig: Rig): Promise<Look> {
  const [row] = await ask<{ transactions: number; wal: number }>(rig, COUNTERS);
  const pids = [
    ...ROLES.map((role) => [role, rig.roles.pid(role)] as const),
    ['Temporal', rig.temporal.pid() ?? 0] as const,
    ['PostgreSQL', rig.postgres.pid() ?? 0] as const,
  ];
  const used = usedBy(new Map(pids));
  return { atMs: Date.now(), transactions: row?.transactions ?? 0, walBytes: row?.wal ?? 0, used };
}

const MIB = 1_024 * 1_024;

/** Idle beside waiting, line by line. */
export function tableOf(idle: Cost, waiting: Cost): readonly string[] {
  const line = (name: string, ...values: readonly string[]) =>
    `${name.padEnd(22)}${values.map((value) => value.padStart(10)).join('')}`;
  const both = (name: string, of: (cost: Cost) => number, digits: number) =>
    line(name, of(idle).toFixed(digits), of(waiting).toFixed(digits), (of(waiting) - of(idle)).toFixed(digits));
  const head = [
    line('a second of it', 'none', 'waiting', 'more'),
    both('commits', ({ commits }) => commits, 2),
    both('WAL, bytes', ({ walBytes }) => walBytes, 0),
  ];
  if (!isCounted) return [...head, 'processor time and memory: this system does not tell'];
  const names = [...waiting.processes.keys()];
  const cpu = (name: string) => (cost: Cost) => cost.processes.get(name)?.cpuMs ?? 0;
  const memory = (name: string) => (cost: Cost) => (cost.processes.get(name)?.bytes ?? 0) / MIB;
  const total = (of: (name: string) => (cost: Cost) => number) => (cost: Cost) =>
    names.reduce((sum, name) => sum + of(name)(cost), 0);
  return [
    ...head,
    ...names.map((name) => both(`${name}, ms CPU`, cpu(name), 1)),
    both('all, ms CPU', total(cpu), 1),
    ...names.map((name) => both(`${name}, MiB`, memory(name), 1)),
    both('all, MiB', total(memory), 1),
  ];
}
