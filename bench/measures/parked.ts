// The measure `parked`: what ten thousand conversations in which nobody says anything, and a thousand approvals that wait
// for people, cost the machine, beside the same stack with none. For each database: ours in PostgreSQL by its commits and
// its log, Temporal's by what its process has written and what its files have grown by. Noise is what equal windows of
// the empty stack differ by, and one duty of a minute that may fall into the one stretch and not into the other.
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import { TASK_QUEUES } from '../../domain/ids.ts';
import { waitingTasks } from '../../test/proofs/overload/backlog.ts';
import { wordsFor } from '../../test/proofs/rig/model.ts';
import type { Rig } from '../../test/proofs/rig/rig.ts';
import { rest } from '../../test/proofs/parked/measure.ts';
import { ask } from '../../test/proofs/rig/truth.ts';
import { waitFor } from '../../test/proofs/support.ts';
import type { Meter } from '../cost.ts';
import type { BenchContext, Figure, Measure } from '../measure.ts';
import { createCallers, each } from './callers.ts';
import { mean, meterOf, ours, spread } from './stack.ts';
import { COSTS, type Costs, watch } from './windows.ts';

// 7 minutes: a fast machine of two cores needs as much, and with less it would be stopped in the middle.
const LEAST_MS = 420_000;

export const parked: Measure = { name: 'parked', onStack: 'own', leastMs: LEAST_MS, run };

const SIZES = {
  // What was done before is not yet over, written out and counted when a quick run looks: told, and not held.
  quick: {
    ...{ parked: 40, waiting: 10, windows: 2, windowMs: 1_500 },
    ...{ restMs: { none: 1_500, parked: 3_000 }, isHeld: false },
  },
  // Four windows of 15 s: together a minute, so that what is done once in each falls into both.
  // 25 s: what a start, or that of ten thousand, has left behind is collected, and written out.
  full: {
    ...{ parked: 10_000, waiting: 1_000, windows: 4, windowMs: 15_000 },
    ...{ restMs: { none: 25_000, parked: 25_000 }, isHeld: true },
  },
} as const;
// 32 callers: each may ask ten times a second, and one address fifty times.
const CALLERS = 32;
// 12 at once keep two cores busy; more only wait for each other.
const AT_ONCE = 12;
const CENTS = 7_200;
// 60 s: after ten thousand starts the lists are behind.
const LIST_LIMIT_MS = 60_000;

async function run(context: BenchContext): Promise<readonly Figure[]> {
  const { quick, log } = context;
  const size = quick ? SIZES.quick : SIZES.full;
  const stack = await context.stack();
  const { rig } = stack;
  const meter = await meterOf(stack);
  try {
    await rest(rig, size.restMs.none);
    const none = await windowsOf(meter, stack.folder, size);
    const begunMs = Date.now();
    await park(rig, size);
    log(`${size.parked} conversations, ${size.waiting} approvals after ${seconds(begunMs)} s`);
    await assertParked(rig, size);
    await untilBegun(rig, log);
    await rest(rig, size.restMs.parked);
    const waiting = await windowsOf(meter, stack.folder, size);
    await assertParked(rig, size);
    if (!size.isHeld) log('what they cost is not held to the noise in a quick run');
    return figuresOf(none, waiting, size);
  } finally {
    await meter.end();
  }
}

type Size = (typeof SIZES)[keyof typeof SIZES];

const seconds = (sinceMs: number): string => ((Date.now() - sinceMs) / 1_000).toFixed(0);

async function windowsOf(meter: Meter, folder: string, { windows, windowMs }: Size): Promise<readonly Costs[]> {
  const found: Costs[] = [];
  for (let nth = 0; nth < windows; nth++) found.push(await watch(meter, folder, windowMs));
  return found;
}

/**
 * Each with a Workflow of its own; now and then in one of them somebody asks for what people must allow. As one goes along,
 * so that first steps are done meanwhile, which would only pile up behind openings alone.
 */
