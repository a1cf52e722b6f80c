// The API role: authenticates, signs principals and decisions, reads the store, and makes the checkpoints of the ledger.
// Holds neither a model key nor a business credential, and cannot sign a verdict.
import { join } from 'node:path';
import { createApi } from '../api/app.ts';
import { createGateway } from '../api/gateway.ts';
import { createLinks, linkingTo } from '../api/links.ts';
import { budgetsOf } from '../domain/spending.ts';
import type { ApiDeps, ListeningDeps } from '../api/deps.ts';
import type { WirePayload } from '../api/payloads-schema.ts';
import { type Listening, listen } from '../api/server.ts';
import type { ChannelReceiver } from '../domain/channel.ts';
import { createNoteSigner } from '../trust/note.ts';
import { createSeal } from '../trust/sealing.ts';
import { createSigner, createVerifier, type Signer } from '../trust/signing.ts';
import { createWebhook, openCheckpointFile } from './checkpoint-places.ts';
import { type CheckpointDuty, keepCheckpoints } from './checkpoints.ts';
import { channelsOf, type Config } from './config.ts';
import { recordConfiguration } from './configured.ts';
import { createInspect } from './doctor.ts';
import type { RoleParts } from './parts.ts';
import { decodeWire } from './payload-codec.ts';
import { ownVersion } from './version.ts';
import { clientOf, type PublicKeys } from './workers.ts';

/** With the public keys of whoever signs what `why` tells; its own is added. */
export interface ApiKeys extends PublicKeys {
  readonly apiSigningKey: string;
  readonly ledgerSigningKey: string;
  /** Links to one person are sealed to it; none is made without. */
  readonly linkPublicKey: string | undefined;
}

export async function startApiRole(parts: RoleParts, keys: ApiKeys, uiUrl: string): Promise<Listening> {
  const checkpoints = await startCheckpoints(parts, keys.ledgerSigningKey);
  try {
    const api = await startApi(parts, keys, checkpoints, uiUrl);
    return {
      url: api.url,
      async close() {
        await api.close();
        await checkpoints.stop();
      },
    };
  } catch (error) {
    await checkpoints.stop();
    throw error;
  }
}

async function startCheckpoints({ config, store, nowMs, log }: RoleParts, key: string): Promise<CheckpointDuty> {
  const signer = createNoteSigner(await store.checkpoints.origin(), key);
  const path = checkpointFile(config);
  const file = path === undefined ? {} : { file: await openCheckpointFile(path, signer.verifierKey) };
  const others = config.checkpointUrl === undefined ? [] : [createWebhook(config.checkpointUrl, signer.verifierKey)];
  return keepCheckpoints({ store, signer, ...file, others, nowMs, log });
}

/** In production a start without a place is refused; a development start has its own file. */
function checkpointFile({ mode, stateDir, checkpointFile: named, checkpointUrl }: Config): string | undefined {
  if (named !== undefined || checkpointUrl !== undefined || mode === 'production') return named;
  return join(stateDir, 'checkpoints.txt');
}

async function startApi(
  parts: RoleParts,
  keys: ApiKeys,
  checkpoints: CheckpointDuty,
  uiUrl: string,
): Promise<Listening> {
  const { config, loaded, store, nowMs, log } = parts;
  const { namespace } = parts.temporal;
  await recordConfiguration('api', { store, ...loaded, version: ownVersion(), nowMs });
  const agents = new Map(
    [...loaded.agents].map(
      ([
        name,
        {
          agent: { owner, team, purpose, tools, budgets, retention },
        },
      ]) => [
        name,
        {
          ...{ name, owner, team, purpose, retention },
          ...{ tools: tools.map((tool) => tool.name), budgets: budgetsOf(budgets) },
        },
      ],
    ),
  );
  const receivers = receiversOf(config, [...agents.keys()]);
  const signer = createSigner('api', keys.apiSigningKey);
  const verifier = createVerifier({
    api: [signer.publicKey, ...keys.apiPublicKeys],
    workflows: keys.workflowsPublicKeys,
  });
  const gateway = createGateway(clientOf(parts));
  const api = createApi({
    store,
    gateway,
    signer,
    verifier,
    directory: loaded.directory,
    agents,
    inspect: createInspect(parts, checkpoints.check),
    ledger: checkpoints,
    channels: { receivers, ...linkingBy(config, { signer, nowMs, linkPublicKey: keys.linkPublicKey }) },
    nowMs,
    log,
    limits: { turnsAtOnce: config.turnsAtOnce },
    ...(parts.dataConverter === undefined ? {} : { payloads: payloadsOf(parts, uiUrl) }),
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

/** In production the origin of the UI is configured; a development start knows its own. */
function payloadsOf({ config, store }: RoleParts, uiUrl: string): NonNullable<ApiDeps['payloads']> {
  const uiOrigin = config.temporalUiOrigin ?? (uiUrl === '' ? undefined : new URL(uiUrl).origin);
  const decode = (payloads: readonly WirePayload[]) => decodeWire(store.sealedBytes, payloads);
  return { decode, ...(uiOrigin === undefined ? {} : { uiOrigin }) };
}

/** How a person is sent to the page of an approval; without a public address, or a key to seal it to, there is no link. */
function linkingBy(
  { publicUrl }: Config,
  by: { readonly signer: Signer; readonly nowMs: () => number; readonly linkPublicKey: string | undefined },
): Pick<ListeningDeps, 'links'> {
  if (publicUrl === undefined || by.linkPublicKey === undefined) return {};
  return { links: { linkFor: linkingTo(publicUrl, createLinks(by)), seal: createSeal(by.linkPublicKey) } };
}

/** The channels that are listened to. Throws a sentence where one is to talk to an agent that is not there. */
function receiversOf(config: Config, agents: readonly string[]): readonly ChannelReceiver[] {
  return channelsOf('api', config).map((channel) => {
    const receiver = channel.receiver(config.channelSettings);
    if (agents.includes(receiver.agent)) return receiver;
    throw new Error(
      `the channel ${channel.name} is to talk to "${receiver.agent}"; choose one of: ${agents.join(', ')}`,
    );
  });
}
