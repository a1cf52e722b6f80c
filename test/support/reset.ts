// What an operator does in the Temporal UI: a Workflow is put back to the end of one of its first steps.
import { randomUUID } from 'node:crypto';
import { eventually, type System } from './system.ts';

// The numbers of temporal.api.enums.v1.ResetReapplyExcludeType.
const SIGNALS = 1;
export const UPDATES = 2;
/** What people decided: delivered by Signal, answered by Update. */
export const DECISIONS = [SIGNALS, UPDATES];

/** `system`: as it is when it is asked for. */
export function resetsOf(system: () => System) {
  return {
    /** Back to the end of that step, from 0. Resolves to the id of the new run. */
    async reset(workflowId: string, resetReapplyExcludeTypes: number[] = [], step = 0): Promise<string> {
      const { client } = system();
      const { events } = await client.workflow.getHandle(workflowId).fetchHistory();
      const ends = (events ?? []).filter((event) => event.workflowTaskCompletedEventAttributes);
      const { runId } = await client.workflowService.resetWorkflowExecution({
        namespace: client.options.namespace,
        workflowExecution: { workflowId },
        reason: 'an operator tries it again',
        requestId: randomUUID(),
        workflowTaskFinishEventId: ends[step]?.eventId ?? null,
        resetReapplyExcludeTypes,
      });
      return runId;
    },
    /** Of the latest run where none is named. */
    settledRun: (workflowId: string, runId?: string) =>
      eventually(async () => {
        const { raw, status } = await system().client.workflow.getHandle(workflowId, runId).describe();
        const isQuiet = !raw.pendingWorkflowTask && (raw.pendingActivities?.length ?? 0) === 0;
        return status.name === 'COMPLETED' || isQuiet ? status.name : undefined;
      }, `the run of ${workflowId} to settle`),
  };
}
