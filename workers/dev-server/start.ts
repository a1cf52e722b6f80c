// Start the development Temporal server on the state folder, behind its guard. Owns temporal.db, temporal.log and
// temporal.pid of that folder. Guarantees: it resolves once the server answers and its namespace is there; whoever ends
// (we, the guard, the machine's user), no server stays behind; secrets of ours never reach the server's environment.
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Connection } from '@temporalio/client';
import { SERVER_PID_FILE, type StateFolder } from '../state-folder.ts';
import { SEARCH_ATTRIBUTE_TYPES } from '../temporal.ts';
import { freePorts, HOST, noFreePort } from './ports.ts';
import { withoutSecrets } from './run-command.ts';

export interface DevServer {
  readonly address: string;
  readonly uiUrl: string;
  /** The server's own pid, not the guard's. */
  readonly pid: number;
  readonly guardPid: number;
  /** Resolves when the server has ended, asked or not, with its last words. */
  readonly ended: Promise<string>;
  /** Stop it and wait for its end. Idempotent. */
  stop(): Promise<void>;
}

export interface DevServerOptions {
  readonly binary: string;
  readonly stateFolder: Pick<StateFolder, 'path' | 'lockFd'>;
  readonly namespace?: string;
  /** Wished ports; 0 takes any free one. A wished port that is taken is replaced by a free one. */
  readonly ports?: { readonly grpc: number; readonly ui: number };
  /** Dynamic configuration of the server besides, each as name=value; for proofs. */
  readonly settings?: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  readonly report?: (line: string) => void;
}

/** The server ended or did not answer in time; the message carries the last lines of its log. */
export class DevServerFailed extends Error {
  override readonly name = 'DevServerFailed';
}

const DEFAULT_PORTS = { grpc: 7233, ui: 8233 };
const MAX_PORT_ATTEMPTS = 3;
// 60 s: up in 2 s on a quiet machine; a large database on a slow, loaded one took 20.
const HEALTHY_LIMIT_MS = 60_000;
const PROBE_LIMIT_MS = 2_000;
const PROBE_PAUSE_MS = 100;
const PROGRESS_MS = 5_000;
// 12 s: the guard's own 10 s and its exit.
const STOP_LIMIT_MS = 12_000;
// A screen: enough to see why, whatever the server repeats.
const SHOWN_LOG_LINES = 15;
const SHOWN_LOG_LINE_CHARS = 200;
// Each queue is polled at most 20 times a second by default, which adds up to 50 ms to each step of a Workflow.
const POLLED_QUEUES = ['transfer', 'timer', 'visibility', 'outbound'];
const POLLS_PER_SECOND = 2_000;
/**
 * Dynamic configuration of the server, each as name=value. By default it reads the timers of the next second at once, which
 * saves reads, and one that is set within that second, such as the pause before the next attempt, goes off only at its end
 * (`taskMinScheduledTime` in service/history/shard/task_key_manager.go). A tenth of it: ten reads a second while it is busy.
 */
export const QUICK_SETTINGS: readonly string[] = [
  ...POLLED_QUEUES.map((queue) => `history.${queue}ProcessorMaxPollRPS=${POLLS_PER_SECOND}`),
  'history.timerProcessorMaxTimeShift="100ms"',
];
// Without write-ahead log a file-backed server needs twice the CPU of one in memory. NORMAL survives a killed process.
const SQLITE_PRAGMAS = ['journal_mode=WAL', 'synchronous=NORMAL'];

/** Start the server and wait until it answers. Rejects with DevServerFailed. */
export async function startDevServer(options: DevServerOptions): Promise<DevServer> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await startOnce(options);
    } catch (error) {
      // Between our look and the server's bind a port can be taken; it binds some that it chooses itself, too.
      const portTaken = error instanceof DevServerFailed && error.message.includes('address already in use');
      if (!portTaken || attempt === MAX_PORT_ATTEMPTS) throw error;
    }
  }
}

async function startOnce(options: DevServerOptions): Promise<DevServer> {
  const { stateFolder, namespace = 'default', ports = DEFAULT_PORTS, settings = [], report = () => {} } = options;
  const free = await freePorts([ports.grpc, ports.ui, 0, 0]);
  if (free === undefined) throw new DevServerFailed(noFreePort);
  const [grpc = 0, ui = 0, http = 0, metrics = 0] = free;
  const address = `${HOST}:${grpc}`;
  const logFile = join(stateFolder.path, 'temporal.log');
  const args = serverArguments(stateFolder.path, namespace, { grpc, ui, http, metrics });
  const set = settings.flatMap((setting) => ['--dynamic-config-value', setting]);
  const guard = spawnGuard(options, logFile, [...args, ...set]);
  const gone = new Promise<void>((resolve) => {
    guard.once('error', () => resolve());
    guard.once('exit', () => resolve());
  });
  const stop = () => stopGuard(guard, gone, stateFolder.path);
  try {
    await untilHealthy(address, namespace, gone, report);
    const pid = readServerPid(stateFolder.path);
    const guardPid = guard.pid;
    if (pid === undefined || guardPid === undefined) throw new DevServerFailed('it ended');
    // A guard that was killed cannot stop its server any more, so we do.
    const ended = gone.then(() => {
      killQuietly(readServerPid(stateFolder.path));
      return lastLines(logFile);
    });
    return { address, uiUrl: `http://${HOST}:${ui}`, pid, guardPid, ended, stop };
  } catch (error) {
    await stop();
    const reason = error instanceof DevServerFailed ? error.message : String(error);
    throw new DevServerFailed(
      `the Temporal server did not start: ${reason}. Its log, ${logFile}, ends:\n${lastLines(logFile)}`,
    );
  }
}

