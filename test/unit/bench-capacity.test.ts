import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  fullAt,
  HEADROOM,
  needs,
  POOL_CONNECTIONS,
  predicted,
  SHARD_LOAD,
  SHARD_WRITE_MS,
  type TurnCost,
} from '../../bench/capacity.ts';
import type { Figure } from '../../bench/measure.ts';
import { createPool } from '../../store/pool.ts';
import { figuresOf, type Point, type Stay } from '../../bench/measures/scale-figures.ts';

/** 200 ms of the processor, of which workflows has 80, and its busiest thread 50. */
const aCost = (more: Partial<TurnCost> = {}): TurnCost => ({
  cpuMs: { api: 15, workflows: 80, assistant: 25, actor: 10, temporal: 50, postgres: 20 },
  busiestThreadMs: { api: 14, workflows: 50, assistant: 20, actor: 8 },
  ledgerAppends: 5,
  ledgerEntries: 8,
  reservations: 2,
  commits: 40,
  walBytes: 30_000,
  storeBytes: 20_000,
  transitions: 20,
  historyBytes: 25_000,
  busiestQueueTasks: 2,
  modelCalls: 2,
  ...more,
});
// Wide: a disk on which no lock is what is full.
const WIDE = { ledgerAppendsPerS: 100_000, reservesPerS: 100_000 };
const needOf = (of: string, turnsPerS: number, cost = aCost(), site = WIDE) =>
  needs(turnsPerS, cost, site).find((one) => one.of === of)?.amount;

test('what fills up first stands first: on a slow disk a lock that everybody waits for', () => {
  const [first, second] = fullAt(aCost(), { ...WIDE, ledgerAppendsPerS: 50 });
  assert.deepEqual(first, { of: 'one ledger', turnsPerS: (50 * HEADROOM) / 5 });
  assert.equal(second?.of, 'one process of workflows');
  assert.deepEqual(fullAt(aCost(), { ...WIDE, reservesPerS: 10 })[0], {
    of: 'one agent of a tenant',
    turnsPerS: 5 * HEADROOM,
  });
  assert.equal(fullAt(aCost(), WIDE)[0]?.of, 'one process of workflows');
});

test('a deployment needs as many ledgers as its appends do, and their appends are those of its turns', () => {
  assert.equal(
    needOf('ledgers', 1_000, aCost(), { ...WIDE, ledgerAppendsPerS: 500 }),
    Math.ceil(5_000 / (500 * HEADROOM)),
  );
  assert.equal(needOf('ledger appends/s', 1_000), 5_000);
  assert.equal(needOf('ledgers', 1), 1);
});

test('a process is full when its busiest thread is, whatever its other threads do, and no role is one process', () => {
  assert.equal(needOf('workflows processes', 1_000), Math.ceil(50 / HEADROOM));
  assert.equal(needOf('actor processes', 1), 2);
  assert.equal(needOf('workflows cores', 1_000), 80 / HEADROOM);
  // 10,000 calls at once, 200 in each: a slow model needs more of the assistant than its processor does.
  assert.equal(needOf('assistant processes', 1_000), Math.ceil(50 / HEADROOM));
});

test('history shards are a power of two with room for ten times the load, for their number is for ever', () => {
  const perShard = (1_000 / SHARD_WRITE_MS) * SHARD_LOAD;
  assert.equal(needOf('temporal history shards', 512 * (perShard / 20)), 512);
  assert.equal(needOf('temporal history shards', 513 * (perShard / 20)), 1_024);
});

test('each process of a role has its connections to PostgreSQL, and one of the API hears of replies', () => {
  const processes = ['api', 'workflows', 'assistant', 'actor'].map((role) => needOf(`${role} processes`, 1_000) ?? 0);
  const all = processes.reduce((sum, one) => sum + one, 0);
  assert.equal(needOf('postgres connections', 1_000), POOL_CONNECTIONS * all + (processes[0] ?? 0));
  assert.equal(createPool({}).options.max, POOL_CONNECTIONS);
});

