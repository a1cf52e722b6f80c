// The measure `recovery`: a process is killed (SIGKILL) while it has something of a conversation in hand, and another of
// its role stands ready beside it. So nothing is hidden by the time that a start takes: how long until the reply, and for
// what was waited; and what the heartbeats cost by which a killed worker is noticed, while many model calls are under
// way.
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import { wordsFor } from '../../test/proofs/rig/model.ts';
import type { Rig } from '../../test/proofs/rig/rig.ts';
import type { Role } from '../../test/proofs/rig/roles.ts';
import { waitFor } from '../../test/proofs/support.ts';
import { quantile } from '../load.ts';
import type { BenchContext, Figure, Measure } from '../measure.ts';
import { type Caller, createCallers } from './callers.ts';
import { costOfHeartbeats } from './heartbeats.ts';
import { type Part, type Parts, PARTS, partsOf } from './recovery-parts.ts';
import { mean, ours } from './stack.ts';

export const recovery: Measure = { name: 'recovery', onStack: 'shared', run };

// 5 of each kind: 20 recoveries, of which the 95th of a hundred is the longest.
const ROUNDS = { quick: 1, full: 5 };
// 3 s: whoever writes has not yet put the phone away.
const MOST_S = { atMost: 3 };
const CALLERS = 10;
// 3: a turn may be over sooner than the one before it took, by which the moment of its kill is chosen.
const MAX_ATTEMPTS = 3;

/** A kill: of whom, and when. */
interface Strike {
  readonly role: Role;
  readonly when: string;
  /** Hold the turn up where the process that is killed has it in hand; resolves once it has. */
  readonly begin: (turn: Turn) => Promise<void>;
  /**
   * Where the turn begins only once the other is ready: how long before the kill, ms; below 0 after it. `turnMs`: what a
   * turn takes.
   */
  readonly afterMs?: (turnMs: number, round: number) => number;
  /** Let what was held up go on. */
  readonly release: (rig: Rig) => void;
  /** In a quick run too. */
  readonly isQuick?: true;
}

interface Turn {
  readonly rig: Rig;
  readonly id: string;
}

// 60 s: a turn is at any moment of its own within a second or two, on a machine that does nothing else.
const MOMENT_LIMIT_MS = 60_000;
// 2 minutes: what is held up does not end by itself before the kill.
const HELD_UP_MS = 120_000;
// 2: a turn with a tool asks the model twice, that of the warm-up once.
const TURNS_IN_ONE = 2;
// What was asked in the warm-up: one question.
const ASKED_BEFORE = 1;

const STRIKES: readonly Strike[] = [
  // Killed, and only then spoken to: its Workflow Task goes to the sticky queue of the dead.
  { role: 'workflows', when: 'between turns', begin: nothing, afterMs: () => -1, release: () => undefined },
  // Each round at another point of the turn.
  {
    ...{ role: 'workflows', when: 'in a turn', begin: nothing, release: () => undefined, isQuick: true },
    afterMs: (turnMs, round) => (TURNS_IN_ONE * turnMs * round) / (ROUNDS.full + 1),
  },
  {
    role: 'assistant',
    when: 'in a model call',
    isQuick: true,
    async begin({ rig: { model }, id }) {
      const asked = () => [...model.asked(id).values()].reduce((sum, times) => sum + times, 0);
      model.answersAfterMs = HELD_UP_MS;
      await waitFor('the model call', MOMENT_LIMIT_MS, () => asked() > ASKED_BEFORE);
    },
    release({ model }) {
      model.answersAfterMs = 0;
    },
  },
  {
    role: 'actor',
    when: 'in a tool',
    async begin({ rig: { far }, id }) {
      far.answersAfterMs = HELD_UP_MS;
      await waitFor('the tool', MOMENT_LIMIT_MS, () => far.requests.some(({ key }) => key.startsWith(`${id}:`)));
    },
    release({ far }) {
      far.answersAfterMs = 0;
    },
  },
];

async function nothing(): Promise<void> {}

