// A stay of the measure `scale`: everything on, filled by callers at several sizes, one after the other. The system has so
// many cores and no more, and whoever loads it has the others, where there are any.
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { assertOn, busiestBetween, coresOfOurs, limitOurselves, limitTo, threadTimes } from '../affinity.ts';
import { costBetween, createMeter, type Meter } from '../cost.ts';
import type { Engine } from '../engines.ts';
import { load, type Loaded, nowMs, TURNS_PER_CONVERSATION, type Turned } from '../load.ts';
import type { Surroundings } from '../measure.ts';
import type { Stage } from '../stage.ts';
import { type Countersign, startCountersign } from '../subjects/countersign.ts';
import { databasesOfTemporal } from '../temporal-on-postgres.ts';
import { type Role, ROLES } from '../../test/proofs/rig/roles.ts';
import { historiesOf } from './scale-histories.ts';
import type { Point, Size, Stay } from './scale-figures.ts';

// 16 callers: four cores and more are full by then, and a turn is still answered within seconds.
const CALLERS = 16;
// 12 s: what a new process runs most is compiled by then, so that no size is dearer for being its first.
const FIRST_WARM_UP_MS = 12_000;
// 4 s: what waited for the size before is done.
const WARM_UP_MS = 4_000;
// 10 s: some forty turns on a slow core.
const WINDOW_MS = 10_000;
// Beyond the second look, so that it is as full then as before.
const TAIL_MS = 500;
// 1.2 s: PostgreSQL tells of commits a second late.
const REST_MS = 1_200;
// 12 conversations: each has much the same events in each of its turns.
const LOOKED_INTO = 12;
// The process of workflows that another was started beside.
const FIRST = 'workflows beside';

/** Start it, fill it at each size, in this order, and stop it. Processes of workflows can become more, not fewer. */
export async function stayOf(stage: Stage, engine: Engine, sizes: readonly Size[]): Promise<Stay> {
  const at = await stage.surroundingsFor('scale');
  const counted = await createCounter(stage.postgres.url, at.databaseUrl);
  let started: Countersign | undefined;
  try {
    await stage.model.delay(0);
    started = await startCountersign(at, engine);
    const { rig, running } = started;
    const all: Turned[] = [];
    const fill: Fill = async (windowMs, tag) => {
      const loaded = await load(running, { callers: CALLERS, windowMs, tag });
      all.push(...loaded.turns);
      return loaded;
    };
    await fill(FIRST_WARM_UP_MS, 'warm');
    await sleep(REST_MS);
    const before = { ...(await counted.look()), turns: all.length };
    await stage.model.take();
    const points = await fillAtAll(started, { stage, at, sizes, fill });
    const { calls } = await stage.model.take();
    const after = await counted.look();
    const whole = all.flatMap(({ conversation, n }) => (n === TURNS_PER_CONVERSATION - 1 ? [conversation] : []));
    const looked = whole.slice(-LOOKED_INTO);
    const histories = await historiesOf(rig.temporal.address, looked);
    await running.stop();
    // A connection that has ended has told of its commits.
    await sleep(REST_MS);
    const told = await counted.commits();
    return {
      points,
      histories: { ...histories, turns: looked.length * TURNS_PER_CONVERSATION },
      turns: all.length - before.turns,
      modelCalls: calls,
      storeBytes: after.storeBytes - before.storeBytes,
      ledgerEntries: after.entries - before.entries,
      reservations: after.reservations - before.reservations,
      ledgerAppends: await counted.appendsAfter(before.entries, after.entries),
      commits: told.own - before.own,
      commitsOfTemporal: told.ofTemporal - before.ofTemporal,
    };
  } finally {
    await started?.running.stop();
    await counted.end();
    await stage.drop(at);
  }
}

type Fill = (windowMs: number, tag: string) => Promise<Loaded>;

interface Filling {
  readonly stage: Stage;
  readonly at: Surroundings;
  readonly sizes: readonly Size[];
  readonly fill: Fill;
}

