// The three worker roles, composed from the parts of a process. Each gets its own secrets and no others.
import { join } from 'node:path';
import { Client } from '@temporalio/client';
import type pg from 'pg';
import { showFound } from '../activities/actor/deliver.ts';
import { runOf } from '../activities/actor/posting.ts';
import { createLocalBroker } from '../activities/actor/broker.ts';
import { createModelRouter, type ModelConfig } from '../activities/assistant/models/router.ts';
import { loadTokenizer } from '../activities/assistant/tokens.ts';
import { createOpen } from '../trust/sealing.ts';
import { createSigner, createVerifier, type Verifier } from '../trust/signing.ts';
import type { Clicked } from '../domain/delivery.ts';
import type { Agent } from '../domain/agent.ts';
import { calledModels, unpricedOf } from '../domain/prices.ts';
import { startActorRole } from './actor.ts';
import { askUnknown } from './ask-unknown.ts';
import { startAssistantRole } from './assistant.ts';
import { workflowBundle } from './bundle.ts';
import { channelsOf, type Config, modelProtocolOf, namedSecret } from './config.ts';
import { recordConfiguration } from './configured.ts';
import { scheduleMaintenance } from './maintenance-schedule.ts';
import { watchOperators } from './operator-acts.ts';
import { ownVersion } from './version.ts';
import type { RoleParts } from './parts.ts';
import type { RoleConnection, RunningRole } from './role.ts';
import { connectSystems } from './systems.ts';
import { startRules } from './rules/rules.ts';
import { tendCards } from './stale-cards.ts';
import { tellNotes } from './tell-notes.ts';
import { startWorkflowsRole, temporalBy } from './workflows.ts';

export interface PublicKeys {
  readonly workflowsPublicKeys: readonly string[];
  readonly apiPublicKeys: readonly string[];
}

const UNPRICED =
  'models without a price in US dollars count as the dearest there is; say what they cost in `prices` of the agent';

export async function composeWorkflows(
  parts: RoleParts,
  keys: PublicKeys & { readonly workflowsSigningKey: string },
  cacheFolder: string,
): Promise<RunningRole> {
  const { store, loaded, nowMs, log } = parts;
  const client = clientOf(parts);
  const rules = startRules(loaded, log);
  for (const { agent } of loaded.agents.values()) {
    const models = unpricedOf({ models: calledModels(agent, parts.config.models), prices: agent.prices });
    if (models.length > 0) log.warn({ agent: agent.name, models }, UNPRICED);
  }
  let role: RunningRole | undefined;
  try {
    await recordConfiguration('workflows', { store, ...loaded, version: ownVersion(), nowMs });
    role = await startWorkflowsRole(
      at(parts),
      await workflowBundle(cacheFolder, loaded.procedures, parts.dataConverter),
      {
        store,
        ...loaded,
        rules,
        signer: createSigner('workflows', keys.workflowsSigningKey),
        verifier: verifierOf(keys),
        ...temporalBy(client),
        movedMs: () => parts.config.clockOffsetMs,
        defaultModels: parts.config.models,
        nowMs,
      },
    );
    // Last, as they come up beside all that: what is to be decided meanwhile waits for them.
    await rules.ready;
  } catch (error) {
    await role?.stop();
    await rules.stop();
    throw error;
  }
  const running = role;
  await scheduled(client, parts);
  const stopAsking = askUnknown({ store, client, nowMs, log });
  const stopWatching = watchOperators({ store, client, nowMs, log });
  const done = Promise.race([running.done, rules.done]);
  done.catch(() => undefined);
  return {
    ...running,
    done,
    async stop() {
      stopAsking();
      stopWatching();
      await running.stop();
      await rules.stop();
    },
  };
}

/** A role that works is worth more than its Schedule: what cannot be made now is made by the next start. */
async function scheduled(client: Client, { config, log }: RoleParts): Promise<void> {
  await scheduleMaintenance(client, config.maintenanceEveryS).catch((error: unknown) =>
    log.warn({ err: error }, 'the Schedule of maintenance could not be made; nothing is closed or deleted by itself'),
  );
}

