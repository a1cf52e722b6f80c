// A Temporal server as a cluster runs it, on PostgreSQL, so that engines are compared on the same ground: each commit of its
// histories waits for the disk, as the peers' do. The program is Temporal's own server, of which there is no package; who
// wants it builds it with Go (docs/performance.md) and names the folder. One process holds all of its services.
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Connection } from '@temporalio/client';
import { msToTs } from '@temporalio/common/lib/time.js';
import pg from 'pg';
import { ROOT } from '../test/support/sources.ts';
import { freePorts, HOST, noFreePort } from '../workers/dev-server/ports.ts';
import type { Surroundings } from './measure.ts';
import type { TemporalServer } from '../test/proofs/rig/temporal.ts';
import { type ProcessGroup, spawnGroup, waitFor } from '../test/proofs/support.ts';

/** Names of the programs in that folder, as `go build` calls them. */
const SERVER = 'server';
const SQL_TOOL = 'sql';
const NAMESPACE = 'default';
// 3 days: longer than any run, and the least that a Temporal server takes is one.
const RETENTION = '3 days';
// 4: what Temporal's own files for one machine say; a cluster has 512 and more, which can never be changed.
const HISTORY_SHARDS = 4;
// 20 for each store: PostgreSQL takes 100 in all, and our roles have theirs.
const CONNECTIONS = 20;
// 60 s: it is up in 6 on a quiet machine.
const UP_LIMIT_MS = 60_000;
const PROBE_LIMIT_MS = 2_000;
const PROBE_PAUSE_MS = 200;
const SCHEMA_LIMIT_MS = 120_000;
/** The settings that a deployment gets from us. */
const DYNAMIC_CONFIG = join(ROOT, 'deploy/temporal/dynamic-config.yaml');

/** Named after the database of the subject that runs on it: one for histories, one for what is listed. */
export const databasesOfTemporal = (database: string): readonly [string, string] => [
  `${database}_histories`,
  `${database}_visibility`,
];

/** Start one with two fresh databases beside the subject's, on the same PostgreSQL. Rejects with a sentence. */
export async function startTemporalOnPostgres(
  programs: string,
  { folder, databaseUrl }: Surroundings,
): Promise<TemporalServer> {
  for (const program of [SERVER, SQL_TOOL]) {
    if (!existsSync(join(programs, program)))
      throw new Error(`${programs} has no program "${program}"; docs/performance.md says how it is built`);
  }
  const path = join(folder, 'temporal');
  mkdirSync(path, { recursive: true });
  const url = new URL(databaseUrl);
  const databases = databasesOfTemporal(url.pathname.slice(1));
  await makeDatabases(join(programs, SQL_TOOL), url, databases);
  const ports = await portsOf(['frontend', 'history', 'matching', 'worker']);
  const address = `${HOST}:${ports.frontend.rpc}`;
  const config = join(path, 'config.yaml');
  writeFileSync(config, configOf(url, databases, ports));
  let group: ProcessGroup | undefined;
  const start = async (): Promise<void> => {
    group = spawnGroup(join(programs, SERVER), ['--config-file', config, '--allow-no-auth', 'start'], {
      cwd: path,
      env: { PATH: process.env['PATH'] },
    });
    const begun = group;
    await untilUp(address, begun);
  };
  await start();
  return {
    address,
    start,
    pid: () => group?.pid,
    async kill() {
      await group?.kill('SIGKILL');
      group = undefined;
    },
    async stop() {
      await group?.kill('SIGTERM');
      group = undefined;
    },
  };
}

type Service = 'frontend' | 'history' | 'matching' | 'worker';
type Ports = Readonly<Record<Service, { readonly rpc: number; readonly membership: number }>>;

async function portsOf(services: readonly Service[]): Promise<Ports> {
  const ports = await freePorts(services.flatMap(() => [0, 0]));
  if (ports === undefined) throw new Error(noFreePort);
  const entries = services.map((service, at) => [service, { rpc: ports[2 * at], membership: ports[2 * at + 1] }]);
  return Object.fromEntries(entries) as Ports;
}

