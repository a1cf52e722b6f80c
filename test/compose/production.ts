// The production of docker-compose.yml on this machine: secrets made by deploy/make-secrets.sh, a PostgreSQL that asks for
// passwords, a Temporal server, a model over HTTP, and the services of the file as processes. Everything is on 127.0.0.1.
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { LLMock } from '@copilotkit/aimock';
import pg from 'pg';
import { onCall } from '../../agents/on-call/on-call.ts';
import { shop } from '../../agents/support-desk/shop.ts';
import { createPool } from '../../store/pool.ts';
import { createSql } from '../../store/sql.ts';
import { findTemporal } from '../../workers/dev-server/find.ts';
import { startDevServer } from '../../workers/dev-server/start.ts';
import { KEPT } from '../support/kept.ts';
import { startPrivatePostgres } from '../support/postgres.ts';
import { type ComposeFile, entrypointOf, readCompose, readVariables } from './compose-file.ts';
import { createTopology, type Topology } from './topology.ts';

export const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** A folder as an operator has it after docs/operating.md: .env and secrets/, nothing left to fill in. */
export async function makeProject(own: {
  readonly systems: Readonly<Record<string, string>>;
  readonly modelUrl: string;
}): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-production-'));
  const { stdout } = await promisify(execFile)('sh', [join(ROOT, 'deploy/make-secrets.sh'), folder]);
  const secrets = {
    openai_api_key: 'sk-of-the-test',
    smtp_url: 'smtp://127.0.0.1:9',
    ...own.systems,
  };
  for (const [name, text] of Object.entries(secrets)) {
    if (!stdout.includes(`secrets/${name} `)) throw new Error(`make-secrets.sh does not ask for secrets/${name}`);
    writeFileSync(join(folder, 'secrets', name), `${text}\n`);
  }
  const settings = [`OPENAI_BASE_URL=${own.modelUrl}`, 'OPENAI_MODEL=model-of-the-test', 'MAIL_FROM=desk@example.com'];
  writeFileSync(join(folder, '.env'), `${readFileSync(join(folder, '.env'), 'utf8')}${settings.join('\n')}\n`);
  return folder;
}

export interface Production {
  readonly file: ComposeFile;
  readonly apiUrl: string;
  readonly model: LLMock;
  /** The shop's database, as its own people reach it. */
  readonly shop: pg.Pool;
  /** The topology of the file, or of the file changed. */
  topology(file?: ComposeFile): Topology;
  stop(): Promise<void>;
}

/** Start what is not ours: PostgreSQL, Temporal, the model. What fails to start stops what did. */
export async function startProduction(): Promise<Production> {
  // A runner that gives up on this file sends SIGTERM; ending so lets every part end its own processes.
  process.once('SIGTERM', () => process.exit(143));
  const steps: (() => unknown)[] = [];
  const stop = async () => {
    for (const step of steps.toReversed()) await step();
  };
  try {
    const postgres = await startPrivatePostgres();
    steps.push(() => postgres.stop());
    await demandPasswords(postgres.url);
    const shopUrl = await makeShop(postgres.url);
    const shopPool = createPool({ connectionString: shopUrl });
    steps.push(() => shopPool.end());
    for (const system of [shop, onCall]) await system.prepare(createSql(shopPool), Date.now());
    const systems = await protectSystems(postgres.url, shopUrl);

    const model = new LLMock({ host: '127.0.0.1', port: 0 });
    const modelUrl = `${await model.start()}/v1`;
    steps.push(() => model.stop());

    const project = await makeProject({ systems, modelUrl });
    steps.push(() => rmSync(project, { recursive: true, force: true }));
    const bin = join(project, 'bin');
    mkdirSync(bin);
    const binary = await findTemporal({ env: process.env });
    symlinkSync(binary, join(bin, 'temporal'));
    const lockFd = openSync(join(project, 'temporal.lock'), 'w');
    const ports = { grpc: 0, ui: 0 };
    const temporal = await startDevServer({ binary, stateFolder: { path: project, lockFd }, ports });
    steps.push(() => temporal.stop());

    const port = await freePort();
    const { host: postgresHost } = new URL(postgres.url);
    const substitutes = new Map([
      ['postgres:5432', postgresHost],
      ['temporal:7233', temporal.address],
      ['HOST=0.0.0.0', 'HOST=127.0.0.1'],
      ['PORT=3000', `PORT=${port}`],
    ]);
    const image = {
      PATH: `${bin}:${process.env['PATH'] ?? ''}`,
      HOME: project,
      // The image holds the Workflow bundle; here it is built once for all runs.
      COUNTERSIGN_CACHE_DIR: KEPT,
      PGHOST: '127.0.0.1',
      PGPORT: new URL(postgres.url).port,
    };
    const file = readCompose(ROOT, readVariables(join(project, '.env')));
    const entrypoint = entrypointOf(ROOT);
    let count = 0;
    const topology = (changed = file) => {
      const folder = join(project, `run-${++count}`);
      return createTopology({ file: changed, root: ROOT, project, folder, entrypoint, substitutes, image });
    };
    return { file, apiUrl: `http://127.0.0.1:${port}`, model, shop: shopPool, topology, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** From now on everybody but the superuser must say a password, as in the image. */
async function demandPasswords(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query<{ hba_file: string }>('show hba_file');
    const rules = ['host all postgres 127.0.0.1/32 trust', 'host all all 127.0.0.1/32 scram-sha-256', ''];
    writeFileSync(rows[0]?.hba_file ?? '', rules.join('\n'));
    await client.query('select pg_reload_conf()');
  } finally {
    await client.end();
  }
}

/** The shop: a system of record of its own, which the actor reaches and nobody else. */
async function makeShop(url: string): Promise<string> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(`create role shop login password 'shop'`);
    await client.query('create database shop owner shop');
  } finally {
    await client.end();
  }
  return `postgres://shop:shop@${new URL(url).host}/shop`;
}

/** As their owner does it after docs/operating.md. Resolves to the secrets of the actor, by the name of their file. */
async function protectSystems(adminUrl: string, url: string): Promise<Readonly<Record<string, string>>> {
  const admin = new URL(adminUrl);
  admin.pathname = new URL(url).pathname;
  const client = new pg.Client({ connectionString: admin.href });
  await client.connect();
  const secrets: Record<string, string> = {};
  try {
    for (const { name } of [shop, onCall]) {
      const command = ['cli/bootstrap.mjs', 'cli/main.ts', 'systems', 'sql', name];
      const { stdout } = await promisify(execFile)(process.execPath, command, { cwd: ROOT });
      await client.query(stdout);
      await client.query(`create role ${name}_tools login noinherit password 'tools' in role countersign_tools`);
      await client.query(`create role ${name}_mint login password 'mint' in role countersign_mint`);
      secrets[`${name}_database_url`] = `postgres://${name}_tools:tools@${admin.host}${admin.pathname}`;
      secrets[`${name}_mint_database_url`] = `postgres://${name}_mint:mint@${admin.host}${admin.pathname}`;
    }
  } finally {
    await client.end();
  }
  return secrets;
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  probe.close();
  await once(probe, 'close');
  if (address === null || typeof address === 'string') throw new Error('no free port on 127.0.0.1');
  return address.port;
}
