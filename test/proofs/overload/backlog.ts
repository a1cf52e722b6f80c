// How many tasks wait in Temporal for a worker, by its own estimate.
import { Client, Connection } from '@temporalio/client';
import { setTimeout as sleep } from 'node:timers/promises';
import { TASK_QUEUES } from '../../../domain/ids.ts';
import type { Rig } from '../rig/rig.ts';

const LOOK_MS = 500;

/** The server's enum TaskQueueType. */
const TASKS = { workflow: 1, activity: 2 } as const;

/** Those of a kind that wait in a Task Queue, as Temporal counted them within the last 5 s. */
export async function waitingTasks(connection: Connection, name: string, kind: keyof typeof TASKS): Promise<number> {
  const { namespace } = new Client({ connection }).options;
  const { stats } = await connection.workflowService.describeTaskQueue({
    namespace,
    taskQueue: { name },
    taskQueueType: TASKS[kind],
    reportStats: true,
  });
  return Number(stats?.approximateBacklogCount ?? 0);
}

/** Looks at the model calls that wait for an assistant until it is stopped; resolves to the most that waited at once. */
export function backlogOf({ temporal }: Pick<Rig, 'temporal'>): { stop(): Promise<number> } {
  const looking = { isOpen: true };
  const work = (async () => {
    const connection = await Connection.connect({ address: temporal.address });
    let deepest = 0;
    try {
      while (looking.isOpen) {
        deepest = Math.max(deepest, await waitingTasks(connection, TASK_QUEUES.assistant, 'activity'));
        await sleep(LOOK_MS);
      }
      return deepest;
    } finally {
      await connection.close();
    }
  })();
  work.catch(() => undefined);
  return {
    async stop() {
      looking.isOpen = false;
      return work;
    },
  };
}
