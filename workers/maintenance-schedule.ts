// The Schedule that has maintenance run. It is made at every start as this version wants it; that an operator has paused it
// in Temporal, and why, stays as it is. May import domain and the Temporal client.
import { type Client, ScheduleAlreadyRunning, type ScheduleOptions, ScheduleOverlapPolicy } from '@temporalio/client';
import { TASK_QUEUES, WORKFLOW_TASK_TIMEOUT } from '../domain/ids.ts';
import { MAINTENANCE } from '../domain/protocol.ts';

// 2 h: a run that hangs holds up no other for longer.
const RUN_LIMIT = '2 hours';
// 10 s a call: what takes longer is tried again with the next start.
const CALL_LIMIT_MS = 10_000;

/** Idempotent; several processes may do it at once. */
export async function scheduleMaintenance(client: Client, everyS: number): Promise<void> {
  const wanted: Pick<ScheduleOptions, 'spec' | 'policies'> & { readonly action: ScheduleOptions['action'] } = {
    spec: { intervals: [{ every: everyS * 1_000 }] },
    // One after the other; what was missed while Temporal was away is done by the next run.
    policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: '1 minute' },
    action: {
      type: 'startWorkflow',
      workflowType: MAINTENANCE.type,
      workflowId: MAINTENANCE.scheduleId,
      taskQueue: TASK_QUEUES.workflows,
      args: [],
      workflowRunTimeout: RUN_LIMIT,
      workflowTaskTimeout: WORKFLOW_TASK_TIMEOUT,
    },
  };
  await client.withDeadline(Date.now() + CALL_LIMIT_MS, async () => {
    try {
      await client.schedule.create({ scheduleId: MAINTENANCE.scheduleId, ...wanted });
    } catch (error) {
      if (!(error instanceof ScheduleAlreadyRunning)) throw error;
      const schedule = client.schedule.getHandle(MAINTENANCE.scheduleId);
      await schedule.update((found) => ({ ...found, ...wanted }));
    }
  });
}
