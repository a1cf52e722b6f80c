// Local Activities one after the other, so that a replay takes the same way as what it replays; and the waits between which
// they let others go first. May import @temporalio/workflow, and what a run has of changes and of its own.
import { CancellationScope, condition as held, type TimerOptions } from '@temporalio/workflow';
import type { Duration } from '@temporalio/common';
import { has } from './changes.ts';
import { perRun } from './per-run.ts';

interface Turns {
  /** Of what was last to be done in turn. */
  last: Promise<unknown>;
  /** How often a wait was over by now. */
  woken: number;
  takesTurns?: boolean;
  letsOthersFirst?: boolean;
}

// One local Activity at a time. Those that run side by side resolve in the order in which they end, each by itself; when
// they are replayed, in the order in which they began, all at once. What follows them would then be numbered otherwise
// than in history, and the Workflow would be stuck for good.
const turns = perRun<Turns>(() => ({ last: Promise.resolve(), woken: 0 }));

/** As Temporal's own `condition`, and the only one that Workflow code waits by: what it wakes is counted. */
export function condition(holds: () => boolean): Promise<void>;
export function condition(holds: () => boolean, timeout: Duration, options?: TimerOptions): Promise<boolean>;
export function condition(
  holds: () => boolean,
  timeout?: Duration,
  options: TimerOptions = {},
): Promise<boolean | void> {
  const counted = (): boolean => {
    const isOver = holds();
    if (isOver) turns().woken += 1;
    return isOver;
  };
  return timeout === undefined ? held(counted) : held(counted, timeout, options);
}

/** Do it once nothing else is done that way. */
export function inTurn<T>(work: () => Promise<T>): Promise<T> {
  const own = turns();
  own.takesTurns ??= has('one-at-a-time');
  if (!own.takesTurns) return work();
  own.letsOthersFirst ??= has('others-first');
  const mine = own.last.then(own.letsOthersFirst ? () => afterOthers(work) : work);
  own.last = mine.catch(() => undefined);
  return mine;
}

// 64: how many waits, one behind the other, a message may set going before all that it can wake without an answer from
// outside has gone as far as it gets. A chain passes each wait of our code at most once, or it would need such an answer in
// between; there are fewer than so many, which test/unit/rounds.test.ts counts. More rounds than waits change no history.
const MOST_ROUNDS = 64;

/** Never cut off by a stop, which would let it be quicker again. */
const afterOthers = <T>(work: () => Promise<T>): Promise<T> =>
  CancellationScope.nonCancellable(async () => {
    try {
      return await work();
    } finally {
      await othersHaveGoneOn();
    }
  });

/**
 * A local Activity may last longer than a Workflow Task, and a message may come meanwhile. Live the message is heard first,
 * and all that it wakes goes on; on replay both are there at once, and whoever waited for the Activity might be quicker. So
 * whoever did lets the others go first: a round is over once all that could be woken by now was, and after one in which
 * nobody was nobody will be. Each round costs the processor some tenths of a millisecond. It waits for nothing else.
 */
async function othersHaveGoneOn(): Promise<void> {
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const before = turns().woken;
    let looks = 0;
    // The first look is here and now, the next when all that is awake has gone on.
    await held(() => looks++ > 0);
    if (turns().woken === before) return;
  }
}