/** Each with Temporal's own schema. */
async function makeDatabases(sqlTool: string, url: URL, names: readonly [string, string]): Promise<void> {
  const client = new pg.Client({ connectionString: url.href });
  await client.connect();
  try {
    for (const name of names) await client.query(`create database ${name}`);
  } finally {
    await client.end();
  }
  const [histories, visibility] = names;
  for (const [database, schema] of [
    [histories, 'temporal'],
    [visibility, 'visibility'],
  ] as const) {
    const at = ['--ep', url.hostname, '-p', url.port, '-u', url.username || 'postgres', '--pl', 'postgres12_pgx'];
    const sql = async (...args: readonly string[]) =>
      promisify(execFile)(sqlTool, [...at, '--db', database, ...args], { timeout: SCHEMA_LIMIT_MS });
    await sql('setup-schema', '-v', '0.0');
    await sql('update-schema', '--schema-name', `postgresql/v12/${schema}`);
  }
}

/** JSON is YAML. */
function configOf(url: URL, [histories, visibility]: readonly string[], ports: Ports): string {
  const store = (databaseName: string | undefined) => ({
    sql: {
      pluginName: 'postgres12_pgx',
      databaseName,
      connectAddr: url.host,
      connectProtocol: 'tcp',
      user: url.username || 'postgres',
      password: url.password,
      maxConns: CONNECTIONS,
      maxIdleConns: CONNECTIONS,
      maxConnLifetime: '1h',
    },
  });
  const services = Object.entries(ports).map(([service, { rpc, membership }]) => [
    service,
    { rpc: { grpcPort: rpc, membershipPort: membership, bindOnLocalHost: true } },
  ]);
  const address = `${HOST}:${ports.frontend.rpc}`;
  return JSON.stringify({
    log: { stdout: true, level: 'warn' },
    persistence: {
      defaultStore: 'histories',
      visibilityStore: 'visibility',
      numHistoryShards: HISTORY_SHARDS,
      datastores: { histories: store(histories), visibility: store(visibility) },
    },
    global: { membership: { maxJoinDuration: '30s', broadcastAddress: HOST } },
    services: Object.fromEntries(services),
    clusterMetadata: {
      enableGlobalNamespace: false,
      failoverVersionIncrement: 10,
      masterClusterName: 'active',
      currentClusterName: 'active',
      clusterInformation: {
        active: { enabled: true, initialFailoverVersion: 1, rpcName: 'frontend', rpcAddress: address },
      },
    },
    dcRedirectionPolicy: { policy: 'noop' },
    publicClient: { hostPort: address },
    dynamicConfigClient: { filepath: DYNAMIC_CONFIG, pollInterval: '60s' },
  });
}

/** Resolves once its namespace is there, which it makes; roles make their search attributes themselves. */
async function untilUp(address: string, group: ProcessGroup): Promise<void> {
  const connection = Connection.lazy({ address });
  const bounded = <T>(call: () => Promise<T>) => connection.withDeadline(Date.now() + PROBE_LIMIT_MS, call);
  const { workflowService } = connection;
  try {
    await waitFor('the Temporal server on PostgreSQL', UP_LIMIT_MS, async () => {
      if (group.ended() !== undefined) throw new Error(`the Temporal server ended:\n${group.output().slice(-2_000)}`);
      const isThere = await bounded(() => workflowService.describeNamespace({ namespace: NAMESPACE })).then(
        () => true,
        () => false,
      );
      if (isThere) return true;
      const workflowExecutionRetentionPeriod = msToTs(RETENTION);
      await bounded(() =>
        workflowService.registerNamespace({ namespace: NAMESPACE, workflowExecutionRetentionPeriod }),
      ).catch(() => undefined);
      await sleep(PROBE_PAUSE_MS);
      return false;
    });
  } finally {
    await connection.close();
  }
}
