// The workflows role: runs Workflow code, decides, signs verdicts. Holds neither a model key nor a business credential.
import { type Client, type WorkflowExecutionStatusName, WorkflowNotFoundError } from '@temporalio/client';
import { TASK_QUEUES } from '../domain/ids.ts';
import { createWorkflowsActivities } from '../activities/workflows/create.ts';
import type { WorkflowsDeps } from '../activities/workflows/deps.ts';
import { conversationRunsBy } from './conversation-runs.ts';
import { type RoleConnection, type RunningRole, startRole } from './role.ts';

// 2 s instead of 10: how long the task of a killed Worker waits for it before another takes it over, as long as what it had
// begun does. A busy Worker's tasks wait too, and what is taken from it is replayed from the first event on: the longer a
// conversation, the dearer.
const TAKEN_OVER_AFTER = '2s';
// 16 in the place of 40: three keep the one thread of Workflow code busy, the others are for a slow store. What has begun
// and waits for that thread runs out of its time, and all that it had done is done again; in the queue it waits for less,
// and what people decided is before it.
const MOST_TASKS_AT_ONCE = 16;
// 6: a poll holds a place while it waits, so that ten are left for tasks of whichever queue.
const POLLS = 6;

export async function startWorkflowsRole(
  at: RoleConnection,
  bundle: { readonly code: string },
  deps: WorkflowsDeps,
): Promise<RunningRole> {
  return startRole('workflows', at, TASK_QUEUES.workflows, createWorkflowsActivities(deps), {
    workflowBundle: bundle,
    stickyQueueScheduleToStartTimeout: TAKEN_OVER_AFTER,
    maxConcurrentWorkflowTaskExecutions: MOST_TASKS_AT_ONCE,
    maxConcurrentWorkflowTaskPolls: POLLS,
  });
}

// 5 s: a look-up by id; past it the caller's local Activity is retried.
const DESCRIBE_TIMEOUT_MS = 5_000;

const ENDED: ReadonlySet<WorkflowExecutionStatusName> = new Set(['FAILED', 'CANCELLED', 'TERMINATED', 'TIMED_OUT']);

/** What the role asks Temporal past its own Workflows. */
export const temporalBy = (client: Client): Pick<WorkflowsDeps, 'workflowState' | 'runs'> => {
  return { workflowState: workflowStateBy(client), runs: conversationRunsBy(client) };
};

/** Asks Temporal what the Workflow is doing, in whichever run. */
function workflowStateBy(client: Client): WorkflowsDeps['workflowState'] {
  return async (workflowId) => {
    try {
      const describe = () => client.workflow.getHandle(workflowId).describe();
      const { name } = (await client.withDeadline(Date.now() + DESCRIBE_TIMEOUT_MS, describe)).status;
      if (name === 'COMPLETED') return 'completed';
      // Anything else, such as a Workflow that an operator has paused in Temporal, may still go on.
      return ENDED.has(name) ? 'gone' : 'running';
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) return 'gone';
      throw error;
    }
  };
}
