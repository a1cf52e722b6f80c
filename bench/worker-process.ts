// A Worker of the bench's own, in a process from source. Guarantees: it ends with us, however we end; where it does not
// come up, the error says its words.
import { spawnGroup, waitFor } from '../test/proofs/support.ts';
import { FROM_SOURCE } from '../test/support/children.ts';
import { ROOT } from '../test/support/sources.ts';

// 60 s: its Workflow is bundled at each start, which takes some seconds.
const UP_LIMIT_MS = 60_000;

export interface WorkerProcess<Told> {
  readonly pid: number;
  /** What it said once it was up. */
  readonly told: Told;
  stop(): Promise<void>;
}

/** Start the file with these variables alone; `read` takes the first thing that it sends. */
export async function startWorker<Told extends object>(
  file: string,
  env: Readonly<Record<string, string>>,
  read: (message: unknown) => Told,
): Promise<WorkerProcess<Told>> {
  let heard: Told | undefined;
  const group = spawnGroup(process.execPath, [...FROM_SOURCE, file], {
    cwd: ROOT,
    env: { PATH: process.env['PATH'], ...env },
    onMessage: (message) => (heard ??= read(message)),
  });
  const stop = () => group.kill('SIGKILL');
  try {
    const told = await waitFor(`the worker ${file}`, UP_LIMIT_MS, () => {
      if (group.ended() !== undefined) throw new Error(`it ended: ${group.output()}`);
      return heard;
    });
    return { pid: group.pid, told, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
