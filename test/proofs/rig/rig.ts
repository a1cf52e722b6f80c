// The rig: a whole production in real processes on 127.0.0.1 and free ports, each role with its own secrets and its own
// login of PostgreSQL; the Temporal server is a development one. PostgreSQL, Temporal and the four roles can be killed; the
// far side and the model live in the proof's own process, which is not.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { createSigner, generateSigningKey } from '../../../trust/signing.ts';
import { FROM_SOURCE } from '../../support/children.ts';
import { type PrivatePostgres, startPrivatePostgres } from '../../support/postgres.ts';
import { MASTER_KEY } from '../../support/master-key.ts';
import { ROOT } from '../../support/sources.ts';
import { freePort, type ProofContext } from '../support.ts';
import { type FarSide, startFarSide } from './far-side.ts';
import { databasesOf, makeRoleLogins, type PasswordOf, protectBooks } from './logins.ts';
import { type Model, startModel } from './model.ts';
import { type Role, ROLES, startRoles, type Supervisor } from './roles.ts';
import { startTemporalServer, type TemporalServer } from './temporal.ts';

/** What a role talks to over TCP. */
export type Peer = 'postgres' | 'temporal' | 'model' | 'far-side';

export interface RigOptions {
  /** `development`: clocks may be moved, which production refuses. Then all roles share the owner's login. */
  readonly mode?: 'production' | 'development';
  /**
   * What stands between a role and what it talks to: given the real `host:port`, the one that the role is told. Whoever
   * puts something there stops it.
   */
  readonly between?: (role: Role, peer: Peer, address: string) => Promise<string>;
  /** What a role finds in its environment besides. */
  readonly more?: (role: Role) => NodeJS.ProcessEnv;
  /** Passwords of the logins; by default nobody needs one. */
  readonly passwordOf?: PasswordOf;
  /** The agents that the roles run; by default those of the proofs. */
  readonly agentsFolder?: string;
  /** Dynamic configuration of the Temporal server, each as name=value. */
  readonly temporalSettings?: readonly string[];
  /** As production is by default. Without, proofs can read in the tables what was said. */
  readonly encrypts?: true;
  /** A database of somebody else's server, as its owner: then `postgres` neither begins nor ends with the rig. */
  readonly databaseUrl?: string;
  /** Another Temporal server than a development one; the rig stops it. */
  readonly startTemporal?: () => Promise<TemporalServer>;
  /** The roles run as they are, without the moments at which they may be struck: for figures of what they use. */
  readonly unwatched?: true;
  /** The folder of a built program that the roles run, laid out as the image, unwatched; else they run from source. */
  readonly builtAt?: string;
}

export interface Rig {
  readonly apiUrl: string;
  /** Of the owner of everything in it. */
  readonly databaseUrl: string;
  readonly postgres: PrivatePostgres;
  readonly temporal: TemporalServer;
  readonly roles: Supervisor;
  readonly far: FarSide;
  readonly model: Model;
  /** API keys: of a customer, of a person of the group finance who operates too, and of the agent's owner. */
  readonly keys: { readonly customer: string; readonly approver: string; readonly owner: string };
  /** Make one more key. */
  addKey(principal: string, scopes: string): Promise<string>;
  /** What the API and the workflows role sign with. */
  readonly signingKeys: { readonly api: string; readonly workflows: string };
  /** What checkpoints of the ledger are signed with, and the file that they are published to. */
  readonly ledger: { readonly signingKey: string; readonly checkpointFile: string };
  /** A role's environment, as it is now. */
  envOf(role: Role): NodeJS.ProcessEnv;
  /** Change a role's environment, from its next start on. */
  configure(role: Role, changes: NodeJS.ProcessEnv): void;
  /** Stops all of it. Idempotent. */
  stop(): Promise<void>;
}

/** Folder of the agents of the proofs. */
export const AGENTS = fileURLToPath(new URL('../agents/', import.meta.url));
// 60 s: a command from source takes 2 on a quiet machine.
const COMMAND_LIMIT_MS = 60_000;