async function fillAtAll({ rig, running }: Countersign, { stage, at, sizes, fill }: Filling): Promise<Point[]> {
  const first = rig.roles.pid('workflows');
  const pids = () => ({
    ...running.pids(),
    ...(rig.roles.pid('workflows') === first ? {} : { [FIRST]: first }),
    postgres: stage.postgres.pid() ?? 0,
    model: stage.model.pid,
  });
  const meter = await createMeter(stage.postgres.url, { ...at, pids });
  const ours = coresOfOurs();
  const points: Point[] = [];
  try {
    for (const [nth, size] of sizes.entries()) {
      const isJoined = size.workflows > 1 && rig.roles.pid('workflows') === first;
      if (isJoined) await rig.roles.replace('workflows');
      const { model, ...own } = pids();
      const cores = ours.slice(0, size.cores);
      const others = ours.slice(size.cores);
      const rest = others.length === 0 ? ours : others;
      limitOurselves(rest);
      limitTo(rest, [model]);
      limitTo(cores, Object.values(own));
      const warmUpMs = isJoined ? FIRST_WARM_UP_MS : WARM_UP_MS;
      const loading = fill(warmUpMs + WINDOW_MS + TAIL_MS, `p${nth}`);
      loading.catch(() => undefined);
      await sleep(warmUpMs);
      const point = await lookAt(size, others.length === 0, { meter, pids, loading });
      assertOn(cores, Object.values(own));
      points.push(point);
    }
    return points;
  } finally {
    limitOurselves(ours);
    await meter.end();
  }
}

interface Filled {
  readonly meter: Meter;
  readonly pids: () => Readonly<Record<string, number>>;
  /** It is loaded until after the window. */
  readonly loading: Promise<Loaded>;
}

async function lookAt(size: Size, sharesCores: boolean, { meter, pids, loading }: Filled): Promise<Point> {
  const threads = () => new Map(Object.entries(pids()).map(([name, pid]) => [name, threadTimes(pid)]));
  const [from, fromMs, threadsBefore] = [await meter.look(), nowMs(), threads()];
  await sleep(WINDOW_MS);
  const [to, toMs, threadsAfter] = [await meter.look(), nowMs(), threads()];
  const cost = costBetween(from, to);
  const { turns, errors } = await loading;
  const within = turns.filter(({ repliedMs }) => repliedMs > fromMs && repliedMs <= toMs);
  const { model = 0, ...cpuMs } = Object.fromEntries(cost.cpuMs);
  const busiest = (role: Role): number =>
    busiestBetween(threadsBefore.get(role) ?? new Map(), threadsAfter.get(role) ?? new Map());
  return {
    size,
    seconds: (toMs - fromMs) / 1_000,
    turns: within.length,
    timesMs: within.map(({ sentMs, repliedMs }) => repliedMs - sentMs),
    errors,
    cpuMs,
    besidesMs: sharesCores ? model + cost.ownCpuMs : 0,
    busiestThreadMs: Object.fromEntries(ROLES.map((role) => [role, busiest(role)])) as Record<Role, number>,
    walBytes: cost.walBytes,
    busyShare: cost.busyShare,
  };
}

/** What the databases themselves say, of ours and of Temporal's two beside it. */
async function createCounter(serverUrl: string, databaseUrl: string) {
  const server = new pg.Client({ connectionString: serverUrl });
  await server.connect();
  const name = new URL(databaseUrl).pathname.slice(1);
  const commitsOf = async (databases: readonly string[]): Promise<number> => {
    const { rows } = await server.query<{ commits: number | null }>(
      'select sum(xact_commit)::float8 as commits from pg_stat_database where datname = any($1)',
      [databases],
    );
    return rows[0]?.commits ?? 0;
  };
  const commits = async () => ({
    own: await commitsOf([name]),
    ofTemporal: await commitsOf(databasesOfTemporal(name)),
  });
  /** On a connection of the moment, so that its commits are told of at once and are few. */
  const ask = async (text: string, values: readonly number[] = []): Promise<number> => {
    const client = new pg.Client({ connectionString: databaseUrl });
    await client.connect();
    try {
      const { rows } = await client.query<{ count: number }>(text, [...values]);
      return rows[0]?.count ?? 0;
    } finally {
      await client.end();
    }
  };
  return {
    commits,
    async look() {
      return {
        ...(await commits()),
        entries: await ask('select max(seq)::float8 as count from countersign.ledger'),
        reservations: await ask('select count(*)::float8 as count from countersign.reservations'),
        storeBytes: await ask('select pg_database_size(current_database())::float8 as count'),
      };
    },
    end: () => server.end(),
    /** Transactions that wrote the entries in between: a row names the one that wrote it. */
    appendsAfter: (after: number, to: number) =>
      ask('select count(distinct xmin::text)::float8 as count from countersign.ledger where seq > $1 and seq <= $2', [
        after,
        to,
      ]),
  };
}
