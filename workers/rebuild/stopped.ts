// That no role runs while the ledger is rebuilt: what a role writes meanwhile would be neither lost nor known. May import
// domain and the Temporal client. Guarantees: two bounded looks, and changes nothing.
import type { Client } from '@temporalio/client';
import { tsToMs } from '@temporalio/common/lib/time.js';
import { TASK_QUEUES } from '../../domain/ids.ts';
import type { Rebuilding } from '../../store/rebuild.ts';
import { POLLER_FRESH_MS, QUEUE_TYPE } from '../health.ts';

// 8 s an answer: a server that needs longer is not one to rebuild from.
const ANSWER_LIMIT_MS = 8_000;

/** Rejects with a sentence that says who is at work. */
export async function assertStopped(client: Client, ledger: Rebuilding, nowMs: number): Promise<void> {
  const sessions = await ledger.otherSessions();
  if (sessions.length > 0) {
    throw new Error(`${sessions.join(', ')} is connected to the store: stop all roles first`);
  }
  for (const [role, name] of Object.entries(TASK_QUEUES)) {
    const lastMs = await lastPollMs(client, name, role === 'workflows' ? QUEUE_TYPE.workflow : QUEUE_TYPE.activity);
    const leftMs = lastMs + POLLER_FRESH_MS - nowMs;
    if (leftMs <= 0) continue;
    throw new Error(
      `a worker of the role ${role} has polled its Task Queue within ${POLLER_FRESH_MS / 1_000} s: stop all roles first; ` +
        `where they are, try again in ${Math.ceil(leftMs / 1_000)} s`,
    );
  }
}

async function lastPollMs(client: Client, name: string, taskQueueType: number): Promise<number> {
  const { namespace } = client.options;
  const ask = () => client.workflowService.describeTaskQueue({ namespace, taskQueue: { name }, taskQueueType });
  const { pollers } = await client.withDeadline(Date.now() + ANSWER_LIMIT_MS, ask);
  return Math.max(0, ...pollers.map(({ lastAccessTime }) => (lastAccessTime ? tsToMs(lastAccessTime) : 0)));
}
