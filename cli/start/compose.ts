// COMPOSITION: the real parts of `countersign start`. Temporal and the state folder are wired here; who calls it brings
// the agents' loader, the store and the roles. The only file of cli/start that knows concrete parts.
import { namesTemporalServer, temporalNamespace } from '../../workers/config.ts';
import { findTemporal } from '../../workers/dev-server/find.ts';
import { startDevServer } from '../../workers/dev-server/start.ts';
import { openStateFolder } from '../../workers/state-folder.ts';
import { connectTemporal, prepareNamespace, type TemporalConnections } from '../../workers/temporal.ts';
import type { OpenTemporal, StartParts } from './start.ts';

type Parts = StartParts<TemporalConnections>;

/** All parts of a start, given those that are not Temporal's. */
export function composeStart(others: Pick<Parts, 'loadAgents' | 'openStore' | 'startAllInOne'>): Parts {
  return { ...others, openStateFolder, openTemporal };
}

const openTemporal: Parts['openTemporal'] = async ({ config, env, stateFolder, report }) => {
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

type OwnServer = Awaited<ReturnType<typeof startDevServer>>;

async function connected(
  env: NodeJS.ProcessEnv,
  server: OwnServer | undefined,
  report: (line: string) => void,
): Promise<OpenTemporal<TemporalConnections>> {
  const connections = await connectTemporal({ env, ...(server === undefined ? {} : { address: server.address }) });
  try {
    for (const warning of await prepareNamespace(connections.connection, connections.namespace)) report(`warning: ${warning}`);
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