async function run(context: BenchContext): Promise<readonly Figure[]> {
  const { quick, log } = context;
  const rounds = quick ? ROUNDS.quick : ROUNDS.full;
  const { rig } = await context.stack();
  const callers = await createCallers(rig, CALLERS);
  const connection = await Connection.connect({ address: rig.temporal.address });
  const client = new Client({ connection });
  try {
    const all: Recovered[] = [];
    const figures: Figure[] = [];
    for (const strike of quick ? STRIKES.filter(({ isQuick }) => isQuick) : STRIKES) {
      const own: Recovered[] = [];
      for (let round = 1; round <= rounds; round++)
        own.push(await struckInTime({ rig, client, caller: callers[0] }, strike, round, log));
      all.push(...own);
      figures.push(...of({ killed: strike.role, when: strike.when, times: own.length }, own));
    }
    figures.push(...of({ killed: 'any', times: all.length }, all, { recovery_p95_s: MOST_S }));
    log(inWords(all));
    return quick ? figures : [...figures, ...(await costOfHeartbeats(rig, callers))];
  } finally {
    for (const caller of callers) caller.close();
    await connection.close();
  }
}

interface Recovered {
  /** From the kill, when the other was ready, to the reply. */
  readonly tookMs: number;
  /** What of it was waited for what. */
  readonly parts: Parts;
}

interface With {
  readonly rig: Rig;
  readonly client: Client;
  readonly caller: Caller | undefined;
}

/** As `struck`; where the reply came before the kill there was nothing to recover, and another conversation is struck. */
async function struckInTime(at: With, strike: Strike, round: number, log: BenchContext['log']): Promise<Recovered> {
  for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt++) {
    const recovered = await struck(at, strike, round, attempt);
    if (recovered !== undefined) return recovered;
    log(`the ${strike.role} role was killed ${strike.when} after the reply: once more`);
  }
  throw new Error(`the reply came before the kill of the ${strike.role} role, ${MAX_ATTEMPTS} times`);
}

/** One conversation, which has said something before. Undefined where it had its reply before the kill. */
async function struck(
  { rig, client, caller }: With,
  strike: Strike,
  round: number,
  attempt: number,
): Promise<Recovered | undefined> {
  if (caller === undefined) throw new Error('there is no caller');
  const id = `${strike.role}-${strike.when.replaceAll(' ', '-')}-${round}-${attempt}`;
  await caller.open(id);
  const { tookMs: turnMs } = await caller.say(id, 'warm-up', `Hello [${id}]`);
  const say = () => caller.say(id, 'struck', wordsFor(id, [['note', 50]]));
  // What is in hand before the other process starts, or has its place in the cache, is the first one's.
  const afterMs = strike.afterMs?.(turnMs, round);
  const early = afterMs === undefined ? say() : undefined;
  let said = early;
  let killMs: number;
  try {
    await Promise.race([strike.begin({ rig, id }), early]);
    const first = await rig.roles.replace(strike.role);
    if (afterMs !== undefined && afterMs >= 0) said = say();
    // Heard of below, where it is waited for.
    said?.catch(() => undefined);
    await sleep(Math.max(0, afterMs ?? 0));
    killMs = Date.now();
    await first.kill();
  } finally {
    strike.release(rig);
  }
  const goneMs = Date.now();
  const { repliedMs } = await (said ?? say());
  if (repliedMs < goneMs) return undefined;
  const parts = await partsOf(client, id, { killMs, fromMs: killMs, toMs: repliedMs });
  return { tookMs: repliedMs - killMs, parts };
}

const MS = 1_000;

function of(at: Figure['at'], some: readonly Recovered[], limits = {}): readonly Figure[] {
  const tookS = some.map(({ tookMs }) => tookMs / MS);
  const values = { recovery_p50_s: quantile(tookS, 0.5), recovery_p95_s: quantile(tookS, 0.95) };
  const waits = PARTS.map((part) => [`recovery_${part}_s`, meanOf(some, part)] as const);
  return ours(at, { ...values, ...Object.fromEntries(waits) }, limits);
}

const meanOf = (some: readonly Recovered[], part: Part): number => mean(some.map(({ parts }) => parts[part] / MS));

/** Which wait is the longest of them all. */
function inWords(some: readonly Recovered[]): string {
  const by = PARTS.map((part) => ({ part, seconds: meanOf(some, part) })).toSorted(
    (one, other) => other.seconds - one.seconds,
  );
  const told = by.map(({ part, seconds }) => `${part.replaceAll('_', ' ')} ${seconds.toFixed(2)} s`).join(', ');
  return `of a recovery ${by[0]?.part.replaceAll('_', ' ')} is the longest part (in the mean of ${some.length}: ${told})`;
}
