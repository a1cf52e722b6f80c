// Maintenance, as the workflows role does it: a bounded part of what is due at a time, with a word in the log where it falls
// behind. May import domain, trust and store types.
import { Context } from '@temporalio/activity';
import { conversationWorkflowId } from '../../domain/ids.ts';
import {
  behindOf,
  type DueAt,
  type MaintenanceActivities,
  type MaintenanceInput,
  MAX_DONE_AT_ONCE,
  MAX_ROWS_AT_ONCE,
} from '../../domain/maintenance.ts';
import { timeText } from '../../domain/text.ts';
import { SignatureInvalid } from '../../trust/signing.ts';
import { heartbeating } from '../heartbeat.ts';
import type { WorkflowsDeps } from './deps.ts';
import { endReset } from './reset.ts';

export function createMaintenance(deps: WorkflowsDeps): MaintenanceActivities {
  const { store, nowMs, workflowState, movedMs = () => 0 } = deps;
  return {
    maintain: (input) =>
      heartbeating(async (cancelled) => {
        const beat = () => cancelled.throwIfAborted();
        const at = { ...dueAt(deps), movedMs: movedMs(), rows: MAX_ROWS_AT_ONCE, by: await byWhom(deps, input), beat };
        const works = [...(await store.maintenance.run(at)), await endReset(deps, beat)];
        await tell(deps, works);
        return works;
      }),
    isIdle: (asked) => store.maintenance.isIdle({ ...dueAt(deps), movedMs: movedMs(), ...asked }),
    noteAsked: ({ asked, unheard }) =>
      heartbeating(async () => {
        await store.maintenance.noteAsked(asked, nowMs());
        const lost: string[] = [];
        const fact = { kind: 'phase', phase: 'closed', by: '', reason: 'its Workflow had ended in Temporal' } as const;
        for (const id of unheard) {
          // Another run may have asked it first: then it has ended itself, and said so.
          const isOver = (await workflowState(conversationWorkflowId(id))) !== 'running';
          if (!isOver || (await store.conversations.get(id))?.phase === 'closed') continue;
          // Each at once: a message that comes meanwhile would begin its Workflow anew.
          await store.record([{ subject: id, step: 'closed', conversationId: id, atMs: nowMs(), fact }]);
          lost.push(id);
        }
        return lost;
      }),
  };
}

const dueAt = ({ agents, nowMs }: WorkflowsDeps): DueAt => ({
  agents: [...agents.values()].map(({ agent }) => agent),
  nowMs: nowMs(),
  limit: MAX_DONE_AT_ONCE,
});

// 5 min: a run is had just now; whoever keeps a signature for later is nobody.
const FRESH_MS = 5 * 60_000;

/** Who had it run, by the API's word; '' where that is not known. */
async function byWhom({ verifier, nowMs }: WorkflowsDeps, { signed }: MaintenanceInput = {}): Promise<string> {
  if (signed === undefined) return '';
  try {
    const { principal, atMs } = await verifier.verify('upkeep', signed);
    return Math.abs(nowMs() - atMs) <= FRESH_MS ? principal.id : '';
  } catch (error) {
    if (error instanceof SignatureInvalid) return '';
    throw error;
  }
}

/** What failed, and what has been due for too long: whoever reads logs learns it as `doctor` says it. */
async function tell(deps: WorkflowsDeps, works: Awaited<ReturnType<MaintenanceActivities['maintain']>>): Promise<void> {
  const { log } = Context.current();
  for (const { task, failed } of works)
    if (failed !== undefined) log.error('a task of maintenance failed', { task, failed });
  const due = await deps.store.maintenance.due({ ...dueAt(deps), limit: 1 });
  for (const { task, sinceMs } of behindOf(due, deps.nowMs()))
    log.warn('maintenance is behind', { task, dueSince: timeText(sinceMs) });
}