function spawnGuard(options: DevServerOptions, logFile: string, args: readonly string[]): ChildProcess {
  const { binary, stateFolder, env = process.env } = options;
  const guardFile = fileURLToPath(new URL('./guard.mjs', import.meta.url));
  // Truncated at each start, so that the log stays bounded.
  const log = openSync(logFile, 'w', 0o600);
  try {
    return spawn(process.execPath, [guardFile, join(stateFolder.path, SERVER_PID_FILE), binary, ...args], {
      detached: true,
      stdio: ['pipe', log, log, stateFolder.lockFd],
      env: withoutSecrets(env),
    });
  } finally {
    closeSync(log);
  }
}

type Ports = Readonly<Record<'grpc' | 'ui' | 'http' | 'metrics', number>>;

function serverArguments(folder: string, namespace: string, ports: Ports): readonly string[] {
  return [
    ...['server', 'start-dev', '--ip', HOST, '--port', `${ports.grpc}`, '--ui-port', `${ports.ui}`],
    ...['--http-port', `${ports.http}`, '--metrics-port', `${ports.metrics}`],
    ...['--db-filename', join(folder, 'temporal.db'), '--log-level', 'warn', '--ui-disable-news-fetch'],
    ...(namespace === 'default' ? [] : ['--namespace', namespace]),
    ...QUICK_SETTINGS.flatMap((setting) => ['--dynamic-config-value', setting]),
    ...SQLITE_PRAGMAS.flatMap((pragma) => ['--sqlite-pragma', pragma]),
    ...SEARCH_ATTRIBUTE_TYPES.flatMap(([name, type]) => ['--search-attribute', `${name}=${type}`]),
  ];
}

async function untilHealthy(
  address: string,
  namespace: string,
  gone: Promise<void>,
  report: (line: string) => void,
): Promise<void> {
  let ended = false;
  void gone.then(() => (ended = true));
  const startedMs = Date.now();
  let reportAtMs = startedMs + PROGRESS_MS;
  const connection = Connection.lazy({ address });
  try {
    for (;;) {
      if (ended) throw new DevServerFailed('it ended');
      const probe = () => connection.workflowService.describeNamespace({ namespace });
      if (await succeeds(connection.withDeadline(Date.now() + PROBE_LIMIT_MS, probe))) break;
      const nowMs = Date.now();
      if (nowMs > startedMs + HEALTHY_LIMIT_MS)
        throw new DevServerFailed(`it did not answer within ${HEALTHY_LIMIT_MS / 1000} s`);
      if (nowMs > reportAtMs) {
        report(`waiting for the Temporal server … ${Math.round((nowMs - startedMs) / 1000)} s`);
        reportAtMs = nowMs + PROGRESS_MS;
      }
      await Promise.race([wait(PROBE_PAUSE_MS), gone]);
    }
    // Somebody else's server may answer at that address, when it took the port before ours could.
    if (ended) throw new DevServerFailed('it ended');
  } finally {
    await connection.close();
  }
}

function succeeds(work: Promise<unknown>): Promise<boolean> {
  return work.then(
    () => true,
    () => false,
  );
}

async function stopGuard(guard: ChildProcess, gone: Promise<void>, folder: string): Promise<void> {
  guard.stdin?.destroy();
  const late = new AbortController();
  const tooLate = wait(STOP_LIMIT_MS, undefined, { signal: late.signal }).then(() => {
    killQuietly(readServerPid(folder));
    guard.kill('SIGKILL');
  });
  await Promise.race([gone, tooLate]);
  late.abort();
  await tooLate.catch(() => {});
  await untilDead(readServerPid(folder));
}

// 2 s: a killed process goes at once, where the machine has a moment for it.
const DEATH_LIMIT_MS = 2_000;

/** A killed server holds its files and ports until it is really gone. */
async function untilDead(pid: number | undefined): Promise<void> {
  const endMs = Date.now() + DEATH_LIMIT_MS;
  for (;;) {
    if (pid === undefined || !isThere(pid) || Date.now() > endMs) return;
    await wait(20);
  }
}

function isThere(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

function readServerPid(folder: string): number | undefined {
  try {
    return Number(readFileSync(join(folder, SERVER_PID_FILE), 'utf8'));
  } catch {
    return undefined;
  }
}

function killQuietly(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It is gone already.
  }
}

function lastLines(file: string): string {
  if (!existsSync(file)) return '';
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n').slice(-SHOWN_LOG_LINES);
  // The cause of a Go error stands at its end.
  return lines.map((line) => (line.length > 2 * SHOWN_LOG_LINE_CHARS ? shortened(line) : line)).join('\n');
}

function shortened(line: string): string {
  return `${line.slice(0, SHOWN_LOG_LINE_CHARS)} … ${line.slice(-SHOWN_LOG_LINE_CHARS)}`;
}
