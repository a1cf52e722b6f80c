// The API role: authenticates, signs principals and decisions, reads the store. Holds neither a model key nor a
// business credential, and cannot sign a verdict.
import { Client } from '@temporalio/client';
import { createApi } from '../api/app.ts';
import { createGateway } from '../api/gateway.ts';
import { type Listening, listen } from '../api/server.ts';
import { createSigner } from '../trust/signing.ts';
import type { RoleParts } from './parts.ts';

export async function startApiRole(parts: RoleParts, signingKey: string, uiUrl: string): Promise<Listening> {
  const { config, temporal, loaded, store, nowMs, log } = parts;
  const { connection, namespace } = temporal;
  const agents = new Map(
    [...loaded.agents].map(
      ([
        name,
        {
          agent: { owner, team, purpose },
        },
      ]) => [name, { name, owner, team, purpose }],
    ),
  );
  const api = createApi({
    store,
    gateway: createGateway(new Client({ connection, namespace })),
    signer: createSigner('api', signingKey),
    directory: loaded.directory,
    agents,
    nowMs,
    log,
    ...(uiUrl === '' ? {} : { temporalUiUrl: `${uiUrl}/namespaces/${namespace}` }),
  });
  return listen(api, { port: config.port, host: config.host });
}