export async function composeAssistant(parts: RoleParts): Promise<RunningRole> {
  const { store, loaded, nowMs, config } = parts;
  const agents = new Map([...loaded.agents].map(([name, { agent }]) => [name, agent]));
  const models = createModelRouter(modelConfig(config), nowMs);
  const modelsOf = (agent: Agent) => models.routes(agent).map(({ model }) => model);
  await recordConfiguration('assistant', { store, ...loaded, version: ownVersion(), nowMs, modelsOf });
  const deps = { store, agents, models, countTokens: await loadTokenizer(), nowMs };
  return startAssistantRole(at(parts), deps, config.modelCallsPerMinute);
}

/** `development`: where the systems of record keep demo tables, and the folder for files that stand in for a system. */
export async function composeActor(
  parts: RoleParts,
  keys: PublicKeys & { readonly linkKey: string | undefined },
  development: { readonly pool: pg.PoolConfig | undefined; readonly folder: string },
): Promise<RunningRole> {
  const { store, loaded, nowMs, env, log, config } = parts;
  const systems = await connectSystems({ loaded, env, development: development.pool, nowMs });
  const { databases, secrets } = systems;
  const readSecret = (name: string) => namedSecret(name, env);
  const broker = createLocalBroker({ databases, secrets, readSecret, foldersPath: development.folder });
  const senders = channelsOf('actor', config).map((channel) => channel.sender(config.channelSettings));
  const opening = keys.linkKey === undefined ? {} : { open: createOpen(keys.linkKey) };
  const delivering = { store, directory: loaded.directory, senders, nowMs, log };
  const stopping = new AbortController();
  const onClick = (channel: string, clicked: Clicked) =>
    showFound(runOf(delivering, new Map(), stopping.signal), channel, clicked);
  const stopTelling = tellNotes({ store, senders, nowMs, log, showFound: onClick, ...opening });
  const stopTending = tendCards(delivering);
  let role: RunningRole;
  try {
    const notices = await systems.look();
    for (const notice of notices) log.warn(notice);
    await store.notices.replace('actor', notices, nowMs());
    await recordConfiguration('actor', { store, ...loaded, version: ownVersion(), nowMs });
    const verifier = verifierOf(keys);
    role = await startActorRole(at(parts), { store, ...loaded, verifier, broker, senders, nowMs, log });
  } catch (error) {
    stopping.abort();
    stopTelling();
    stopTending();
    await systems.close();
    throw error;
  }
  return {
    ...role,
    async stop() {
      stopping.abort();
      stopTelling();
      stopTending();
      await role.stop();
      await systems.close();
    },
  };
}

/** Where the Workflow bundles are kept, in the folder of what a start need not make or fetch again. */
export const bundleFolder = (cacheDir: string): string => join(cacheDir, 'bundles');

function at({ temporal, dataConverter }: RoleParts): RoleConnection {
  const { nativeConnection: connection, namespace } = temporal;
  return { connection, namespace, ...(dataConverter === undefined ? {} : { dataConverter }) };
}

/** A client of Temporal that reads and writes payloads as the Workers do. */
export function clientOf({ temporal: { connection, namespace }, dataConverter }: RoleParts): Client {
  return new Client({ connection, namespace, ...(dataConverter === undefined ? {} : { dataConverter }) });
}

function verifierOf({ apiPublicKeys, workflowsPublicKeys }: PublicKeys): Verifier {
  return createVerifier({ api: apiPublicKeys, workflows: workflowsPublicKeys });
}

function modelConfig(config: Config): ModelConfig {
  const protocol = modelProtocolOf(config);
  if (protocol === 'scripted') return { apiKey: '', baseUrl: '', protocol: '', models: [] };
  const { openaiApiKey = '', openaiBaseUrl = '', models } = config;
  return { apiKey: openaiApiKey, baseUrl: openaiBaseUrl, protocol, models };
}