async function park(rig: Rig, { parked: count, waiting }: Size): Promise<void> {
  const every = count / waiting;
  const callers = await createCallers(rig, CALLERS);
  await each(count, AT_ONCE, async (nth) => {
    const caller = callers[nth % callers.length];
    const id = `parked-${nth}`;
    await caller?.open(id);
    if (nth % every === 0) await caller?.say(id, 'first', wordsFor(id, [['pay', CENTS]]));
  });
  for (const caller of callers) caller.close();
}

async function assertParked(rig: Rig, { parked: count, waiting }: Size): Promise<void> {
  const [row] = await ask<{ open: number; waits: number }>(
    rig,
    `select (select count(*)::int from countersign.conversations where phase = 'open') as open,
       (select count(*)::int from countersign.approvals where end_state = 'open') as waits`,
  );
  if (row?.open !== count || row.waits !== waiting)
    throw new Error(
      `${row?.open} conversations are open and ${row?.waits} approvals wait, not ${count} and ${waiting}`,
    );
  const connection = await Connection.connect({ address: rig.temporal.address });
  try {
    const { workflow } = new Client({ connection });
    // Temporal's lists lag by seconds.
    await waitFor('as many Workflows', LIST_LIMIT_MS, async () => {
      const running = await workflow.count(`ExecutionStatus = 'Running'`);
      return running.count === count + waiting;
    });
  } finally {
    await connection.close();
  }
}

// 3 minutes: on two cores the first steps of ten thousand are done a minute and a half after the last was opened.
const BEGUN_LIMIT_MS = 180_000;
// 1 s between looks; 6 in a row: Temporal answers what it counted within the last 5 s.
const LOOK_MS = 1_000;
const LOOKS_AT_NONE = 6;

/**
 * Until none of them waits for a worker to take its first step: whoever opens one does not wait for that, so that the last
 * are behind. What workers have in hand by then is over within the rest that follows.
 */
async function untilBegun(rig: Rig, log: BenchContext['log']): Promise<void> {
  const begunMs = Date.now();
  const connection = await Connection.connect({ address: rig.temporal.address });
  try {
    for (let none = 0; none < LOOKS_AT_NONE; ) {
      const look = () => waitingTasks(connection, TASK_QUEUES.workflows, 'workflow');
      none = (await connection.withDeadline(Date.now() + LIST_LIMIT_MS, look)) === 0 ? none + 1 : 0;
      if (Date.now() > begunMs + BEGUN_LIMIT_MS) throw new Error('the first steps of some are not done');
      await sleep(LOOK_MS);
    }
    log(`their first steps were done ${seconds(begunMs)} s later`);
  } finally {
    await connection.close();
  }
}

function figuresOf(none: readonly Costs[], waiting: readonly Costs[], size: Size): readonly Figure[] {
  const names = Object.keys(COSTS) as readonly (keyof typeof COSTS)[];
  const processes = [...new Set(waiting.flatMap(({ cpuMs }) => [...cpuMs.keys()]))];
  const at = (state: string) => ({ state });
  const told = (state: string, all: readonly Costs[]) => [
    ...ours(at(state), Object.fromEntries(names.map((name) => [name, mean(all.map((one) => one[name]))]))),
    ...processes.flatMap((process) =>
      ours({ state, process }, { cpu_ms_per_s: mean(all.map((one) => one.cpuMs.get(process) ?? 0)) }),
    ),
  ];
  const more = names.flatMap((name) => {
    const [before, after] = [none.map((one) => one[name]), waiting.map((one) => one[name])];
    const { ofADuty } = COSTS[name];
    const noise = spread(before) + (ofADuty ?? 0) / ((size.windows * size.windowMs) / 1_000);
    const value = mean(after) - mean(before);
    const limit = ofADuty === undefined || !size.isHeld ? {} : { limit: { atMost: noise } };
    const circumstances = { parked: size.parked, waiting: size.waiting };
    return [
      { subject: 'countersign', name: `more_${name}`, value, at: circumstances, ...limit },
      { subject: 'countersign', name: `noise_of_${name}`, value: noise, at: { state: 'none' } },
    ];
  });
  return [...told('none', none), ...told('parked', waiting), ...more];
}
