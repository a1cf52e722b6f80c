// The real parts of `countersign start`. The only file of cli/start that knows concrete ones.
import { join } from 'node:path';
import { startEmbeddedPostgres } from '../../store/embedded.ts';
import { openStore as openStoreOver } from '../../store/store.ts';
import { isStoreUnavailable } from '../../store/unavailable.ts';
import { startAllInOne as startRoles } from '../../workers/all-in-one.ts';
import { type Config, encryptsPayloads, namesTemporalServer, temporalNamespace } from '../../workers/config.ts';
import { cacheDirOr, findTemporal } from '../../workers/dev-server/find.ts';
import { startDevServer } from '../../workers/dev-server/start.ts';
import { loadAgents } from '../../workers/load-agents.ts';
import { makeFolder } from '../../workers/make-folder.ts';
import { createLog, installRuntime } from '../../workers/log.ts';
import { encrypting } from '../../workers/payload-codec.ts';
import { openStateFolder } from '../../workers/state-folder.ts';
import { connectTemporal, prepareNamespace, type TemporalConnections } from '../../workers/temporal.ts';
import type { OpenTemporal, StartParts } from './start.ts';

type Parts = StartParts<TemporalConnections>;

/** All parts of a start. */
export function composeStart(): Parts {
  return { openStateFolder, openTemporal, loadAgents, openStore, startAllInOne };
}

const openStore: Parts['openStore'] = async ({ config, env, stateFolder, masterKey, report }) => {
  const nowMs = () => Date.now() + config.clockOffsetMs;
  if (config.databaseUrl !== undefined) {
    const { host, pathname } = new URL(config.databaseUrl);
    const at = `PostgreSQL at ${host}${pathname}`;
    report(`opening ${at} …`);
    const pool = { connectionString: config.databaseUrl };
    const store = await openStoreOver({ pool, nowMs, masterKey, isServer: true }).catch((error: unknown) => {
      if (!isStoreUnavailable(error)) throw error;
      throw new Error(`${at}: ${error.message}. Check that it runs and that DATABASE_URL names it`, { cause: error });
    });
    // A server that is somebody else's comes back: until then the roles wait, and the API says so.
    const lost = new Promise<never>(() => undefined);
    return { store, pool, description: 'PostgreSQL (DATABASE_URL)', lost, close: () => store.close() };
  }
  const dataDir = join(stateFolder.path, 'store');
  makeFolder(dataDir);
  report('opening the embedded store …');
  const { promise: lost, resolve: loses } = withResolvers<string>();
  const postgres = await startEmbeddedPostgres({
    dataDir,
    socketDir: join(stateFolder.path, 'socket'),
    freshIn: cacheDirOr(env, stateFolder.path),
    onFailed: (error) => loses(error.message),
  });
  try {
    const store = await openStoreOver({ pool: postgres.poolConfig, nowMs, masterKey });
    const close = async () => {
      await store.close();
      await postgres.stop();
    };
    return { store, pool: postgres.poolConfig, description: `embedded PostgreSQL in ${dataDir}`, lost, close };
  } catch (error) {
    await postgres.stop();
    throw error;
  }
};

const startAllInOne: Parts['startAllInOne'] = ({ connections, ...others }) =>
  startRoles({
    ...others,
    ...(encryptsPayloads(others.config) ? { dataConverter: encrypting(others.store.sealedBytes) } : {}),
    temporal: connections,
    log: logOf(others.config, others.stateFolder),
  });

/** The terminal belongs to a person, so the log goes to a file of the state folder. */
const logOf = ({ logLevel }: Config, stateFolder: string) => createLog(logLevel, join(stateFolder, 'countersign.log'));

const openTemporal: Parts['openTemporal'] = async ({ config, env, stateFolder, report }) => {
  installRuntime(logOf(config, stateFolder.path)); // before the first connection
  if (namesTemporalServer(env)) return connected(env, undefined, report);
  const cacheDir = config.cacheDir === undefined ? {} : { cacheDir: config.cacheDir };
  const binary = await findTemporal({ env, report, ...cacheDir });
  const server = await startDevServer({ binary, stateFolder, namespace: temporalNamespace(env), env, report });
  try {
    return await connected(env, server, report);
  } catch (error) {
    await server.stop();
    throw error;
  }
};

/** As Promise.withResolvers, which Node 20 lacks. */
function withResolvers<T>() {
  let resolve: (value: T) => void = () => undefined;
  const promise = new Promise<T>((settle) => (resolve = settle));
  return { promise, resolve };
}

type OwnServer = Awaited<ReturnType<typeof startDevServer>>;

async function connected(
  env: NodeJS.ProcessEnv,
  server: OwnServer | undefined,
  report: (line: string) => void,
): Promise<OpenTemporal<TemporalConnections>> {
  const connections = await connectTemporal({ env, ...(server === undefined ? {} : { address: server.address }) });
  try {
    for (const warning of await prepareNamespace(connections.connection, connections.namespace))
      report(`warning: ${warning}`);
  } catch (error) {
    await connections.close();
    throw error;
  }
  let stopping = false;
  return {
    connections,
    uiUrl: server?.uiUrl ?? '',
    address: connections.address,
    lost: new Promise((resolve) => {
      void server?.ended.then((words) => {
        if (!stopping) resolve(`the Temporal server has ended; its log ends:\n${words}`);
      });
    }),
    close: async () => {
      stopping = true;
      await connections.close();
      await server?.stop();
    },
  };
}
