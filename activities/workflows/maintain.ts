// Maintenance, as the workflows role does it: a bounded part of what is due at a time, with a word in the log where it falls
// behind. May import domain and store types.
import { Context } from '@temporalio/activity';
import { conversationWorkflowId } from '../../domain/ids.ts';
import {
  behindOf,
  type DueAt,
  type MaintenanceActivities,
  MAX_DONE_AT_ONCE,
  MAX_ROWS_AT_ONCE,
} from '../../domain/maintenance.ts';
import { timeText } from '../../domain/text.ts';
import { heartbeating } from '../heartbeat.ts';
import type { WorkflowsDeps } from './deps.ts';

export function createMaintenance(deps: WorkflowsDeps): MaintenanceActivities {
  const { store, nowMs, workflowState } = deps;
  return {
    maintain: () =>
      heartbeating(async (cancelled) => {
        const beat = () => cancelled.throwIfAborted();
        const works = await store.maintenance.run({ ...dueAt(deps), rows: MAX_ROWS_AT_ONCE, beat });
        await tell(deps, works);
        return works;
      }),
    isIdle: (conversationId) => store.maintenance.isIdle({ ...dueAt(deps), conversationId }),
    noteAsked: ({ asked, unheard }) =>
      heartbeating(async () => {
        await store.maintenance.noteAsked(asked, nowMs());
        const lost: string[] = [];
        for (const id of unheard) {
          // Another run may have asked it first: then it has ended itself, and said so.
          const isOver = (await workflowState(conversationWorkflowId(id))) !== 'running';
          if (isOver && (await store.conversations.get(id))?.phase !== 'closed') lost.push(id);
        }
        const fact = { kind: 'phase', phase: 'closed', by: '', reason: 'its Workflow had ended in Temporal' } as const;
        await store.record(
          lost.map((id) => ({ subject: id, step: 'closed', conversationId: id, atMs: nowMs(), fact })),
        );
        return lost;
      }),
  };
}

const dueAt = ({ agents, nowMs }: WorkflowsDeps): DueAt => ({
  agents: [...agents.values()].map(({ agent }) => agent),
  nowMs: nowMs(),
  limit: MAX_DONE_AT_ONCE,
});

/** What failed, and what has been due for too long: whoever reads logs learns it as `doctor` says it. */
async function tell(deps: WorkflowsDeps, works: Awaited<ReturnType<MaintenanceActivities['maintain']>>): Promise<void> {
  const { log } = Context.current();
  for (const { task, failed } of works)
    if (failed !== undefined) log.error('a task of maintenance failed', { task, failed });
  const due = await deps.store.maintenance.due({ ...dueAt(deps), limit: 1 });
  for (const { task, sinceMs } of behindOf(due, deps.nowMs()))
    log.warn('maintenance is behind', { task, dueSince: timeText(sinceMs) });
}
