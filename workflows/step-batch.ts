// A step that asks people: a batch of its own, which lives as any other and tells its procedure in the place of the
// conversation. May import domain and @temporalio/workflow.
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import { type ChildWorkflowHandle, log, ParentClosePolicy, startChild } from '@temporalio/workflow';
import type { RuledAction } from '../domain/action.ts';
import type { ActionEnd } from '../domain/activity-ports.ts';
import { groupsAsked } from '../domain/batch.ts';
import type { BatchInput } from '../domain/conversation.ts';
import type { ProcedureInput } from '../domain/procedure-run.ts';
import { PEOPLE_FIRST, procedureId, TASK_QUEUES, waitingWorkflowId, WORKFLOW_TASK_TIMEOUT } from '../domain/ids.ts';
import { ACTION } from '../domain/protocol.ts';
import type { action as actionWorkflow } from './action.ts';
import { attributesOfBatch } from './desk.ts';
import { inOneLine } from './effects.ts';
import { type Held, whilePassingOn } from './hold.ts';
import { condition } from './in-turn.ts';
import { endOnRecord } from './starting.ts';

interface Waits extends Held {
  readonly input: ProcedureInput;
  readonly news: number;
}

/**
 * Wait until people have decided on the step, and it has ended. How, the record says: the Signal of its batch only wakes.
 * `begun`: the batch is there.
 */
export async function waitForLeave(
  running: Waits,
  { action, undoes }: { readonly action: RuledAction; readonly undoes: boolean },
  begun: () => Promise<void>,
): Promise<ActionEnd> {
  const { proposal } = action;
  const { actionId: batchId } = proposal;
  const wakes = { ended: 0 };
  const news = () => running.news + wakes.ended;
  const before = news();
  const child = await startBatch(batchOf(running.input, action, undoes));
  const ends = () => void wakes.ended++;
  child?.result().then(ends, ends);
  return whilePassingOn(running, { workflowId: waitingWorkflowId(batchId), cancels: !undoes }, async () => {
    await begun();
    // Begun by a run before this one: that may have been told how it ended.
    if (child !== undefined) await condition(() => news() > before);
    return endOnRecord(proposal, batchId, news);
  });
}

function batchOf(
  { proposal: start, principal, batchId: startedIn }: ProcedureInput,
  action: RuledAction,
  undoes: boolean,
) {
  const { actionId: batchId, conversationId, agent, tenant } = action.proposal;
  const reportsAs = startedIn ?? procedureId(start.actionId);
  const stepOf = { procedure: start.tool, actionId: start.actionId, undoes, reportsAs };
  return { batchId, conversationId, agent, tenant, principal, actions: [action], stepOf } satisfies BatchInput;
}

async function startBatch(batch: BatchInput): Promise<ChildWorkflowHandle<typeof actionWorkflow> | undefined> {
  const group = groupsAsked(batch.actions);
  const summaries = batch.actions.map(({ proposal }) => proposal.summary).join('; ');
  try {
    return await startChild<typeof actionWorkflow>(ACTION.type, {
      workflowId: waitingWorkflowId(batch.batchId),
      taskQueue: TASK_QUEUES.workflows,
      workflowTaskTimeout: WORKFLOW_TASK_TIMEOUT,
      priority: PEOPLE_FIRST,
      // Where an operator ends its procedure, nobody waits for it any more.
      parentClosePolicy: ParentClosePolicy.REQUEST_CANCEL,
      workflowIdReusePolicy: 'REJECT_DUPLICATE',
      args: [batch],
      staticSummary: inOneLine(`${group} decides: ${summaries}`),
      typedSearchAttributes: attributesOfBatch(group),
    });
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    log.warn('this step was asked about by an earlier run of its procedure', { batchId: batch.batchId });
    return undefined;
  }
}
