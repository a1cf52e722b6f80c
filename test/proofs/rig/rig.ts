// The rig: a whole production in real processes on 127.0.0.1 and free ports. PostgreSQL, a Temporal server and the four
// roles can be killed; the far side and the model live in the proof's own process, which is not.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { createSigner, generateSigningKey } from '../../../trust/signing.ts';
import { FROM_SOURCE } from '../../support/children.ts';
import { startPrivatePostgres } from '../../support/postgres.ts';
import { ROOT } from '../../support/sources.ts';
import { freePort, type ProofContext } from '../support.ts';
import { type FarSide, startFarSide } from './far-side.ts';
import { type Model, startModel } from './model.ts';
import { startRoles, type Supervisor } from './roles.ts';
import { startTemporalServer, type TemporalServer } from './temporal.ts';

export interface Rig {
  readonly apiUrl: string;
  readonly databaseUrl: string;
  readonly temporal: TemporalServer;
  readonly roles: Supervisor;
  readonly far: FarSide;
  readonly model: Model;
  /** API keys: of a customer, and of a person of the group finance who operates too. */
  readonly keys: { readonly customer: string; readonly approver: string };
  /** Stops all of it. Idempotent. */
  stop(): Promise<void>;
}

const AGENTS = fileURLToPath(new URL('../agents/', import.meta.url));
// 60 s: a command from source takes 2 on a quiet machine.
const COMMAND_LIMIT_MS = 60_000;

/** Start everything, and wait until it is up. What fails to start stops what did. */
export async function startRig({ folder }: Pick<ProofContext, 'folder'>): Promise<Rig> {
  const steps: (() => Promise<void>)[] = [];
  const owned = async <T extends { stop(): Promise<void> }>(start: Promise<T>): Promise<T> => {
    const part = await start;
    steps.push(() => part.stop());
    return part;
  };
  const stop = async () => {
    for (let step = steps.pop(); step !== undefined; step = steps.pop()) await step();
  };
  try {
    const [postgres, temporal, far, model] = await Promise.all([
      owned(startPrivatePostgres()),
      owned(startTemporalServer(folder)),
      owned(startFarSide()),
      owned(startModel()),
    ]);
    const port = await freePort();
    const env = { ...environment(), ...signingKeys(), DATABASE_URL: postgres.url, PORT: String(port) };
    await command(env, ['migrate']);
    const roles = startRoles({
      env: {
        ...env,
        TEMPORAL_ADDRESS: temporal.address,
        OPENAI_BASE_URL: model.url,
        PROOF_FAR_SIDE_URL: far.url,
      },
      agentsFolder: AGENTS,
      pointsFile: join(folder, 'points.jsonl'),
    });
    steps.push(() => roles.stop());
    const [customer, approver] = await Promise.all([
      addKey(env, 'ada', 'conversations:write,conversations:read'),
      addKey(env, 'finn', 'conversations:read,approvals:decide,operate'),
      roles.untilUp(),
    ]);
    const apiUrl = `http://127.0.0.1:${port}`;
    return { apiUrl, databaseUrl: postgres.url, temporal, roles, far, model, keys: { customer, approver }, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

const addKey = (env: NodeJS.ProcessEnv, principal: string, scopes: string): Promise<string> =>
  command(env, ['api-key', 'add', '--principal', principal, '--scopes', scopes]);

async function command(env: NodeJS.ProcessEnv, args: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [...FROM_SOURCE, 'cli/main.ts', ...args], {
    cwd: ROOT,
    env,
    timeout: COMMAND_LIMIT_MS,
  });
  return stdout.trim();
}

/** What a process needs of this machine, and nothing that would lead it elsewhere. */
function environment(): NodeJS.ProcessEnv {
  const kept = ['PATH', 'HOME', 'TMPDIR', 'COUNTERSIGN_CACHE_DIR', 'NODE_EXTRA_CA_CERTS'];
  const values = kept.flatMap((name) => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return { ...Object.fromEntries(values), COUNTERSIGN_MODE: 'development', LOG_LEVEL: 'info' };
}

function signingKeys(): NodeJS.ProcessEnv {
  const api = generateSigningKey();
  const workflows = generateSigningKey();
  return {
    COUNTERSIGN_API_SIGNING_KEY: api,
    COUNTERSIGN_API_PUBLIC_KEYS: createSigner('api', api).publicKey,
    COUNTERSIGN_WORKFLOWS_SIGNING_KEY: workflows,
    COUNTERSIGN_WORKFLOWS_PUBLIC_KEYS: createSigner('workflows', workflows).publicKey,
  };
}
