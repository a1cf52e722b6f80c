// What conversations cost Temporal, as the server itself counts it: changes of state, the size of histories, and the tasks
// that it hands out through Task Queues.
import { Client, Connection, type WorkflowHandle } from '@temporalio/client';
import { conversationWorkflowId } from '../../domain/ids.ts';

export interface Histories {
  /** Changes of a Workflow's state: each is a write under the lock of its shard. */
  readonly transitions: number;
  readonly events: number;
  readonly bytes: number;
  readonly workflowTasks: number;
  /** Activity Tasks by Task Queue. Workflow Tasks go to the sticky queue of a process, which has one partition. */
  readonly activityTasks: ReadonlyMap<string, number>;
}

/** Of these conversations together, all runs of each. */
export async function historiesOf(address: string, conversations: readonly string[]): Promise<Histories> {
  const connection = await Connection.connect({ address });
  try {
    const { workflow } = new Client({ connection });
    const seen = { transitions: 0, events: 0, bytes: 0, workflowTasks: 0 };
    const activityTasks = new Map<string, number>();
    for (const conversation of conversations) {
      const id = conversationWorkflowId(conversation);
      let runId: string | undefined = (await workflow.getHandle(id).describe()).runId;
      while (runId !== undefined) {
        const run: WorkflowHandle = workflow.getHandle(id, runId);
        const { workflowExecutionInfo: told } = (await run.describe()).raw;
        const events = (await run.fetchHistory()).events ?? [];
        seen.transitions += Number(told?.stateTransitionCount ?? 0);
        seen.bytes += Number(told?.historySizeBytes ?? 0);
        seen.events += events.length;
        for (const { workflowTaskScheduledEventAttributes, activityTaskScheduledEventAttributes: activity } of events ??
          []) {
          if (workflowTaskScheduledEventAttributes) seen.workflowTasks += 1;
          const queue = activity?.taskQueue?.name;
          if (queue) activityTasks.set(queue, (activityTasks.get(queue) ?? 0) + 1);
        }
        runId = events[0]?.workflowExecutionStartedEventAttributes?.continuedExecutionRunId || undefined;
      }
    }
    return { ...seen, activityTasks };
  } finally {
    await connection.close();
  }
}
