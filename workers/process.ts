// One role as a process of its own, as production runs it: its secrets from the environment, its store by DATABASE_URL,
// its Temporal by TEMPORAL_ADDRESS. Ends in good order on SIGTERM or SIGINT.
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { requireRights } from '../store/require-rights.ts';
import { openStore } from '../store/store.ts';
import { createSigner } from '../trust/signing.ts';
import { startApiRole } from './api.ts';
import { type Config, ConfigInvalid, encryptsPayloads, masterKeyIn, readConfig, roleProblems } from './config.ts';
import type { ServingRole } from './config-table.ts';
import { developmentKeyProblems } from './dev-keys.ts';
import { loadAgents } from './load-agents.ts';
import { createLog, installRuntime } from './log.ts';
import type { RoleParts } from './parts.ts';
import { encrypting } from './payload-codec.ts';
import { systemProblems } from './systems.ts';
import { connectTemporal, prepareNamespace } from './temporal.ts';
import { bundleFolder, composeActor, composeAssistant, composeWorkflows, type PublicKeys } from './workers.ts';

interface Running {
  readonly done: Promise<void>;
  stop(): Promise<void>;
}

/** Run one role until it is asked to stop or fails. Resolves to the exit code. Throws ConfigInvalid. */
export async function runRole(role: ServingRole, agentsFolder: string, env: NodeJS.ProcessEnv): Promise<number> {
  const config = readConfig(env);
  const production = config.mode === 'production';
  refuse([...roleProblems(role, config, env), ...(production ? developmentKeyProblems(config) : [])]);
  const loaded = await loadAgents(agentsFolder);
  if (production) {
    refuse(systemProblems(role, loaded, env));
    await requireRights(poolOf(config), `countersign_${role}`);
  }
  const log = createLog(config.logLevel);
  const nowMs = () => Date.now() + config.clockOffsetMs;
  // In production the tables belong to a PostgreSQL role of their own, which `countersign migrate` uses.
  const pool = poolOf(config);
  const masterKey = masterKeyIn(config);
  const store = await openStore({ pool, nowMs, migrate: !production, masterKey, isServer: true });
  const endRuntime = installRuntime(log);
  try {
    const temporal = await connectTemporal({ env });
    try {
      for (const warning of await prepareNamespace(temporal.connection, temporal.namespace)) log.warn(warning);
      const converter = encryptsPayloads(config) ? { dataConverter: encrypting(store.sealedBytes) } : {};
      return await untilAsked({ config, env, temporal, store, loaded, nowMs, log, ...converter }, role);
    } finally {
      await temporal.close();
    }
  } finally {
    await endRuntime();
    await store.close();
  }
}

async function untilAsked(parts: RoleParts, role: ServingRole): Promise<number> {
  const { log } = parts;
  const asked = new Promise<void>((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve());
  });
  const running = await startOne(role, parts);
  log.info({ role }, 'the role is up');
  const code = await Promise.race([
    asked.then(() => 0),
    running.done.then(
      () => 0,
      (error: unknown) => failed(log, error),
    ),
  ]);
  await running.stop();
  return code;
}

async function startOne(role: ServingRole, parts: RoleParts): Promise<Running> {
  const { config } = parts;
  const keys: PublicKeys = config;
  switch (role) {
    case 'api': {
      const apiSigningKey = needed(config.apiSigningKey, 'COUNTERSIGN_API_SIGNING_KEY');
      const ledgerSigningKey = needed(config.ledgerSigningKey, 'COUNTERSIGN_LEDGER_SIGNING_KEY');
      const api = await startApiRole(
        parts,
        { ...keys, apiSigningKey, ledgerSigningKey, linkPublicKey: config.linkPublicKey },
        '',
      );
      return { done: new Promise(() => undefined), stop: () => api.close() };
    }
    case 'workflows': {
      const workflowsSigningKey = needed(config.workflowsSigningKey, 'COUNTERSIGN_WORKFLOWS_SIGNING_KEY');
      const own = createSigner('workflows', workflowsSigningKey).publicKey;
      const workflowsPublicKeys = [...new Set([own, ...keys.workflowsPublicKeys])];
      const bundles = bundleFolder(config.cacheDir ?? temporaryFolder('cache'));
      return composeWorkflows(parts, { ...keys, workflowsPublicKeys, workflowsSigningKey }, bundles);
    }
    case 'assistant':
      return composeAssistant(parts);
    case 'actor': {
      const pool = config.mode === 'development' ? poolOf(config) : undefined;
      return composeActor(parts, { ...keys, linkKey: config.linkKey }, { pool, folder: temporaryFolder('files') });
    }
    default:
      return role satisfies never;
  }
}

function refuse(problems: readonly string[]): void {
  if (problems.length > 0) throw new ConfigInvalid(problems);
}

const poolOf = (config: Config) => ({ connectionString: config.databaseUrl });

const temporaryFolder = (name: string): string => join(tmpdir(), 'countersign', name);

function needed(value: string | undefined, name: string): string {
  if (value === undefined) throw new ConfigInvalid([`set ${name}; make a key with: countersign keys`]);
  return value;
}

function failed(log: Logger, error: unknown): number {
  log.error({ err: error }, 'the role has failed');
  return 1;
}
