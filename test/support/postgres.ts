// A private PostgreSQL for tests and proofs: from the binaries on the machine, on 127.0.0.1 and a free port, with
// fsync; or a fresh database inside the server that DATABASE_URL names. Stopped by its process id.
import { execFile, execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { chown, mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import pg from 'pg';

export interface TestPostgres {
  readonly url: string;
  stop(): Promise<void>;
}

/** Start one. Rejects with a sentence when the machine has no PostgreSQL 15 or newer and DATABASE_URL is not set. */
export async function startPostgres(): Promise<TestPostgres> {
  const given = process.env['DATABASE_URL'] ?? '';
  return given === '' ? startPrivatePostgres() : createDatabase(given);
}

async function createDatabase(serverUrl: string): Promise<TestPostgres> {
  const name = `countersign_test_${randomBytes(6).toString('hex')}`;
  const admin = async (statement: string): Promise<void> => {
    const client = new pg.Client({ connectionString: serverUrl });
    await client.connect();
    try {
      await client.query(statement);
    } finally {
      await client.end();
    }
  };
  await admin(`create database ${name}`);
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  return { url: url.href, stop: () => admin(`drop database if exists ${name} with (force)`) };
}

interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** Start a server of our own in any case: for tests that make roles, which belong to a whole server. */
export async function startPrivatePostgres(): Promise<TestPostgres> {
  const binaries = findBinaries();
  // PostgreSQL refuses to run as root.
  const owner = process.getuid?.() === 0 ? ownerOf('postgres') : undefined;
  const folder = await mkdtemp(join(tmpdir(), 'countersign-pg-'));
  if (owner !== undefined) await chown(folder, owner.uid, owner.gid);
  const data = join(folder, 'data');
  const options = { cwd: folder, ...owner };
  const init = ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync'];
  await promisify(execFile)(join(binaries, 'initdb'), init, options);
  const port = await freePort();
  const settings = [`port=${port}`, 'listen_addresses=127.0.0.1', 'unix_socket_directories=', 'fsync=on'];
  const server = spawn(join(binaries, 'postgres'), ['-D', data, ...settings.flatMap((one) => ['-c', one])], {
    ...options,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const quit = (): void => void server.kill('SIGQUIT');
  process.once('exit', quit);
  await untilReady(server);
  return {
    url: `postgres://postgres@127.0.0.1:${port}/postgres`,
    async stop() {
      process.off('exit', quit);
      if (server.exitCode === null && server.signalCode === null) {
        const exited = once(server, 'exit');
        // SIGINT is PostgreSQL's fast shutdown: it ends the connections.
        server.kill('SIGINT');
        await exited;
      }
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function findBinaries(): string {
  const packaged = '/usr/lib/postgresql';
  const versions = existsSync(packaged) ? readdirSync(packaged).toSorted((a, b) => Number(b) - Number(a)) : [];
  const folders = [
    ...(process.env['PATH'] ?? '').split(delimiter),
    ...versions.map((version) => join(packaged, version, 'bin')),
  ];
  const found = folders.find((folder) => ['initdb', 'postgres'].every((name) => existsSync(join(folder, name))));
  if (found !== undefined) return found;
  throw new Error('these tests need PostgreSQL 15 or newer: install its server binaries, or set DATABASE_URL');
}

function ownerOf(user: string): Owner {
  const ask = (flag: string): number => Number(execFileSync('id', [flag, user], { encoding: 'utf8' }));
  return { uid: ask('-u'), gid: ask('-g') };
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

async function untilReady(server: ChildProcess): Promise<void> {
  const said: string[] = [];
  for await (const line of createInterface({ input: server.stderr! })) {
    said.push(line);
    if (line.includes('ready to accept connections')) {
      server.stderr!.resume();
      return;
    }
  }
  throw new Error(`PostgreSQL did not start: ${said.join(' | ')}`);
}
