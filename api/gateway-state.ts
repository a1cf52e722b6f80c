// What Temporal says of the whole: which Task Queues nobody polls, how many Workflows are in which state. Its questions
// go one after the other, so that a failed one leaves no other behind that still tries. May import domain, @temporalio.
import type { Client } from '@temporalio/client';
import type { ConversationPhase } from '../domain/conversation.ts';
import { TASK_QUEUES } from '../domain/ids.ts';
import { ACTION, CONVERSATION, SEARCH_ATTRIBUTES } from '../domain/protocol.ts';

export interface Counts {
  /** Running conversations by phase. */
  readonly conversations: Readonly<Record<string, number>>;
  /** Batches that wait for people or act. */
  readonly waitingActions: number;
  /** Workflows whose Workflow Task fails again and again; undefined where the server cannot say. */
  readonly stuck: number | undefined;
}

// The server's enum TaskQueueType: 1 is Workflow Tasks, 2 is Activities.
const QUEUES = [
  { role: 'workflows', taskQueue: TASK_QUEUES.workflows, taskQueueType: 1 },
  { role: 'assistant', taskQueue: TASK_QUEUES.assistant, taskQueueType: 2 },
  { role: 'actor', taskQueue: TASK_QUEUES.actor, taskQueueType: 2 },
] as const;
// 90 s: a worker polls anew every 60 s; whoever did not for longer is gone, though the server remembers it for minutes.
const POLLER_FRESH_MS = 90_000;
const PHASES = ['open', 'paused', 'stopped', 'handed_over'] as const satisfies readonly ConversationPhase[];

type Role = (typeof QUEUES)[number]['role'];

/** A sentence for each role, of these or of all, whose Task Queue no worker polls. */
export async function unpolledQueues(client: Client, roles?: readonly Role[]): Promise<readonly string[]> {
  const { namespace } = client.options;
  const sentences: string[] = [];
  for (const { role, taskQueue, taskQueueType } of QUEUES) {
    if (roles?.includes(role) === false) continue;
    const request = { namespace, taskQueue: { name: taskQueue }, taskQueueType };
    const { pollers } = await client.workflowService.describeTaskQueue(request);
    const lastMs = Math.max(0, ...pollers.map((poller) => Number(poller.lastAccessTime?.seconds ?? 0) * 1000));
    if (Date.now() - lastMs > POLLER_FRESH_MS) {
      sentences.push(`no worker of the ${role} role polls ${taskQueue}; start one`);
    }
  }
  return sentences;
}

export async function countRunning(client: Client): Promise<Counts> {
  const count = async (query: string): Promise<number> =>
    (await client.workflow.count(`ExecutionStatus = 'Running' AND ${query}`)).count;
  const conversations: Record<string, number> = {};
  for (const phase of PHASES) {
    conversations[phase] = await count(
      `WorkflowType = '${CONVERSATION.type}' AND ${SEARCH_ATTRIBUTES.phase} = '${phase}'`,
    );
  }
  const waitingActions = await count(`WorkflowType = '${ACTION.type}'`);
  const stuck = await count('TemporalReportedProblems IS NOT NULL').catch(() => undefined);
  return { conversations, waitingActions, stuck };
}
