// What so many turns a second need, from what one turn was measured to cost, and what is full first. The formulas, and what
// they assume, are told in docs/operating.md, "Capacity". Pure.
import { type Role, ROLES } from '../test/proofs/rig/roles.ts';

export type Part = Role | 'temporal' | 'postgres';

/** What a turn costs, as measured, with whatever the system does besides. Times are of the processor. */
export interface TurnCost {
  readonly cpuMs: Readonly<Record<Part, number>>;
  /** Of the thread that is busiest in a process of the role: nothing spreads it over several cores. */
  readonly busiestThreadMs: Readonly<Record<Role, number>>;
  /** Transactions that append to the ledger, each under its one lock until it is flushed. */
  readonly ledgerAppends: number;
  readonly ledgerEntries: number;
  /** Model calls that are held in budgets, that of the agent on the day among them, which is locked for it. */
  readonly reservations: number;
  /** Of our database: reads and polls included; its log; what it grows by, indexes included. */
  readonly commits: number;
  readonly walBytes: number;
  readonly storeBytes: number;
  /** Changes of a Workflow's state, each a write of its shard; and what Temporal counts as the size of its history. */
  readonly transitions: number;
  readonly historyBytes: number;
  /** Tasks of the Task Queue that has most. */
  readonly busiestQueueTasks: number;
  readonly modelCalls: number;
  /** With Temporal on PostgreSQL, as clusters have it, where that was measured. */
  readonly ofTemporal?: OnPostgres;
}

/** What a turn costs Temporal there: its server, and PostgreSQL for its two databases. */
export interface OnPostgres {
  readonly cpuMs: number;
  readonly databaseCpuMs: number;
  readonly commits: number;
  readonly walBytes: number;
}

/** What the disk allows: how often a second each lock was taken by many at once, with nothing else to do. */
export interface Site {
  /** That of one ledger. */
  readonly ledgerAppendsPerS: number;
  /** That of the budget of one agent on one day. */
  readonly reservesPerS: number;
}

// 0.7: what is busier than that makes its work wait for more than twice the time that it takes; and a process that dies
// leaves its share to the others.
export const HEADROOM = 0.7;
// 10 ms for a write of Temporal's to a database in the same zone, one after the other in each shard
// (https://mikhail.io/2021/05/choose-the-number-of-shards-in-temporal-history-service/). Look at persistence_latency.
export const SHARD_WRITE_MS = 10;
// 0.1: Workflows fall on shards by chance, and the number can never be changed: room for ten times the load, or a slow day.
export const SHARD_LOAD = 0.1;
// 15 for 1,000 tasks a second, as Temporal's forum has it
// (https://community.temporal.io/t/tuning-temporal-setup-for-better-performance/539); 4 is the default, and the least here.
const PARTITIONS_PER_TASK_PER_S = 0.015;
const LEAST_PARTITIONS = 4;
// 2: one may end.
const LEAST_PROCESSES = 2;
// 200 model calls at once in each process of the assistant (workers/assistant.ts). 5 s: a call of a large model; yours may
// take longer.
const CALLS_AT_ONCE = 200;
const CALL_S = 5;
// 10 for each process, as node-postgres has it where nothing is said; and one more of an API on which it hears of replies.
export const POOL_CONNECTIONS = 10;
// 30 days: how long Temporal keeps a closed Workflow (deploy/temporal/namespace.sh).
const RETENTION_DAYS = 30;
// As docker-compose.yml has it.
const SHARDS_OF_COMPOSE = 512;

const PARTS: readonly Part[] = [...ROLES, 'temporal', 'postgres'];
const MS_PER_S = 1_000;
const S_PER_MINUTE = 60;
const S_PER_DAY = 86_400;
const MB = 1e6;
const GB = 1e9;

const sum = (values: readonly number[]): number => values.reduce((all, one) => all + one, 0);
const allCpuMs = ({ cpuMs }: TurnCost): number => sum(PARTS.map((part) => cpuMs[part]));
const transitionsPerShardPerS = (MS_PER_S / SHARD_WRITE_MS) * SHARD_LOAD;

/** So many turns a second, and what cannot do more of them. */
export interface Bound {
  readonly turnsPerS: number;
  readonly of: string;
}

const least = (all: readonly Bound[]): Bound =>
  all.reduce((one, other) => (other.turnsPerS < one.turnsPerS ? other : one));

/** What one of each carries, the first to be full first. */
export function fullAt(cost: TurnCost, { ledgerAppendsPerS, reservesPerS }: Site): readonly Bound[] {
  const all = [
    { of: 'one ledger', turnsPerS: (ledgerAppendsPerS * HEADROOM) / cost.ledgerAppends },
    { of: 'one agent of a tenant', turnsPerS: (reservesPerS * HEADROOM) / cost.reservations },
    ...ROLES.map((role) => ({
      of: `one process of ${role}`,
      turnsPerS: (MS_PER_S * HEADROOM) / cost.busiestThreadMs[role],
    })),
    {
      of: 'one core of temporal',
      turnsPerS: (MS_PER_S * HEADROOM) / (cost.ofTemporal?.cpuMs ?? cost.cpuMs.temporal),
    },
    { of: 'one core of postgres', turnsPerS: (MS_PER_S * HEADROOM) / cost.cpuMs.postgres },
    {
      of: `${SHARDS_OF_COMPOSE} history shards`,
      turnsPerS: (SHARDS_OF_COMPOSE * transitionsPerShardPerS) / cost.transitions,
    },
  ];
  return all.toSorted((one, other) => one.turnsPerS - other.turnsPerS);
}

