// What Activities were asked and what they answered, out of Temporal's histories: each history is replayed on the code of
// the Workflows, which asks for the same again. May import domain and the Temporal SDK. Guarantees: runs no Activity and
// changes nothing; holds the calls of the runs that are replayed at the moment, and no more.
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Client } from '@temporalio/client';
import { bundleWorkflowCode, type InjectedSinks, Worker } from '@temporalio/worker';
import { TASK_QUEUES } from '../../domain/ids.ts';
import { SEARCH_ATTRIBUTES } from '../../domain/protocol.ts';
import type { Call } from './derive.ts';
import type { CallSinks } from './interceptors.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const SUFFIX = import.meta.url.endsWith('.ts') ? '.ts' : '.js';
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
  const workflowBundle = await bundleWorkflowCode({
    workflowsPath: join(ROOT, 'workflows', `index${SUFFIX}`),
    workflowInterceptorModules: [fileURLToPath(new URL(`./interceptors${SUFFIX}`, import.meta.url))],
    logger: QUIET,
  });
  const runs = new Map<string, Call[]>();
  const listed = client.workflow.list({ query: `TaskQueue = '${TASK_QUEUES.workflows}'` });
  const histories = listed.intoHistories({ concurrency: FETCHED_AT_ONCE });
  const options = { workflowBundle, sinks: sinksInto(runs) };
  for await (const { workflowId, runId, error } of Worker.runReplayHistories(options, histories)) {
    const calls = runs.get(runId) ?? [];
    runs.delete(runId);
    yield { workflowId, calls, ...(error === undefined ? {} : { problem: error.message }) };
  }
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

/** The bundler's progress lines help nobody; its errors are thrown. */
const QUIET = { log() {}, trace() {}, debug() {}, info() {}, warn() {}, error() {} };
