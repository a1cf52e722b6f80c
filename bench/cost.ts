// What a stretch of work costs: processor time and bytes written by each process with all that it has started, as the
// kernel counts them; and what PostgreSQL counts. A subject is alone on the PostgreSQL of the run, so its log is the
// subject's own; commits are those of its database.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { cpuMsOf, usedBy } from '../test/proofs/parked/processes.ts';

export interface Meter {
  look(): Promise<Look>;
  /** Of the subject's database so far, reads and polls included. PostgreSQL tells of them a second late, and of those of a
   * connection that went idle within ten; of one that has ended, at once. */
  commits(): Promise<number>;
  /** What each process keeps in memory, with all that it has started. Takes a second: not beside what is measured. */
  memoryBytes(): ReadonlyMap<string, number>;
  /** What its database and its folder take on the disk. */
  diskBytes(): Promise<number>;
  end(): Promise<void>;
}

/** A moment. */
export interface Look {
  readonly cpuMs: ReadonlyMap<string, number>;
  /** Of this process, without those that it has started. */
  readonly ownCpuMs: number;
  readonly written: ReadonlyMap<string, number>;
  readonly walBytes: number;
  /** Transactions that wrote. Counted at once. */
  readonly writeTransactions: number;
  readonly machine: Times;
}

interface Times {
  readonly busyMs: number;
  readonly allMs: number;
}

/** Between two looks. */
export interface Cost {
  readonly cpuMs: ReadonlyMap<string, number>;
  /** Of the load generator, in whose process the look is. */
  readonly ownCpuMs: number;
  /** To files, by the process itself, and by those that it has started and that have ended. */
  readonly writtenBytes: ReadonlyMap<string, number>;
  readonly walBytes: number;
  readonly writeTransactions: number;
  /** Of all cores, by whoever. */
  readonly busyShare: number;
  /** Over the last minute, at the end. */
  readonly loadAverage: number;
}

export interface Metered {
  readonly databaseUrl: string;
  readonly folder: string;
  readonly pids: () => Readonly<Record<string, number>>;
}

const COUNTERS = `select pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::float8 as wal,
  pg_snapshot_xmax(pg_current_snapshot())::text::float8 as transactions`;

/** The subject's database, and those of an engine on the same server, which are named after it. */
const ITS_OWN = `(datname = $1 or starts_with(datname, $1 || '_'))`;

/** `serverUrl`: of the same PostgreSQL, but another database, so that looks are not counted. */
export async function createMeter(serverUrl: string, { databaseUrl, folder, pids }: Metered): Promise<Meter> {
  const client = new pg.Client({ connectionString: serverUrl });
  await client.connect();
  const name = new URL(databaseUrl).pathname.slice(1);
  const one = async (text: string, values: readonly string[] = []): Promise<Readonly<Record<string, number>>> => {
    const { rows } = await client.query<Record<string, number>>(text, [...values]);
    return rows[0] ?? {};
  };
  return {
    async look() {
      const { wal = 0, transactions = 0 } = await one(COUNTERS);
      const all = Object.entries(pids());
      return {
        cpuMs: cpuMsOf(new Map(all)),
        ownCpuMs: ownCpuMs(),
        written: new Map(all.map(([process, pid]) => [process, writtenBy(pid)])),
        walBytes: wal,
        writeTransactions: transactions,
        machine: timesOfMachine(),
      };
    },
    async commits() {
      const { commits = 0 } = await one(
        `select sum(xact_commit)::float8 as commits from pg_stat_database where ${ITS_OWN}`,
        [name],
      );
      return commits;
    },
    memoryBytes: () =>
      new Map([...usedBy(new Map(Object.entries(pids())))].map(([process, used]) => [process, used.bytes])),
    async diskBytes() {
      const { bytes = 0 } = await one(
        `select sum(pg_database_size(datname))::float8 as bytes from pg_database where ${ITS_OWN}`,
        [name],
      );
      return bytes + bytesIn(folder);
    },
    end: () => client.end(),
  };
}

export function costBetween(before: Look, after: Look): Cost {
  const more = (of: (look: Look) => ReadonlyMap<string, number>) =>
    new Map([...of(after)].map(([name, amount]) => [name, amount - (of(before).get(name) ?? 0)]));
  return {
    cpuMs: more(({ cpuMs }) => cpuMs),
    ownCpuMs: after.ownCpuMs - before.ownCpuMs,
    writtenBytes: more(({ written }) => written),
    walBytes: after.walBytes - before.walBytes,
    writeTransactions: after.writeTransactions - before.writeTransactions,
    busyShare: (after.machine.busyMs - before.machine.busyMs) / (after.machine.allMs - before.machine.allMs),
    loadAverage: loadavg()[0] ?? 0,
  };
}

function ownCpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}

function timesOfMachine(): Times {
  const times = cpus().map((core) => core.times);
  const allMs = times.reduce((sum, { user, nice, sys, idle, irq }) => sum + user + nice + sys + idle + irq, 0);
  const idleMs = times.reduce((sum, { idle }) => sum + idle, 0);
  return { busyMs: allMs - idleMs, allMs };
}

/** Bytes that a process had written to disks; 0 where the system does not tell. */
function writtenBy(pid: number): number {
  try {
    const [, bytes = '0'] = /^write_bytes: (\d+)$/m.exec(readFileSync(`/proc/${pid}/io`, 'utf8')) ?? [];
    return Number(bytes);
  } catch {
    return 0;
  }
}

// 512: the unit of `blocks`, on every system.
const BLOCK_BYTES = 512;

function bytesIn(folder: string): number {
  return readdirSync(folder, { withFileTypes: true, recursive: true }).reduce((sum, entry) => {
    if (!entry.isFile()) return sum;
    // A file may go between the listing and the look.
    const stat = statSync(join(entry.parentPath, entry.name), { throwIfNoEntry: false });
    return sum + (stat?.blocks ?? 0) * BLOCK_BYTES;
  }, 0);
}
