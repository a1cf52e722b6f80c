// Histories through the SDK's replay, and no longer than one of them can take. May import the Temporal SDK only.
import { Worker } from '@temporalio/worker';

type Options = Parameters<typeof Worker.runReplayHistories>[0];
type Replayed = Awaited<ReturnType<ReturnType<typeof Worker.runReplayHistories>['next']>>['value'];

// 60 s: the longest history that our Workflows make is replayed in some seconds on a busy machine.
const STANDSTILL_MS = 60_000;

/**
 * As the SDK gives them, in order. Throws a sentence where one is not done with for so long: the SDK itself waits for ever,
 * and then so does its Worker, which ends with the process. How long they take to come is the business of who fetches them.
 */
export async function* replayedPatiently<Run extends { readonly workflowId: string }>(
  options: Options,
  runs: AsyncIterable<Run>,
  limitMs = STANDSTILL_MS,
): AsyncGenerator<Replayed> {
  let timer: NodeJS.Timeout | undefined;
  let standsStill: (error: Error) => void = () => undefined;
  const stood = new Promise<never>((_, reject) => (standsStill = reject));
  stood.catch(() => undefined);
  let isStuck = false;
  const watched = async function* () {
    for await (const run of runs) {
      timer = setTimeout(() => {
        isStuck = true;
        standsStill(new Error(`the history of ${run.workflowId} was not replayed within ${limitMs / 1_000} s`));
      }, limitMs);
      yield run as never;
    }
  };
  const replays = Worker.runReplayHistories(options, watched());
  try {
    for (;;) {
      const next = await Promise.race([replays.next(), stood]);
      clearTimeout(timer);
      if (next.done === true) return;
      yield next.value;
    }
  } finally {
    clearTimeout(timer);
    // It closes what it reads from, and shuts its Worker down; one that stands still does so when it goes on, if ever.
    const ended = replays.return?.(undefined).catch(() => undefined);
    if (!isStuck) await ended;
  }
}