/** Start everything, and wait until it is up. What fails to start stops what did. */
export async function startRig({ folder }: Pick<ProofContext, 'folder'>, options: RigOptions = {}): Promise<Rig> {
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
      owned(options.databaseUrl === undefined ? startPrivatePostgres() : elsewhere(options.databaseUrl)),
      owned(options.startTemporal?.() ?? startTemporalServer(folder, options.temporalSettings)),
      owned(startFarSide()),
      owned(startModel()),
    ]);
    const databaseUrl = postgres.url;
    const port = await freePort();
    const signingKeys = { api: generateSigningKey(), workflows: generateSigningKey() };
    const ledger = { signingKey: generateSigningKey(), checkpointFile: join(folder, 'checkpoints.txt') };
    const { mode = 'production', more = () => ({}), passwordOf = noPassword, agentsFolder = AGENTS } = options;
    const encryption = options.encrypts ? { COUNTERSIGN_MASTER_KEY: MASTER_KEY } : { COUNTERSIGN_ENCRYPTION: 'off' };
    const env = { ...environment(), COUNTERSIGN_MODE: mode, ...encryption };
    const owner = { ...env, DATABASE_URL: databaseUrl };
    const isReal = mode === 'production';
    if (isReal) await makeRoleLogins(databaseUrl, passwordOf);
    const [script] = await Promise.all([
      isReal ? command(owner, ['systems', 'sql', 'books', AGENTS]) : '',
      command(owner, ['migrate']),
    ]);
    if (isReal) await protectBooks(databaseUrl, script, passwordOf);
    const real = { databaseUrl, temporal: temporal.address, model: model.url, far: far.url };
    const envs = new Map<Role, NodeJS.ProcessEnv>();
    for (const role of ROLES)
      envs.set(role, {
        ...env,
        ...secretsOf(role, signingKeys, ledger, port),
        ...(await whereabouts(role, real, options)),
        ...more(role),
      });
    const envOf = (role: Role) => envs.get(role) ?? {};
    const isWatched = options.unwatched !== true;
    const built = options.builtAt === undefined ? {} : { builtAt: options.builtAt };
    const roles = startRoles({ envOf, agentsFolder, isWatched, pointsFile: join(folder, 'points.jsonl'), ...built });
    steps.push(() => roles.stop());
    const addKey = (principal: string, scopes: string): Promise<string> =>
      command(owner, ['api-key', 'add', '--principal', principal, '--scopes', scopes]);
    const [customer, approver, agentOwner] = await Promise.all([
      addKey('ada', 'conversations:write,conversations:read'),
      addKey('finn', 'conversations:read,approvals:decide,operate'),
      addKey('olga', 'conversations:read,approvals:decide'),
      roles.untilUp(),
    ]);
    const apiUrl = `http://127.0.0.1:${port}`;
    const keys = { customer, approver, owner: agentOwner };
    const configure = (role: Role, changes: NodeJS.ProcessEnv) => void envs.set(role, { ...envOf(role), ...changes });
    const parts = { apiUrl, databaseUrl, postgres, temporal, roles, far, model, keys, signingKeys, ledger };
    return { ...parts, addKey, envOf, configure, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Somebody else's PostgreSQL, which the rig can only talk to. */
async function elsewhere(url: string): Promise<PrivatePostgres> {
  const refuse = async () => {
    throw new Error("this PostgreSQL is not the rig's own");
  };
  return { url, kill: refuse, start: refuse, pid: () => undefined, log: () => '', stop: async () => undefined };
}

const noPassword: PasswordOf = () => undefined;

/** Where a role is told that the others are. */
async function whereabouts(
  role: Role,
  real: { readonly databaseUrl: string; readonly temporal: string; readonly model: string; readonly far: string },
  { mode = 'production', between = async (_role, _peer, address) => address, passwordOf = noPassword }: RigOptions,
): Promise<NodeJS.ProcessEnv> {
  const urlTo = async (peer: Peer, text: string): Promise<URL> => {
    const url = new URL(text);
    url.host = await between(role, peer, url.host);
    return url;
  };
  const database = await urlTo('postgres', real.databaseUrl);
  return {
    TEMPORAL_ADDRESS: await between(role, 'temporal', real.temporal),
    ...(mode === 'production' ? databasesOf(role, database, passwordOf) : { DATABASE_URL: database.href }),
    ...(role === 'assistant' ? { OPENAI_BASE_URL: (await urlTo('model', real.model)).href } : {}),
    ...(role === 'actor' ? { PROOF_FAR_SIDE_URL: (await urlTo('far-side', real.far)).href } : {}),
  };
}

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
  const kept = ['PATH', 'HOME', 'TMPDIR', 'COUNTERSIGN_CACHE_DIR', 'NODE_EXTRA_CA_CERTS', 'NODE_COMPILE_CACHE'];
  const values = kept.flatMap((name) => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return { ...Object.fromEntries(values), LOG_LEVEL: 'info' };
}

/** What a role alone may hold, and what it must know of the others. */
function secretsOf(
  role: Role,
  { api, workflows }: Rig['signingKeys'],
  ledger: Rig['ledger'],
  port: number,
): NodeJS.ProcessEnv {
  const publicKeys = {
    COUNTERSIGN_API_PUBLIC_KEYS: createSigner('api', api).publicKey,
    COUNTERSIGN_WORKFLOWS_PUBLIC_KEYS: createSigner('workflows', workflows).publicKey,
  };
  switch (role) {
    case 'api':
      return {
        COUNTERSIGN_API_SIGNING_KEY: api,
        COUNTERSIGN_LEDGER_SIGNING_KEY: ledger.signingKey,
        COUNTERSIGN_CHECKPOINT_FILE: ledger.checkpointFile,
        PORT: String(port),
      };
    case 'workflows':
      return { ...publicKeys, COUNTERSIGN_WORKFLOWS_SIGNING_KEY: workflows };
    case 'assistant':
      return {};
    case 'actor':
      return publicKeys;
    default:
      return role satisfies never;
  }
}
