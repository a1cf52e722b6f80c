// The API role: authenticates, signs principals and decisions, reads the store. Holds neither a model key nor a
// business credential, and cannot sign a verdict.
import { Client } from '@temporalio/client';
import { createApi } from '../api/app.ts';
import { createGateway } from '../api/gateway.ts';
import { type Listening, listen } from '../api/server.ts';
import { createSigner } from '../trust/signing.ts';
import { createInspect } from './doctor.ts';
import type { RoleParts } from './parts.ts';

export async function startApiRole(parts: RoleParts, signingKey: string, uiUrl: string): Promise<Listening> {
  const { config, temporal, loaded, store, nowMs, log } = parts;
  const { connection, namespace } = temporal;
  const agents = new Map(
    [...loaded.agents].map(
      ([
        name,
        {
          agent: { owner, team, purpose, tools },
        },
      ]) => [name, { name, owner, team, purpose, tools: tools.map((tool) => tool.name) }],
    ),
  );
  const gateway = createGateway(new Client({ connection, namespace }));
  const api = createApi({
    store,
    gateway,
    signer: createSigner('api', signingKey),
    directory: loaded.directory,
    agents,
    inspect: createInspect(parts),
    nowMs,
    log,
    ...(uiUrl === '' ? {} : { temporalUiUrl: `${uiUrl}/namespaces/${namespace}` }),
  });
  const listening = await listen(api, { port: config.port, host: config.host });
  return {
    url: listening.url,
    async close() {
      await listening.close();
      await gateway.drain(); // a retry under way still needs the connection
    },
  };
}
