// What Activities were asked and what they answered, out of Temporal's histories: each history is replayed on the code of
// the Workflows, which asks for the same again. May import domain and the Temporal SDK. Guarantees: runs no Activity and
// changes nothing; holds the calls of the runs that are replayed at the moment, and no more.
import { fileURLToPath } from 'node:url';
import type { Client } from '@temporalio/client';
import { type InjectedSinks, Worker } from '@temporalio/worker';
import { TASK_QUEUES } from '../../domain/ids.ts';
import { SEARCH_ATTRIBUTES } from '../../domain/protocol.ts';
import { bundleWorkflows } from '../bundle.ts';
import type { Call } from './derive.ts';
import type { CallSinks } from './interceptors.ts';

const INTERCEPTORS = fileURLToPath(
  new URL(import.meta.url.endsWith('.ts') ? './interceptors.ts' : './interceptors.js', import.meta.url),
);
// 8 histories fetched at once: enough to keep the replay busy.
const FETCHED_AT_ONCE = 8;

/** One run of a Workflow, replayed. */
export interface Replayed {
  readonly workflowId: string;
  /** In the order in which they were asked. */
  readonly calls: readonly Call[];
  /** Why it does not replay; what comes after that point is not among the calls. */
  readonly problem?: string;
}

/** Every run that Temporal still has. */
export async function* replayedRuns(client: Client): AsyncGenerator<Replayed> {
  const workflowBundle = await bundleWorkflows([INTERCEPTORS]);
  const runs = new Map<string, Call[]>();
  const options = { workflowBundle, sinks: sinksInto(runs) };
  for await (const { workflowId, runId, error } of Worker.runReplayHistories(options, historiesOf(client))) {
    const calls = runs.get(runId) ?? [];
    runs.delete(runId);
    const unfinished = calls.filter(({ name, answer: { kind } }) => name === 'act' && kind !== 'result');
    if (unfinished.length > 0) await tellTaken(client, { workflowId, runId }, unfinished);
    yield { workflowId, calls, ...(error === undefined ? {} : { problem: error.message }) };
  }
}

/** Whether a worker has taken what has no result. Of what a run that has ended still waited for Temporal does not say it. */
async function tellTaken(
  client: Client,
  run: { readonly workflowId: string; readonly runId: string },
  calls: readonly Call[],
): Promise<void> {
  const handle = client.workflow.getHandle(run.workflowId, run.runId);
  const { status, raw } = await handle.describe();
  const { events } = await handle.fetchHistory();
  const isTaken = takenOf(events ?? [], raw.pendingActivities ?? []);
  for (const call of calls) {
    const { answer } = call;
    if (answer.kind === 'failure') call.answer = { ...answer, isTaken: isTaken(call.activityId) };
    if (answer.kind === 'none' && status.name === 'RUNNING') {
      call.answer = { ...answer, isTaken: isTaken(call.activityId) };
    }
  }
}

type Description = Awaited<ReturnType<ReturnType<Client['workflow']['getHandle']>['describe']>>['raw'];
type Events = NonNullable<Awaited<ReturnType<ReturnType<Client['workflow']['getHandle']>['fetchHistory']>>['events']>;

function takenOf(events: Events, pending: NonNullable<Description['pendingActivities']>) {
  const started = new Set(events.map((one) => String(one.activityTaskStartedEventAttributes?.scheduledEventId ?? '')));
  // One that timed out between two tries says how the last of them failed.
  const tried = new Set(
    events.flatMap(({ activityTaskTimedOutEventAttributes: timedOut }) =>
      (timedOut?.failure?.cause ?? null) === null ? [] : [String(timedOut?.scheduledEventId)],
    ),
  );
  return (activityId: string): boolean => {
    const waits = pending.find((one) => one.activityId === activityId);
    if (waits !== undefined) return (waits.attempt ?? 0) > 1 || (waits.lastStartedTime ?? null) !== null;
    const asked = events.find((one) => one.activityTaskScheduledEventAttributes?.activityId === activityId);
    return started.has(String(asked?.eventId)) || tried.has(String(asked?.eventId));
  };
}

/** The histories of all our Workflows, as they come. */
export function historiesOf(client: Client) {
  const listed = client.workflow.list({ query: `TaskQueue = '${TASK_QUEUES.workflows}'` });
  return listed.intoHistories({ concurrency: FETCHED_AT_ONCE });
}

function sinksInto(runs: Map<string, Call[]>): InjectedSinks<CallSinks> {
  return {
    calls: {
      asked: {
        callDuringReplay: true,
        fn({ runId, searchAttributes }, nth, call) {
          const owner = String(searchAttributes[SEARCH_ATTRIBUTES.owner]?.[0] ?? '');
          const calls = runs.get(runId) ?? [];
          runs.set(runId, calls);
          calls[nth] = { ...call, owner, answer: { kind: 'none', atMs: call.atMs, isTaken: null } };
        },
      },
      answered: {
        callDuringReplay: true,
        fn({ runId }, nth, answer) {
          const call = runs.get(runId)?.[nth];
          if (call !== undefined) call.answer = answer;
        },
      },
    },
  };
}
