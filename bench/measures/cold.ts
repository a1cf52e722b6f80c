// The measure `cold`: how much longer the first message of a conversation takes than the second; and one whose Workflow no
// worker has in its cache, since the role was killed and started again, once Temporal has forgotten the dead one's sticky
// queue: what is left is to read the history and replay it. How long that queue holds up is told by `recovery`.
import { setTimeout as sleep } from 'node:timers/promises';
import { wordsFor } from '../../test/proofs/rig/model.ts';
import type { Rig } from '../../test/proofs/rig/rig.ts';
import { quantile } from '../load.ts';
import type { BenchContext, Figure, Measure } from '../measure.ts';
import { type Caller, createCallers } from './callers.ts';
import { ours } from './stack.ts';

export const cold: Measure = { name: 'cold', onStack: 'shared', run };

const CONVERSATIONS = { quick: 6, full: 40 };
// 5: the roles' first turns load and compile what the others find.
const WARM_UP = 5;
// 12 s: Temporal forgets after 10 that a worker listened to its sticky queue.
const FORGOTTEN_MS = 12_000;

async function run(context: BenchContext): Promise<readonly Figure[]> {
  const count = context.quick ? CONVERSATIONS.quick : CONVERSATIONS.full;
  const { rig } = await context.stack();
  const [caller] = await createCallers(rig, 1);
  if (caller === undefined) throw new Error('there is no caller');
  try {
    const names = (what: string, of = count) => Array.from({ length: of }, (_, at) => `${what}-${at + 1}`);
    await first(caller, names('warm-up', WARM_UP));
    const all = names('cold');
    const started = await first(caller, all);
    const figures = [
      ...of('first', 'no', started.wholeMs),
      ...of('second', 'yes', await next(caller, all, 'second')),
      ...ours(
        { message: 'open' },
        { cold_open_p50_ms: quantile(started.openMs, 0.5), cold_open_p95_ms: quantile(started.openMs, 0.95) },
      ),
    ];
    if (context.quick) return figures;
    await again(rig);
    await first(caller, names('after', WARM_UP));
    await sleep(FORGOTTEN_MS);
    // Each once, as that brings it back into the cache.
    figures.push(...of('next', 'no', await next(caller, all, 'third')));
    figures.push(...of('next', 'yes', await next(caller, all, 'fourth')));
    return figures;
  } finally {
    caller.close();
  }
}

/** `sticky`: whether a worker has it in its cache. */
const of = (message: string, sticky: string, timesMs: readonly number[]): readonly Figure[] =>
  ours({ message, sticky }, { cold_turn_p50_ms: quantile(timesMs, 0.5), cold_turn_p95_ms: quantile(timesMs, 0.95) });

const words = (id: string) => wordsFor(id, [['page', 1]]);

/** Open them, one after the other, and say the first thing in each. */
async function first(caller: Caller, ids: readonly string[]) {
  const openMs: number[] = [];
  const wholeMs: number[] = [];
  for (const id of ids) {
    const begunMs = Date.now();
    await caller.open(id);
    openMs.push(Date.now() - begunMs);
    const { repliedMs } = await caller.say(id, 'first', words(id));
    wholeMs.push(repliedMs - begunMs);
  }
  return { openMs, wholeMs };
}

async function next(caller: Caller, ids: readonly string[], mark: string): Promise<readonly number[]> {
  const timesMs: number[] = [];
  for (const id of ids) timesMs.push((await caller.say(id, mark, words(id))).tookMs);
  return timesMs;
}

async function again(rig: Rig): Promise<void> {
  await rig.roles.kill('workflows');
  await rig.roles.untilUp();
}
