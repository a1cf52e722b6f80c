// What operators do past the API goes on record: a Workflow that somebody terminated or reset leaves a gap in the story of
// its conversation, and the ledger says by whom and why. Looks now and then at what Temporal lists; a Workflow that was
// deleted, or was reset after it had completed, is not among it, and one that was cancelled ends in good order.
// May import domain, the store's types and the Temporal client.
import type { Client, WorkflowExecutionInfo } from '@temporalio/client';
import type { Logger } from 'pino';
import type { Entry } from '../domain/entry.ts';
import { conversationOfWorkflow, OPERATOR_ACTS, TASK_QUEUES } from '../domain/ids.ts';
import { cutText } from '../domain/text.ts';
import type { Store } from '../store/ports.ts';
import { regularly } from './regularly.ts';

// 60 s between looks: it is for the record, and nothing waits for it.
const LOOK_EVERY_MS = 60_000;
// 24 h at the first look: what happened while no worker ran. 5 min from then on: Temporal's lists lag by seconds.
const FIRST_LOOK_BACK_MS = 86_400_000;
const LOOK_BACK_MS = 300_000;
// 500 at once, the latest first: more in a look is a bulk operation, which has a record of its own in Temporal; that there
// were more goes on record.
const AT_ONCE = 500;
// 5 s a call: what takes longer is tried again at the next look.
const CALL_LIMIT_MS = 5_000;
// 300 characters of what the operator gave as the reason.
const MAX_REASON_CHARS = 300;

interface Deps {
  readonly store: Pick<Store, 'record'>;
  readonly client: Client;
  readonly nowMs: () => number;
  readonly log: Pick<Logger, 'warn'>;
}

/** Begin to look. Returns how to stop; what goes wrong is logged, and tried again at the next look. */
export function watchOperators(deps: Deps): () => void {
  let backMs = FIRST_LOOK_BACK_MS;
  return regularly(LOOK_EVERY_MS, 'acts of operators', deps.log, async () => {
    await recordOperatorActs(deps, deps.nowMs() - backMs);
    backMs = LOOK_BACK_MS;
  });
}

/** One look at what was ended since. Recorded again it changes nothing. */
export async function recordOperatorActs(
  { store, client, nowMs }: Deps,
  sinceMs: number,
  atOnce = AT_ONCE,
): Promise<void> {
  const since = new Date(sinceMs).toISOString();
  const query = `ExecutionStatus = 'Terminated' AND TaskQueue = '${TASK_QUEUES.workflows}' AND CloseTime >= '${since}'`;
  let seen = 0;
  for await (const ended of client.workflow.list({ query, pageSize: atOnce })) {
    if (++seen > atOnce) return store.record([moreThan(atOnce, since, nowMs())]);
    const conversationId = conversationOfWorkflow(ended.workflowId);
    if (conversationId !== undefined) await store.record([await entryOf(client, ended, conversationId)]);
  }
}

/** Once an hour: looks overlap, and each would say it again. */
function moreThan(atOnce: number, since: string, atMs: number): Entry {
  const reason = `more than ${atOnce} Workflows were ended since ${since}; Temporal lists those that are not listed here`;
  const fact = { kind: 'operator_act', act: 'more', workflowId: '', runId: '', by: 'unknown', reason } as const;
  const step = `more:${new Date(atMs).toISOString().slice(0, 13)}`;
  return { subject: OPERATOR_ACTS, step, conversationId: '', atMs, fact };
}

async function entryOf(client: Client, ended: WorkflowExecutionInfo, conversationId: string): Promise<Entry> {
  const { workflowId, runId } = ended;
  const [byReset, last] = await client.withDeadline(Date.now() + CALL_LIMIT_MS, () =>
    Promise.all([wasReset(client, ended), lastWordsOf(client, ended)]),
  );
  const act = byReset ? 'reset' : 'terminated';
  const fact = { kind: 'operator_act', act, workflowId, runId, ...last } as const;
  const atMs = ended.closeTime?.getTime() ?? ended.startTime.getTime();
  return { subject: workflowId, step: `${act}:${runId}`, conversationId, atMs, fact };
}

/** A run that is reset is terminated, and names the run that took its place. */
async function wasReset(client: Client, { workflowId, runId }: WorkflowExecutionInfo): Promise<boolean> {
  const { raw } = await client.workflow.getHandle(workflowId, runId).describe();
  return (raw.workflowExtendedInfo?.resetRunId ?? '') !== '';
}

/** Who ended it, as Temporal knows them, and why. */
async function lastWordsOf(
  client: Client,
  { workflowId, runId }: WorkflowExecutionInfo,
): Promise<{ readonly by: string; readonly reason: string }> {
  const { history } = await client.workflowService.getWorkflowExecutionHistoryReverse({
    namespace: client.options.namespace,
    execution: { workflowId, runId },
    maximumPageSize: 1,
  });
  const words = history?.events?.[0]?.workflowExecutionTerminatedEventAttributes;
  const by = cutText(words?.identity || 'unknown', MAX_REASON_CHARS);
  return { by, reason: cutText(words?.reason ?? '', MAX_REASON_CHARS) };
}
