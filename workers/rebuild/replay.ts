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
    yield { workflowId, calls, ...(error === undefined ? {} : { problem: error.message }) };
  }
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
        fn({ runId, searchAttributes }, nth, name, input, atMs) {
          const owner = String(searchAttributes[SEARCH_ATTRIBUTES.owner]?.[0] ?? '');
          const calls = runs.get(runId) ?? [];
          runs.set(runId, calls);
          calls[nth] = { name, input, atMs, owner, answer: { kind: 'none', atMs } };
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
