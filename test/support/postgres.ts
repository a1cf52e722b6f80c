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
import { setTimeout as sleep } from 'node:timers/promises';
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

// 10 s: the children of a killed server hold its memory until they have noticed; nothing starts over them.
const OLD_CHILDREN_MS = 10_000;
const OLD_CHILDREN_LOOK_MS = 200;

// 1 MB: hours of its warnings; what comes later is dropped.
const MAX_LOG_CHARS = 1_000_000;

interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** A server of our own, which a proof may kill and start again on the same data and port. */
export interface PrivatePostgres extends TestPostgres {
  /** `kill -9` of the whole server; resolves once it is gone. */
  kill(): Promise<void>;
  /** Start it again after a kill; resolves once it takes connections. */
  start(): Promise<void>;
  /** The process that the others of the server are children of; undefined while there is none. */
  pid(): number | undefined;
  /** What it has logged since it was up. */
  log(): string;
}

/** Start a server of our own in any case: for tests that make roles, which belong to a whole server. */
export async function startPrivatePostgres(): Promise<PrivatePostgres> {
  const binaries = postgresBinaries();
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
  const args = ['-D', data, ...settings.flatMap((one) => ['-c', one])];
  let server: ChildProcess | undefined;
  let logged = '';
  const quit = (): void => void server?.kill('SIGQUIT');
  process.once('exit', quit);
  async function end(signal: NodeJS.Signals): Promise<void> {
    const ending = server;
    server = undefined;
    if (ending === undefined || ending.exitCode !== null || ending.signalCode !== null) return;
    const exited = once(ending, 'exit');
    ending.kill(signal);
    await exited;
  }
  async function start(): Promise<void> {
    const untilMs = Date.now() + OLD_CHILDREN_MS;
    for (;;) {
      const starting = spawn(join(binaries, 'postgres'), args, { ...options, stdio: ['ignore', 'ignore', 'pipe'] });
      server = starting;
      try {
        await untilReady(starting);
        starting.stderr.on('data', (chunk: Buffer) => {
          if (logged.length < MAX_LOG_CHARS) logged += chunk.toString();
        });
        return;
      } catch (error) {
        server = undefined;
        if (Date.now() > untilMs) throw error;
        await sleep(OLD_CHILDREN_LOOK_MS);
      }
    }
  }
  await start();
  return {
    url: `postgres://postgres@127.0.0.1:${port}/postgres`,
    start,
    pid: () => server?.pid,
    log: () => logged,
    // Its children notice the death of their parent, and end; what they had not committed is lost, as in a crash.
    kill: () => end('SIGKILL'),
    async stop() {
      process.off('exit', quit);
      // SIGINT is PostgreSQL's fast shutdown: it ends the connections.
      await end('SIGINT');
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** The folder of the machine's own server binaries. Throws with a sentence where there are none. */
export function postgresBinaries(): string {
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
