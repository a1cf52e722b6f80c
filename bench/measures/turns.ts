// The measure `turns`: what a turn takes and costs, of every subject in the same run. One is up at a time, and they take
// turns at being first, so that what the machine does besides falls on all of them.
import { setTimeout as sleep } from 'node:timers/promises';
import { costBetween, createMeter, type Meter } from '../cost.ts';
import { begunWithin, donePerS, type Level, load, TURNS_PER_CONVERSATION } from '../load.ts';
import type { BenchContext, Figure, Measure, Running, Subject } from '../measure.ts';
import { onStage, type Stage } from '../stage.ts';
import { installPeers } from '../subjects/install-peers.ts';
import { figuresOf } from './turn-figures.ts';
import { LOOKED_INTO, type Sample, type Stay } from './turn-samples.ts';

interface Planned extends Required<Omit<Level, 'tag'>> {
  readonly modelMs: number;
  /** In which rounds, from 0; in all where it is left out. */
  readonly rounds?: readonly number[];
}
interface Plan {
  readonly rounds: number;
  readonly warmUpMs: number;
  /** Before each level, so that what the one before leaves behind is not its own; and after the end. */
  readonly restMs: number;
  /** Those with a slow model first: what a stay costs is counted from the first one without. */
  readonly levels: readonly Planned[];
}

const level = (modelMs: number, callers: number, [rampMs, windowMs]: readonly [number, number]): Planned => ({
  modelMs,
  callers,
  rampMs,
  windowMs,
});
const isIn = (round: number, { rounds }: { readonly rounds?: readonly number[] }): boolean =>
  rounds === undefined || rounds.includes(round);
// Two rounds of six subjects take some nine minutes; a quick one a minute and a half. A level lasts until all are answered.
const PLANS: Readonly<Record<'quick' | 'full', Plan>> = {
  quick: {
    rounds: 1,
    warmUpMs: 500,
    restMs: 300,
    levels: [level(500, 10, [500, 1_000]), level(0, 1, [0, 800]), level(0, 10, [200, 800])],
  },
  full: {
    rounds: 2,
    // 6 s: what a subject runs most is compiled by then; the more of it there is, the longer that takes.
    warmUpMs: 6_000,
    restMs: 300,
    levels: [
      { ...level(500, 1, [0, 8_000]), rounds: [0] },
      ...[level(500, 10, [1_000, 6_000]), level(500, 50, [1_000, 4_000])].map((one) => ({ ...one, rounds: [1] })),
      ...[level(0, 1, [0, 2_500]), level(0, 10, [500, 2_700]), level(0, 50, [1_000, 4_000])],
    ],
  },
};
const WARM_UP_CALLERS = 10;
// 1.2 s: PostgreSQL tells of the commits of a connection that is at work a second late, and of one that has ended at once.
const TOLD_MS = 1_200;

export const turnsOf = (subjects: readonly Subject[]): Measure => ({
  name: 'turns',
  prepare: installPeers,
  run: (context) => onStage(context, (stage) => measure(context, stage, subjects)),
});

async function measure(context: BenchContext, stage: Stage, subjects: readonly Subject[]): Promise<readonly Figure[]> {
  const plan = context.quick ? PLANS.quick : PLANS.full;
  const seen = { samples: [] as Sample[], stays: [] as Stay[], failed: [] as string[] };
  for (let round = 0; round < plan.rounds; round++) {
    const order = subjects
      .map((_, at) => subjects[(at + round * Math.ceil(subjects.length / plan.rounds)) % subjects.length]!)
      .filter((subject) => isIn(round, subject));
    const levels = plan.levels.filter((one) => isIn(round, one));
    context.log(`round ${round + 1} of ${plan.rounds}: ${order.map(({ name }) => name).join(', ')}`);
    for (const subject of order) {
      try {
        const { samples, stay } = await stayOf(subject, { ...plan, levels }, stage, `r${round}`);
        seen.samples.push(...samples);
        seen.stays.push(stay);
        for (const line of samples.map(lineOf)) context.log(line);
      } catch (error) {
        context.log(`${subject.name} failed: ${error instanceof Error ? error.stack : String(error)}`);
        seen.failed.push(subject.name);
      }
    }
  }
  return figuresOf(seen, subjects);
}

