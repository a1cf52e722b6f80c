// Histories through the SDK's replay, and no longer than one of them can take. May import the Temporal SDK only.
import { Worker } from '@temporalio/worker';

type Options = Parameters<typeof Worker.runReplayHistories>[0];
type Replayed = Awaited<ReturnType<ReturnType<typeof Worker.runReplayHistories>['next']>>['value'];

// 60 s: the longest history that our Workflows make is fetched and replayed in some seconds on a busy machine.
const STANDSTILL_MS = 60_000;

/**
 * As the SDK gives them, in order. Throws a sentence where none comes for so long: the SDK itself waits for ever, and then
 * so does its Worker, which ends with the process.
 */
export async function* replayedPatiently<Run extends { readonly workflowId: string }>(
  options: Options,
  runs: AsyncIterable<Run>,
  limitMs = STANDSTILL_MS,
): AsyncGenerator<Replayed> {
  let last = 'none was there';
  const told = async function* () {
    for await (const run of runs) {
      last = `the last that was begun is of ${run.workflowId}`;
      yield run as never;
    }
  };
  const replays = Worker.runReplayHistories(options, told());
  for (;;) {
    const next = await within(replays.next(), limitMs);
    if (next === undefined) throw new Error(`no history was replayed for ${limitMs / 1_000} s: ${last}`);
    if (next.done === true) return;
    yield next.value;
  }
}

/** undefined where it is not there in time. */
async function within<T>(work: Promise<T>, limitMs: number): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), limitMs);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
