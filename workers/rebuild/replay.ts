// What Activities were asked and what they answered, out of Temporal's histories: each history is replayed on the code of
// the Workflows, which asks for the same again. May import domain and the Temporal SDK. Guarantees: runs no Activity and
// changes nothing; holds the calls of the runs that are replayed at the moment, and no more.
import { fileURLToPath } from 'node:url';
import type { Client } from '@temporalio/client';
import type { PayloadCodec } from '@temporalio/common';
import type { InjectedSinks, Worker } from '@temporalio/worker';
import type { ConversationChannel } from '../../domain/channel.ts';
import { TASK_QUEUES } from '../../domain/ids.ts';
import { SEARCH_ATTRIBUTES } from '../../domain/protocol.ts';
import { bundleWorkflows } from '../bundle.ts';
import type { ProcedureFile } from '../procedures.ts';
import { decodedHistory, type Unread } from './decoded.ts';
import { channelIn, type Events, type Run, tellTaken, withActsIn } from './acts.ts';
import type { Call } from './derive.ts';
import type { CallSinks } from './interceptors.ts';
import { replayedPatiently } from './patiently.ts';

const INTERCEPTORS = fileURLToPath(
  new URL(import.meta.url.endsWith('.ts') ? './interceptors.ts' : './interceptors.js', import.meta.url),
);
// 8 histories fetched ahead of the one that is replayed: enough to keep the replay busy.
const FETCHED_AHEAD = 8;

/** One run of a Workflow, replayed. */
export interface Replayed {
  readonly workflowId: string;
  /** In the order in which they were asked. */
  readonly calls: readonly Call[];
  /** Of a conversation that stands in one. */
  readonly channel: ConversationChannel | undefined;
  /** The ids of the Workflows that it started. */
  readonly children: readonly string[];
  /** Why it does not replay; of what comes after that point only the acts are among the calls. */
  readonly problem?: string;
  /** Why it was not replayed at all: it cannot be read. */
  readonly unread?: Unread;
}

type Options = Parameters<typeof Worker.runReplayHistories>[0];
type Bundle = Awaited<ReturnType<typeof bundleWorkflows>>;

/** Where Workflows come from, and the code that they are replayed on. */
export interface Replaying {
  readonly client: Client;
  readonly workflowBundle: Bundle;
  /** How payloads are read that are encrypted; absent where none are. */
  readonly codec?: PayloadCodec;
}

/** Today's code, with that of these procedures, which tells what it asks of Activities. Takes seconds. */
export const bundleForReplay = (procedures: readonly ProcedureFile[] = []): Promise<Bundle> =>
  bundleWorkflows(procedures, [INTERCEPTORS]);

/** Every run that Temporal still has. */
export async function* replayedRuns({ client, workflowBundle, codec }: Replaying): AsyncGenerator<Replayed> {
  const asked = new Map<string, Call[]>();
  const options = { workflowBundle, sinks: sinksInto(asked) };
  let left: AsyncIterable<Run> | readonly Run[] = historiesOf(client, { codec });
  for (;;) {
    const again: Run[] = [];
    yield* replayed(client, { options, asked, runs: left, again });
    if (again.length === 0) return;
    left = again;
  }
}

/** A run that a Reset has begun is replayed under the id of the one before it: those wait in `again`, for one at a time. */
async function* replayed(
  client: Client,
  how: {
    readonly options: Options;
    readonly asked: Map<string, Call[]>;
    readonly runs: AsyncIterable<Run> | Iterable<Run>;
    readonly again: Run[];
  },
): AsyncGenerator<Replayed> {
  const { options, asked, runs, again } = how;
  const begun = new Set<string>();
  const atWork = new Map<string, Run>();
  const unread: Run[] = [];
  const eachOnce = async function* () {
    for await (const run of runs) {
      const id = replayedAs(run);
      if (run.unread !== undefined) unread.push(run);
      else if (begun.has(id)) again.push(run);
      else {
        begun.add(id);
        atWork.set(id, run);
        yield run;
      }
    }
  };
  for await (const { runId: id, error } of replayedPatiently(options, eachOnce())) {
    const run = atWork.get(id);
    const read = asked.get(id) ?? [];
    atWork.delete(id);
    asked.delete(id);
    if (run === undefined) throw new Error(`the run ${id} was replayed, and is none of those that were fetched`);
    yield await toldOf(client, run, error === undefined ? { calls: read } : { calls: read, problem: error.message });
  }
  for (const run of unread) yield await toldOf(client, run, { calls: [], unread: run.unread });
}

