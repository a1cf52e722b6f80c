// Maintenance as operators have it: looked at and run over the API, and by the command.
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { FROM_SOURCE, run } from '../../support/children.ts';
import type { Rig } from '../rig/rig.ts';
import { createHttp, waitFor } from '../support.ts';

const Task = z.object({ task: z.string(), count: z.number().optional(), ids: z.array(z.string()).default([]) });
const Looked = z.object({ nowMs: z.number(), tasks: z.array(Task) });
const Ran = z.object({
  tasks: z.array(
    Task.extend({ done: z.number(), asked: z.array(z.string()).default([]), failed: z.string().optional() }),
  ),
});

/** By the name of the task: what is due of it. */
export type Due = Readonly<Record<string, readonly string[]>>;

export type Counts = Readonly<Record<string, number>>;

export interface Upkeep {
  /** What one run would do. */
  look(): Promise<Due>;
  /** How much of each task is due, as it is told without a run in mind. */
  counts(): Promise<Counts>;
  /** Do what is due. The status, and what failed. */
  run(): Promise<{ readonly status: number; readonly failed: readonly string[]; readonly text: string }>;
  /** Run it until nothing of these tasks is due any more: what one run has closed the next deletes. What failed. */
  finish(tasks: readonly string[]): Promise<readonly string[]>;
  /** Wait until nothing of these tasks is due any more. */
  untilDone(tasks: readonly string[]): Promise<void>;
}

// 60 s: a run of some dozen conversations takes a second.
const RUN_LIMIT_MS = 60_000;
const LOOK_MS = 200;

export function createUpkeep(rig: Rig): Upkeep {
  const http = createHttp(rig.apiUrl, rig.keys.approver);
  const look = async (): Promise<Due> => {
    const { status, body } = await http.post('/v1/maintenance', { dryRun: true });
    if (status !== 200) throw new Error(`the dry run is answered ${status}: ${JSON.stringify(body)}`);
    return byTask(Looked.parse(body).tasks);
  };
  const runOnce = async () => {
    const { status, body } = await http.post('/v1/maintenance', { dryRun: false });
    const text = JSON.stringify(body);
    if (status === 202) return { status, failed: [], text };
    if (status !== 200) return { status, failed: [`a run is answered ${status}: ${text}`], text };
    const failed = Ran.parse(body).tasks.flatMap((one) => (one.failed === undefined ? [] : [one.failed]));
    return { status, failed, text };
  };
  const isDone = async (tasks: readonly string[]) => {
    const due = await look();
    return tasks.every((task) => due[task]?.length === 0);
  };
  return {
    look,
    run: runOnce,
    async finish(tasks) {
      return waitFor(`the end of ${tasks.join(', ')}`, RUN_LIMIT_MS, async () => {
        const { failed } = await runOnce();
        if (failed.length > 0 || (await isDone(tasks))) return failed;
        await sleep(LOOK_MS);
        return undefined;
      });
    },
    counts: async () => countsOf(Looked.parse((await http.get('/v1/maintenance')).body).tasks),
    async untilDone(tasks) {
      await waitFor(`the end of ${tasks.join(', ')}`, RUN_LIMIT_MS, async () => {
        await sleep(LOOK_MS);
        return isDone(tasks);
      });
    },
  };
}

const byTask = (tasks: readonly z.output<typeof Task>[]): Due =>
  Object.fromEntries(tasks.map(({ task, ids }) => [task, ids.toSorted()]));

const countsOf = (tasks: readonly z.output<typeof Task>[]): Counts =>
  Object.fromEntries(tasks.map(({ task, count = 0 }) => [task, count]));

/** How much of each task is due, as the command tells it. */
export async function countsByCommand(rig: Rig): Promise<Counts> {
  const { code, output } = await command(rig, rig.keys.approver, ['maintenance', '--dry-run', '--json']);
  if (code !== 0) throw new Error(`the dry run ends with ${code}: ${output}`);
  return countsOf(Looked.parse(JSON.parse(output)).tasks);
}

// 60 s: a command from source takes two on a quiet machine.
const COMMAND_LIMIT_MS = 60_000;

export function command(rig: Rig, key: string, args: readonly string[]) {
  const env = { COUNTERSIGN_URL: rig.apiUrl, COUNTERSIGN_API_KEY: key };
  return run(process.execPath, [...FROM_SOURCE, 'cli/main.ts', ...args], { limitMs: COMMAND_LIMIT_MS, env });
}
