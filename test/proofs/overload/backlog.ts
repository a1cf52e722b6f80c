// How many model calls wait in Temporal for an assistant, looked at now and then.
import { Client, Connection } from '@temporalio/client';
import { setTimeout as sleep } from 'node:timers/promises';
import { TASK_QUEUES } from '../../../domain/ids.ts';
import type { Rig } from '../rig/rig.ts';

const LOOK_MS = 500;
// The server's enum TaskQueueType: 2 is Activities.
const ACTIVITIES = 2;

/** Looks until it is stopped; resolves to the most that waited at once. */
export function backlogOf({ temporal }: Pick<Rig, 'temporal'>): { stop(): Promise<number> } {
  const looking = { isOpen: true };
  const work = (async () => {
    const connection = await Connection.connect({ address: temporal.address });
    const { namespace } = new Client({ connection }).options;
    const request = {
      ...{ namespace, taskQueue: { name: TASK_QUEUES.assistant } },
      ...{ taskQueueType: ACTIVITIES, reportStats: true },
    };
    let deepest = 0;
    try {
      while (looking.isOpen) {
        const { stats } = await connection.workflowService.describeTaskQueue(request);
        deepest = Math.max(deepest, Number(stats?.approximateBacklogCount ?? 0));
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