function lineOf({ subject, modelMs, callers, loaded, cost }: Sample): string {
  const [error] = loaded.errors;
  return (
    `${subject}, model ${modelMs} ms, ${callers} callers: ${donePerS([loaded]).toFixed(1)} turns/s, ` +
    `${loaded.errors.length} errors${error === undefined ? '' : ` (${error})`}, machine ${(cost.busyShare * 100).toFixed(0)} % busy`
  );
}

/** Start it, load it, stop it. */
async function stayOf(subject: Subject, plan: Plan, stage: Stage, tag: string) {
  const at = await stage.surroundingsFor(subject.name);
  let running: Running | undefined;
  const own = { model: stage.model.pid, postgres: stage.postgres.pid() ?? 0 };
  const meter = await createMeter(stage.postgres.url, { ...at, pids: () => ({ ...running?.pids(), ...own }) });
  try {
    await stage.model.delay(0);
    running = await subject.start(at);
    const samples = await loadAll(subject, running, plan, stage, meter, tag);
    await running.stop();
    await sleep(plan.restMs);
    const commits = (await meter.commits()) - samples.commitsBefore;
    return { samples: samples.all, stay: { ...samples.stay, commits } };
  } catch (error) {
    await running?.stop();
    throw error;
  } finally {
    await meter.end();
    await stage.drop(at);
  }
}

async function loadAll(
  subject: Subject,
  running: Running,
  { warmUpMs, restMs, levels }: Plan,
  { model }: Stage,
  meter: Meter,
  tag: string,
) {
  await load(running, { callers: WARM_UP_CALLERS, windowMs: warmUpMs, tag: `${tag}-warm` });
  const spent = await lookInto(running, `${tag}-look`);
  const all: Sample[] = [];
  let before: Awaited<ReturnType<typeof countedBy>> | undefined;
  for (const { modelMs, callers, rampMs, windowMs } of levels) {
    await model.delay(modelMs);
    await sleep(restMs);
    if (modelMs === 0) before ??= await countedBy(meter);
    await model.take();
    const from = await meter.look();
    const loaded = await load(running, { callers, rampMs, windowMs, tag: `${tag}-${modelMs}-${callers}` });
    const cost = costBetween(from, await meter.look());
    const asked = await model.take();
    const had = [...new Set(begunWithin(loaded).map(({ conversation }) => conversation))];
    const calls = modelMs > 0 ? await running.modelCalls?.(had) : undefined;
    all.push({ subject: subject.name, modelMs, callers, loaded, asked, cost, ...(calls && { calls }) });
  }
  const { commits = 0, diskBytes = 0 } = before ?? {};
  const stay = {
    subject: subject.name,
    turns: all.reduce((sum, { modelMs, loaded }) => sum + (modelMs === 0 ? loaded.turns.length : 0), 0),
    diskBytes: (await meter.diskBytes()) - diskBytes,
    memoryBytes: meter.memoryBytes(),
    spent,
  };
  return { all, stay, commitsBefore: commits };
}

async function countedBy(meter: Meter) {
  await sleep(TOLD_MS);
  return { commits: await meter.commits(), diskBytes: await meter.diskBytes() };
}

/** Have some conversations in whole, one turn after the other, and ask the subject what they have cost. */
async function lookInto(running: Running, tag: string): Promise<Readonly<Record<string, number>>> {
  if (running.spent === undefined) return {};
  const conversations = Array.from({ length: LOOKED_INTO }, (_, nth) => `${tag}-${nth}`);
  for (const conversation of conversations)
    for (let n = 0; n < TURNS_PER_CONVERSATION; n++) await running.turn(conversation, n);
  return running.spent(conversations);
}