async function toldOf(
  client: Client,
  run: Run,
  { calls: read, ...why }: Pick<Replayed, 'calls' | 'problem'> & { readonly unread?: Unread | undefined },
): Promise<Replayed> {
  const events = run.history.events ?? [];
  const { unread, problem } = why;
  const calls = unread === undefined && problem === undefined ? read : withActsIn(events, read);
  await tellTaken(client, run, calls);
  const { workflowId } = run;
  const reasons = { ...(problem === undefined ? {} : { problem }), ...(unread === undefined ? {} : { unread }) };
  return { workflowId, calls, channel: channelIn(events), children: childrenIn(events), ...reasons };
}

const replayedAs = ({ runId, history }: Run): string =>
  history.events?.[0]?.workflowExecutionStartedEventAttributes?.originalExecutionRunId || runId;

const childrenIn = (events: Events): readonly string[] =>
  events.flatMap(({ childWorkflowExecutionStartedEventAttributes: started }) => {
    const id = started?.workflowExecution?.workflowId ?? '';
    return id === '' ? [] : [id];
  });

interface Wanted {
  readonly codec?: PayloadCodec | undefined;
  /** In the words of Temporal's own queries; all where it is empty. */
  readonly which?: string;
  /** Asked of each of those that were listed; where it is absent, every one is. */
  readonly isChosen?: (() => boolean) | undefined;
}

/** The histories of all our Workflows, or of those that are wanted, as they come. */
export function historiesOf(client: Client, { codec, which = '', isChosen }: Wanted = {}): AsyncIterable<Run> {
  const ours = `TaskQueue = '${TASK_QUEUES.workflows}'`;
  const listed = client.workflow.list({ query: which === '' ? ours : `${ours} and ${which}` });
  const chosen = isChosen === undefined ? listed : chosenOf(listed, isChosen);
  return fetchedAhead(chosen, (one) => fetched(client, one, codec));
}

async function* chosenOf<One>(listed: AsyncIterable<One>, isChosen: () => boolean): AsyncGenerator<One> {
  for await (const one of listed) if (isChosen()) yield one;
}

/** In order. Our own: the SDK's (mapAsyncIterable) waits for ever, and with it the process, once one cannot be fetched. */
export async function* fetchedAhead<One, Whole>(
  listed: AsyncIterable<One>,
  fetch: (one: One) => Promise<Whole>,
): AsyncGenerator<Whole> {
  const underWay: Promise<Whole>[] = [];
  for await (const one of listed) {
    const whole = fetch(one);
    whole.catch(() => undefined); // whoever takes it hears of it; nobody takes it where the reader has ended
    underWay.push(whole);
    const first = underWay.length > FETCHED_AHEAD ? underWay.shift() : undefined;
    if (first !== undefined) yield await first;
  }
  for (const whole of underWay) yield await whole;
}

async function fetched(
  client: Client,
  { workflowId, runId }: Omit<Run, 'history'>,
  codec: PayloadCodec | undefined,
): Promise<Run> {
  const history = await client.workflow.getHandle(workflowId, runId).fetchHistory();
  return { workflowId, runId, ...(codec === undefined ? { history } : await decodedHistory(codec, history)) };
}

function sinksInto(asked: Map<string, Call[]>): InjectedSinks<CallSinks> {
  return {
    calls: {
      asked: {
        callDuringReplay: true,
        fn({ runId, searchAttributes }, nth, call) {
          const owner = String(searchAttributes[SEARCH_ATTRIBUTES.owner]?.[0] ?? '');
          const calls = asked.get(runId) ?? [];
          asked.set(runId, calls);
          calls[nth] = { ...call, owner, answer: { kind: 'none', atMs: call.atMs, isTaken: null } };
        },
      },
      answered: {
        callDuringReplay: true,
        fn({ runId }, nth, answer) {
          const call = asked.get(runId)?.[nth];
          if (call !== undefined) call.answer = answer;
        },
      },
    },
  };
}
