// The embedded PostgreSQL: PGlite in a thread of its own (on the main thread it would block the event loop for
// seconds), reached through a Unix socket in a private folder, so that everything else speaks to it as to any
// PostgreSQL. May import pg's types and Node. The caller holds the lock on the data folder: PGlite itself lets two
// processes open, and spoil, one folder.
import { chmod, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Worker } from 'node:worker_threads';
import type pg from 'pg';
import { sentenceOf } from '../domain/sentence-of.ts';
import { layFreshDatabase } from './fresh-database.ts';

export interface StartEmbeddedInput {
  /** The folder of the database; made if missing. */
  readonly dataDir: string;
  /** A folder for the socket alone, made private. Without it, or where its path is too long, a temporary one. */
  readonly socketDir?: string;
  /** A folder that outlives this one, for a fresh database to copy. Without it each is made from nothing, in seconds. */
  readonly freshIn?: string;
  /** Called once if the thread dies before `stop`; from then on every use of the store is StoreUnavailable. */
  readonly onFailed?: (error: Error) => void;
}

export interface EmbeddedPostgres {
  readonly poolConfig: pg.PoolConfig;
  /** End the pools first; then this closes the database. */
  stop(): Promise<void>;
}

// PostgreSQL's own name for it: clients append it to the folder they are given as host.
const SOCKET_NAME = '.s.PGSQL.5432';

// 103 bytes: what macOS takes in sun_path, less the closing NUL; Linux takes four more.
const MAX_SOCKET_PATH_BYTES = 103;

// 1 connection a pool: there is one backend behind the socket, so a second is no faster; and a transaction that waits
// for the pool inside itself then fails by time-out, where on a second connection it would wait for itself for ever.
const MAX_POOL_CONNECTIONS = 1;

// 16 connections in all: the store's pool, one per system of record, migrations, a person with psql.
const MAX_CONNECTIONS = 16;

// 20 s: one connection means one queue, and the first start shares the machine with all else that starts.
const CONNECT_TIMEOUT_MS = 20_000;

// 10 s: PGlite closes in well under a second; a thread that does not is ended, which its files survive like a kill.
const STOP_TIMEOUT_MS = 10_000;

/** Start it, and wait until it takes connections (seconds at the first start). Rejects with the thread's own error. */
export async function startEmbeddedPostgres(input: StartEmbeddedInput): Promise<EmbeddedPostgres> {
  const dataDir = resolve(input.dataDir);
  if (input.freshIn !== undefined) await layFreshDatabase(dataDir, resolve(input.freshIn), makeDatabase);
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const { socketDir, isTemporary } = await makeSocketDir(input.socketDir);
  const socketPath = join(socketDir, SOCKET_NAME);
  // What a killed process left behind; nobody else listens there, as the caller holds the lock.
  await rm(socketPath, { force: true });
  const worker = new Worker(new URL('./embedded-thread.mjs', import.meta.url), {
    workerData: { dataDir, socketPath, maxConnections: MAX_CONNECTIONS },
  });
  const life = watch(worker);
  const cleanUp = () => rm(isTemporary ? socketDir : socketPath, { recursive: true, force: true });
  try {
    await life.ready;
  } catch (error) {
    await cleanUp();
    const advice = 'if its files are damaged, move the folder away, and the next start makes a new one';
    throw new Error(`the embedded store in ${dataDir} does not start: ${sentenceOf(error)}; ${advice}`, {
      cause: error,
    });
  }
  let stopped: Promise<void> | undefined;
  void life.ended.then((error) => {
    if (stopped !== undefined) return;
    input.onFailed?.(new Error(`the embedded store has stopped: ${sentenceOf(error)}`, { cause: error }));
  });
  return {
    poolConfig: {
      host: socketDir,
      user: 'postgres',
      database: 'postgres',
      max: MAX_POOL_CONNECTIONS,
      // 0: never close the idle one; to connect anew costs more than a statement.
      idleTimeoutMillis: 0,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    },
    stop: () => (stopped ??= stopWorker(worker, life.ended).then(cleanUp)),
  };
}

async function makeDatabase(dataDir: string): Promise<void> {
  let failed: Error | undefined;
  const made = await startEmbeddedPostgres({ dataDir, onFailed: (error) => (failed = error) });
  await made.stop();
  if (failed !== undefined) throw failed;
}

interface ThreadLife {
  readonly ready: Promise<void>;
  /** Resolves with the reason when the thread has ended. */
  readonly ended: Promise<Error>;
}

function watch(worker: Worker): ThreadLife {
  const ended = new Promise<Error>((done) => {
    worker.once('error', done);
    worker.once('exit', (code) => done(new Error(`its thread ended with code ${code}`)));
  });
  const ready = new Promise<void>((done, fail) => {
    worker.once('message', () => done());
    void ended.then(fail);
  });
  return { ready, ended };
}

async function stopWorker(worker: Worker, ended: Promise<Error>): Promise<void> {
  worker.postMessage('stop');
  const timer = setTimeout(() => void worker.terminate(), STOP_TIMEOUT_MS);
  await ended;
  clearTimeout(timer);
}

async function makeSocketDir(wanted: string | undefined): Promise<{ socketDir: string; isTemporary: boolean }> {
  const socketDir = wanted === undefined ? undefined : resolve(wanted);
  if (socketDir === undefined || Buffer.byteLength(join(socketDir, SOCKET_NAME)) > MAX_SOCKET_PATH_BYTES) {
    return { socketDir: await mkdtemp(join(tmpdir(), 'countersign-')), isTemporary: true };
  }
  await mkdir(socketDir, { recursive: true, mode: 0o700 });
  // It may have been there before, open to others.
  await chmod(socketDir, 0o700);
  return { socketDir, isTemporary: false };
}