test("Temporal's own PostgreSQL is told of where it was measured, and only there", () => {
  const ofTemporal = { cpuMs: 100, databaseCpuMs: 70, commits: 60, walBytes: 200_000 };
  assert.equal(needOf('temporal WAL MB/s', 1_000, aCost({ ofTemporal })), 200);
  assert.equal(needOf('temporal cores', 1_000, aCost({ ofTemporal })), 100 / HEADROOM);
  assert.equal(needOf('temporal WAL MB/s', 1_000), undefined);
  assert.equal(needOf('temporal cores', 1_000), 50 / HEADROOM);
});

test('a second process of workflows carries more only where the first was what was full', () => {
  const at = { coreUse: 1, besidesMs: 0 };
  assert.deepEqual(predicted(aCost(), WIDE, { ...at, cores: 2, workflows: 1 }), { of: 'cores', turnsPerS: 10 });
  assert.deepEqual(predicted(aCost(), WIDE, { ...at, cores: 2, workflows: 2 }), { of: 'cores', turnsPerS: 10 });
  const full = { of: 'workflows processes', turnsPerS: 20 };
  assert.deepEqual(predicted(aCost(), WIDE, { ...at, cores: 8, workflows: 1 }), full);
  assert.deepEqual(predicted(aCost(), WIDE, { ...at, cores: 8, workflows: 2 }), { of: 'cores', turnsPerS: 40 });
  const slow = { ...WIDE, ledgerAppendsPerS: 40 };
  assert.deepEqual(predicted(aCost(), slow, { ...at, cores: 8, workflows: 2 }), { of: 'ledger', turnsPerS: 8 });
});

test('who shares the cores and is no part of the system takes of them', () => {
  const at = { cores: 2, workflows: 1, coreUse: 0.9, besidesMs: 25 };
  assert.equal(predicted(aCost(), WIDE, at).turnsPerS, (2 * 0.9 * 1_000) / 225);
});

const aPoint = (workflows: number, cores: number, turns: number, more: Partial<Point> = {}): Point => ({
  ...{
    size: { workflows, cores },
    seconds: 10,
    turns,
    timesMs: [100],
    errors: [],
    besidesMs: 0,
    walBytes: 1,
    busyShare: 1,
  },
  cpuMs: { api: 750, workflows: 4_000, assistant: 1_250, actor: 500, temporal: 2_500, postgres: 1_000 },
  busiestThreadMs: { api: 700, workflows: 2_500, assistant: 1_000, actor: 400 },
  ...more,
});
const aStay = (points: readonly Point[]): Stay => ({
  points,
  ...{
    turns: 100,
    modelCalls: 200,
    storeBytes: 1,
    ledgerEntries: 800,
    ledgerAppends: 500,
    reservations: 200,
    commits: 4_000,
  },
  commitsOfTemporal: 0,
  histories: {
    ...{ transitions: 200, events: 300, bytes: 1, workflowTasks: 40, turns: 10 },
    activityTasks: new Map([['assistant', 20]]),
  },
});
const seen = (points: readonly Point[]) => ({
  stay: aStay(points),
  onPostgres: undefined,
  appendsPerS: new Map([[1, 1e6]]),
  reservesPerS: 1e6,
});
const valuesOf = (figures: readonly Figure[], name: string) =>
  figures.flatMap((one) => (one.name === name ? [one.value] : []));

test('the model is told of the first point and held against the others, never against its own', () => {
  // 200 ms a turn on one full core: 5 turns a second, so 10 on two. Of 8 that is wrong by a quarter.
  const figures = figuresOf(seen([aPoint(1, 1, 50), aPoint(1, 2, 80), aPoint(2, 2, 100)]));
  assert.deepEqual(valuesOf(figures, 'scale_turns_per_s'), [5, 8, 10]);
  assert.deepEqual(valuesOf(figures, 'scale_predicted_turns_per_s'), [10, 10]);
  assert.deepEqual(valuesOf(figures, 'scale_model_error_percent'), [25, 0]);
});

test('a turn that is not answered is a limit that is missed', () => {
  const [errors] = figuresOf(seen([aPoint(1, 1, 50, { errors: ['away'] })])).filter(
    ({ name }) => name === 'scale_errors',
  );
  assert.deepEqual([errors?.value, errors?.limit], [1, { atMost: 0 }]);
});

test('where nothing was measured there are no figures', () => {
  assert.deepEqual(figuresOf(seen([])), []);
});