/** Names one need: of what, and how much of it; the unit is the last word of the name. */
export interface Need {
  readonly of: string;
  readonly amount: number;
}

/** What so many turns a second need in sum, over however many ledgers. */
export function needs(turnsPerS: number, cost: TurnCost, site: Site): readonly Need[] {
  const coresOf = (cpuMs: number) => (turnsPerS * cpuMs) / MS_PER_S / HEADROOM;
  const slowCalls = Math.ceil((turnsPerS * cost.modelCalls * CALL_S) / CALLS_AT_ONCE / HEADROOM);
  const processes = (role: Role) => {
    const busy = Math.ceil((turnsPerS * cost.busiestThreadMs[role]) / MS_PER_S / HEADROOM);
    return Math.max(LEAST_PROCESSES, busy, role === 'assistant' ? slowCalls : 0);
  };
  const shards = 2 ** Math.ceil(Math.log2((turnsPerS * cost.transitions) / transitionsPerShardPerS));
  const tasks = turnsPerS * cost.busiestQueueTasks;
  const { ofTemporal } = cost;
  return [
    { of: 'ledgers', amount: Math.ceil((turnsPerS * cost.ledgerAppends) / (site.ledgerAppendsPerS * HEADROOM)) },
    {
      of: 'agents of tenants, least',
      amount: Math.ceil((turnsPerS * cost.reservations) / (site.reservesPerS * HEADROOM)),
    },
    { of: 'ledger appends/s', amount: turnsPerS * cost.ledgerAppends },
    { of: 'ledger entries/s', amount: turnsPerS * cost.ledgerEntries },
    ...ROLES.map((role) => ({ of: `${role} processes`, amount: processes(role) })),
    ...ROLES.map((role) => ({ of: `${role} cores`, amount: coresOf(cost.cpuMs[role]) })),
    { of: 'postgres cores', amount: coresOf(cost.cpuMs.postgres) },
    { of: 'temporal cores', amount: coresOf(ofTemporal?.cpuMs ?? cost.cpuMs.temporal) },
    { of: 'temporal state transitions/s', amount: turnsPerS * cost.transitions },
    { of: 'temporal history shards', amount: shards },
    {
      of: 'temporal partitions of the busiest Task Queue',
      amount: Math.max(LEAST_PARTITIONS, Math.ceil(tasks * PARTITIONS_PER_TASK_PER_S)),
    },
    {
      of: `temporal histories of ${RETENTION_DAYS} days, GB`,
      amount: (turnsPerS * S_PER_DAY * RETENTION_DAYS * cost.historyBytes) / GB,
    },
    ...(ofTemporal === undefined
      ? []
      : [
          { of: 'temporal database cores', amount: coresOf(ofTemporal.databaseCpuMs) },
          { of: 'temporal commits/s', amount: turnsPerS * ofTemporal.commits },
          { of: 'temporal WAL MB/s', amount: (turnsPerS * ofTemporal.walBytes) / MB },
        ]),
    { of: 'postgres commits/s', amount: turnsPerS * cost.commits },
    { of: 'postgres WAL MB/s', amount: (turnsPerS * cost.walBytes) / MB },
    { of: 'postgres growth, GB a day', amount: (turnsPerS * S_PER_DAY * cost.storeBytes) / GB },
    {
      of: 'postgres connections',
      amount: sum(ROLES.map((role) => processes(role) * POOL_CONNECTIONS)) + processes('api'),
    },
    { of: 'model calls/min', amount: turnsPerS * S_PER_MINUTE * cost.modelCalls },
  ];
}

/** A machine that is filled: by turns of one agent, in one process of each role, but for those of workflows. */
export interface Filled {
  readonly cores: number;
  readonly workflows: number;
  /** How much of a core was got to work when it was full: others run on it too. */
  readonly coreUse: number;
  /** Of whoever shares the cores and is no part of the system. */
  readonly besidesMs: number;
}

/** How many turns a second it does, nothing kept free, and what keeps it from doing more. */
export function predicted(cost: TurnCost, { ledgerAppendsPerS, reservesPerS }: Site, at: Filled): Bound {
  const processesOf = (role: Role) => (role === 'workflows' ? at.workflows : 1);
  return least([
    { of: 'cores', turnsPerS: (at.cores * at.coreUse * MS_PER_S) / (allCpuMs(cost) + at.besidesMs) },
    ...ROLES.map((role) => ({
      of: `${role} processes`,
      turnsPerS: (processesOf(role) * MS_PER_S) / cost.busiestThreadMs[role],
    })),
    { of: 'ledger', turnsPerS: ledgerAppendsPerS / cost.ledgerAppends },
    { of: 'agent', turnsPerS: reservesPerS / cost.reservations },
  ]);
}
