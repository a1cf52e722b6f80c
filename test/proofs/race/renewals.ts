// What Temporal's own histories say of the runs of a conversation: when each was renewed, what it handed on unread, and how
// often its end was put off since something had come that it did not know of.
import type { Client, WorkflowHandle } from '@temporalio/client';
import { conversationWorkflowId } from '../../../domain/ids.ts';

export interface Renewals {
  /** When each run ended, ms. */
  readonly atMs: readonly number[];
  /** Messages and reports that a run handed to the next one. */
  readonly handedOn: number;
  /** Workflow Tasks that were made again. */
  readonly madeAgain: number;
  readonly problems: readonly string[];
}

/** UNHANDLED_COMMAND and UNHANDLED_UPDATE: something came while the task was reported. */
const MADE_AGAIN = new Set([1, 31]);
// 10,000 runs: none of the proof has so many; a chain that does not end is a bug of the proof.
const MAX_RUNS = 10_000;

export async function renewalsOf({ workflow }: Client, conversationId: string): Promise<Renewals> {
  const id = conversationWorkflowId(conversationId);
  const runs: Awaited<ReturnType<typeof readRun>>[] = [];
  let runId: string | undefined = (await workflow.getHandle(id).describe()).runId;
  while (runId !== undefined && runs.length < MAX_RUNS) {
    const run = await readRun(workflow.getHandle(id, runId));
    runs.push(run);
    runId = run.before;
  }
  return {
    atMs: runs.flatMap(({ renewedMs }) => renewedMs ?? []),
    handedOn: runs.reduce((sum, one) => sum + one.handedOn, 0),
    madeAgain: runs.reduce((sum, one) => sum + one.madeAgain, 0),
    problems: runs.flatMap(({ problems }) => problems),
  };
}

async function readRun(handle: WorkflowHandle) {
  const { events } = await handle.fetchHistory();
  const all = events ?? [];
  const started = all[0]?.workflowExecutionStartedEventAttributes;
  const renewal = all.find((event) => event.workflowExecutionContinuedAsNewEventAttributes);
  const failed = all.flatMap(({ workflowTaskFailedEventAttributes: one }) => (one ? [one] : []));
  const bad = failed.filter(({ cause }) => !MADE_AGAIN.has(cause ?? 0));
  return {
    before: started?.continuedExecutionRunId || undefined,
    renewedMs: renewal?.eventTime ? msOf(renewal.eventTime) : undefined,
    handedOn: queuedIn(started?.input?.payloads?.[0]?.data),
    madeAgain: failed.length - bad.length,
    problems: bad.map(({ cause, failure }) => {
      return `a Workflow Task of ${handle.workflowId} failed: cause ${cause}, ${failure?.message ?? ''}`;
    }),
  };
}

const msOf = ({ seconds, nanos }: { readonly seconds?: unknown; readonly nanos?: number | null }): number =>
  Number(seconds ?? 0) * 1_000 + Math.floor((nanos ?? 0) / 1_000_000);

/** What stands in the queues that a run begins with. Where the text cannot be read, nobody knows. */
function queuedIn(data: Uint8Array | null | undefined): number {
  try {
    const { state } = JSON.parse(new TextDecoder().decode(data ?? undefined)) as {
      readonly state?: { readonly inbox: readonly unknown[]; readonly reports: readonly unknown[] };
    };
    return state === undefined ? 0 : state.inbox.length + state.reports.length;
  } catch {
    return 0;
  }
}
