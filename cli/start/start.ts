// `countersign start`: everything in one process, for development. Owns the order: state folder, then Temporal and the
// store side by side, then the roles and the API; and the opposite order down. Knows the parts by their ports only
// (compose.ts has the real ones). Guarantees: a failed start closes what it opened; each step down is bounded.
import type { PoolConfig } from 'pg';
import type { Agent } from '../../domain/agent.ts';
import type { Store } from '../../store/ports.ts';
import { type Config, ConfigInvalid, masterKeyIn, oneSidedChannels, readConfig } from '../../workers/config.ts';
import {
  type DevelopmentIdentity,
  developmentIdentities,
  developmentKeys,
  type SigningKeys,
} from '../../workers/dev-keys.ts';
import type { LoadedAgents } from '../../workers/load-agents.ts';
import type { StateFolder } from '../../workers/state-folder.ts';

export interface OpenStore {
  readonly store: Store;
  /** How to reach its database: demo systems keep their tables there. */
  readonly pool: PoolConfig;
  /** What it is, for people: "embedded" or "PostgreSQL". */
  readonly description: string;
  /** Resolves with a sentence when it has stopped by itself; never when it was stopped by us. */
  readonly lost: Promise<string>;
  close(): Promise<void>;
}

export interface OpenTemporal<Connections> {
  readonly connections: Connections;
  /** '' when the server is somebody else's. */
  readonly uiUrl: string;
  readonly address: string;
  /** Resolves with a sentence when the server is lost; never when it was stopped by us. */
  readonly lost: Promise<string>;
  close(): Promise<void>;
}

export interface AllInOne {
  readonly url: string;
  /** Resolves with a sentence when a role has failed; never when it was stopped by us. */
  readonly failed: Promise<string>;
  /** No new requests, then the workers drain, bounded. */
  stop(): Promise<void>;
}

export interface AllInOneDeps<Connections> {
  readonly loaded: LoadedAgents;
  readonly config: Config;
  readonly env: NodeJS.ProcessEnv;
  readonly connections: Connections;
  readonly store: Store;
  readonly pool: PoolConfig;
  readonly temporalUiUrl: string;
  readonly keys: SigningKeys;
  readonly stateFolder: string;
  readonly nowMs: () => number;
}

type Report = (line: string) => void;

/** What a start is made of. Each part throws an error whose message is fit for people. */
export interface StartParts<Connections> {
  readonly openStateFolder: (path: string, options: { readonly report: Report }) => Promise<StateFolder>;
  readonly loadAgents: (folder: string) => Promise<LoadedAgents>;
  readonly openTemporal: (deps: {
    readonly config: Config;
    readonly env: NodeJS.ProcessEnv;
    readonly stateFolder: StateFolder;
    readonly report: Report;
  }) => Promise<OpenTemporal<Connections>>;
  readonly openStore: (deps: {
    readonly config: Config;
    readonly env: NodeJS.ProcessEnv;
    readonly stateFolder: StateFolder;
    readonly masterKey: string | undefined;
    readonly report: Report;
  }) => Promise<OpenStore>;
  readonly startAllInOne: (deps: AllInOneDeps<Connections>) => Promise<AllInOne>;
}

export interface StartOptions<Connections> {
  readonly agentsFolder: string;
  readonly env: NodeJS.ProcessEnv;
  readonly parts: StartParts<Connections>;
  readonly report: Report;
}

export interface RunningStart {
  readonly config: Config;
  readonly url: string;
  readonly temporal: { readonly address: string; readonly uiUrl: string };
  readonly stateFolder: string;
  readonly store: string;
  readonly agents: readonly Agent[];
  readonly identities: readonly DevelopmentIdentity[];
  /** Resolves with a sentence when something that we need was lost. */
  readonly lost: Promise<string>;
  /** Stop everything in order. Idempotent; never rejects: what does not stop is reported and left. */
  stop(): Promise<void>;
}

