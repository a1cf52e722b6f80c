// `countersign replay`: before new code is deployed, replay on it what waits in Temporal. Runs no Activity and changes
// nothing; reads keys of the store where histories are encrypted. Guarantees: looks at each history that was asked for, and
// says of each that does not replay where it stands and why.
import { Client } from '@temporalio/client';
import type { DataConverter } from '@temporalio/common';
import { openStore } from '../store/store.ts';
import { ownersPool } from './admin.ts';
import { bundleWorkflows } from './bundle.ts';
import { type Config, masterKeyIn, readConfig } from './config.ts';
import { decidedPart } from './decided-history.ts';
import { createLog, installRuntime } from './log.ts';
import { findProcedures } from './procedures.ts';
import { encrypting } from './payload-codec.ts';
import type { Run } from './rebuild/acts.ts';
import { replayedPatiently } from './rebuild/patiently.ts';
import { historiesOf } from './rebuild/replay.ts';
import { connectTemporal } from './temporal.ts';

export interface ReplayInput {
  /** Where the agents are: the histories of their procedures replay on their code. */
  readonly agentsFolder: string;
  /** What has ended too, as long as Temporal keeps it. */
  readonly all: boolean;
}

export interface ReplayChecked {
  /** Whose histories they are, HOST:PORT. */
  readonly address: string;
  readonly namespace: string;
  readonly replayed: number;
  /** Of those that do not replay, as sentences. */
  readonly problems: readonly string[];
}

/** Rejects with a sentence that says what to do. */
export async function checkReplay({ agentsFolder, all }: ReplayInput, env: NodeJS.ProcessEnv): Promise<ReplayChecked> {
  const config = readConfig(env);
  const { logLevel } = config;
  const procedures = await findProcedures(agentsFolder);
  const replay = async (client: Client, dataConverter: DataConverter | undefined) => {
    const workflowBundle = await bundleWorkflows(procedures, [], dataConverter);
    return replayHistories({ client, workflowBundle, dataConverter }, { all });
  };
  // A history that does not replay is told below; the SDK would log each, with its stack.
  const endRuntime = installRuntime(createLog(logLevel === 'debug' ? logLevel : 'fatal'));
  try {
    const { connection, address, namespace, close } = await connectTemporal({ env });
    try {
      const client = new Client({ connection, namespace });
      return {
        address,
        namespace,
        ...(await withConverter(config, env, (dataConverter) => replay(client, dataConverter))),
      };
    } finally {
      await close();
    }
  } finally {
    await endRuntime();
  }
}

/** How histories are read that are encrypted: with the keys of the store, where a master key is given. */
async function withConverter<T>(
  config: Config,
  env: NodeJS.ProcessEnv,
  work: (dataConverter: DataConverter | undefined) => Promise<T>,
): Promise<T> {
  const masterKey = masterKeyIn(config);
  if (masterKey === undefined) return work(undefined);
  const store = await openStore({ pool: ownersPool(env), migrate: false, masterKey });
  try {
    return await work(encrypting(store.sealedBytes));
  } finally {
    await store.close();
  }
}

export interface Replaying {
  readonly client: Client;
  readonly workflowBundle: { readonly code: string };
  readonly dataConverter: DataConverter | undefined;
}

/** What is replayed: what is open, or all that Temporal has of ours; of either, those that are chosen. */
interface Selection extends Pick<ReplayInput, 'all'> {
  readonly isChosen?: (() => boolean) | undefined;
}

/** Replay them on this code. */
export async function replayHistories(
  { client, workflowBundle, dataConverter }: Replaying,
  { all, isChosen }: Selection,
): Promise<Pick<ReplayChecked, 'replayed' | 'problems'>> {
  const histories = historiesOf(client, { which: all ? '' : `ExecutionStatus = 'Running'`, isChosen });
  const options = { workflowBundle, ...(dataConverter === undefined ? {} : { dataConverter }) };
  let replayed = 0;
  const problems: string[] = [];
  for await (const { workflowId, error } of replayedPatiently(options, decided(histories))) {
    replayed += 1;
    if (error !== undefined) problems.push(`the history of ${workflowId} does not replay: ${error.message}`);
  }
  return { replayed, problems };
}

async function* decided(runs: AsyncIterable<Run>): AsyncGenerator<Run> {
  for await (const run of runs) {
    const events = decidedPart(run.history.events ?? []);
    if (events !== undefined) yield { ...run, history: { ...run.history, events } };
  }
}

/** For people, a line each. */
export function wordsOfReplay({ address, namespace, replayed, problems }: ReplayChecked): readonly string[] {
  const place = `the namespace "${namespace}" at ${address}`;
  if (replayed === 0)
    return [`nothing waits in ${place}; if that is not where the older code runs, set TEMPORAL_ADDRESS`];
  const histories = replayed === 1 ? 'the one history' : `all ${replayed} histories`;
  if (problems.length === 0) return [`${histories} of ${place} replay on this code`];
  return [
    ...problems,
    `${replayed - problems.length} of ${replayed} histories of ${place} replay on this code. Do not deploy it: ` +
      'what does not replay would stand still. A change of what a procedure does, or in which order, goes under a new name.',
  ];
}