// 20 s for each step down: the workers' own bound is 15 s, the Temporal server's 12 s.
const CLOSE_LIMIT_MS = 20_000;

/** Bring everything up. Rejects with a sentence, after closing what was open. */
export async function startDevelopment<Connections>(options: StartOptions<Connections>): Promise<RunningStart> {
  const { env, parts, report } = options;
  const config = readConfig(env);
  if (config.mode === 'production') {
    throw new ConfigInvalid([
      'COUNTERSIGN_MODE is production, which refuses all roles in one process; start each role by itself, as ' +
        'docker-compose.yml does, or unset COUNTERSIGN_MODE',
    ]);
  }
  const oneSided = oneSidedChannels(config);
  if (oneSided.length > 0) throw new ConfigInvalid(oneSided);
  // First, and before anything is opened: a mistake in an agent is the likeliest one, and shows at once.
  const loaded = await parts.loadAgents(options.agentsFolder);
  const down = createDownSteps(report);
  try {
    const stateFolder = await parts.openStateFolder(config.stateDir, { report });
    down.add('the state folder', async () => stateFolder.release());
    const keys = developmentKeys(stateFolder.path, config);
    const masterKey = masterKeyIn({ ...config, ...keys });
    const [temporal, store] = await bothOrNone(
      parts.openTemporal({ config, env, stateFolder, report }),
      parts.openStore({ config, env, stateFolder, masterKey, report }),
      (opened) => down.add('the Temporal server', () => opened.close()),
      (opened) => down.add('the store', () => opened.close()),
    );
    const nowMs = () => Date.now() + config.clockOffsetMs;
    const identities = await developmentIdentities(stateFolder.path, store.store.apiKeys, {
      directory: loaded.directory,
      nowMs: nowMs(),
    });
    const { connections } = temporal;
    const all = await parts.startAllInOne({
      loaded,
      config,
      env,
      connections,
      store: store.store,
      pool: store.pool,
      temporalUiUrl: temporal.uiUrl,
      keys,
      stateFolder: stateFolder.path,
      nowMs,
    });
    down.add('the API and the workers', () => all.stop());
    return {
      config,
      url: all.url,
      temporal: { address: temporal.address, uiUrl: temporal.uiUrl },
      stateFolder: stateFolder.path,
      store: store.description,
      agents: [...loaded.agents.values()].map(({ agent }) => agent),
      identities,
      lost: Promise.race([temporal.lost, store.lost, all.failed]),
      stop: down.run,
    };
  } catch (error) {
    await down.run();
    throw error;
  }
}

/** Wait for both even when one fails, so that what the other opened is closed too. */
async function bothOrNone<A, B>(
  a: Promise<A>,
  b: Promise<B>,
  openedA: (value: A) => void,
  openedB: (value: B) => void,
): Promise<readonly [A, B]> {
  const [first, second] = await Promise.allSettled([a, b]);
  if (first.status === 'fulfilled') openedA(first.value);
  if (second.status === 'fulfilled') openedB(second.value);
  if (first.status === 'rejected') throw first.reason;
  if (second.status === 'rejected') throw second.reason;
  return [first.value, second.value];
}

function createDownSteps(report: Report) {
  const steps: { readonly name: string; readonly close: () => Promise<void> }[] = [];
  let running: Promise<void> | undefined;
  const runAll = async () => {
    for (const { name, close } of steps.toReversed()) {
      await bounded(close()).catch((error: unknown) => {
        report(`${name} did not stop in good order: ${error instanceof Error ? error.message : String(error)}`);
      });
    }
  };
  return {
    /** Steps run in the opposite order of their adding. */
    add: (name: string, close: () => Promise<void>) => void steps.push({ name, close }),
    run: () => (running ??= runAll()),
  };
}

async function bounded(work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`not within ${CLOSE_LIMIT_MS / 1_000} s`)), CLOSE_LIMIT_MS);
  });
  await Promise.race([work, late]).finally(() => clearTimeout(timer));
}
