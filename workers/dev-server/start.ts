// Start the development Temporal server on the state folder, behind its guard. Owns temporal.db, temporal.log and
// temporal.pid of that folder. Guarantees: it resolves once the server answers and its namespace is there; whoever ends
// (we, the guard, the machine's user), no server stays behind; secrets of ours never reach the server's environment.
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Connection } from '@temporalio/client';
import { SERVER_PID_FILE, type StateFolder } from '../state-folder.ts';
import { SEARCH_ATTRIBUTE_TYPES } from '../temporal.ts';
import { withoutSecrets } from './run-command.ts';

export interface DevServer {
  readonly address: string;
  readonly uiUrl: string;
  /** The server's own pid, not the guard's. */
  readonly pid: number;
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
  readonly env?: NodeJS.ProcessEnv;
  readonly report?: (line: string) => void;
}

/** The server ended or did not answer in time; the message carries the last lines of its log. */
export class DevServerFailed extends Error {
  override readonly name = 'DevServerFailed';
}

const DEFAULT_PORTS = { grpc: 7233, ui: 8233 };
const HOST = '127.0.0.1';
// 60 s: up in 2 s on a quiet machine; a large database on a slow, loaded one took 20.
const HEALTHY_LIMIT_MS = 60_000;
const PROBE_LIMIT_MS = 2_000;
const PROBE_PAUSE_MS = 100;
const PROGRESS_MS = 5_000;
// 12 s: the guard's own 10 s and its exit.
const STOP_LIMIT_MS = 12_000;
// A screen: enough to see why, whatever the server repeats.
const SHOWN_LOG_LINES = 15;
const SHOWN_LOG_LINE_CHARS = 300;
// Each queue is polled at most 20 times a second by default, which adds up to 50 ms to each step of a Workflow.
const POLLED_QUEUES = ['transfer', 'timer', 'visibility', 'outbound'];
const POLLS_PER_SECOND = 2_000;
// Without write-ahead log a file-backed server needs twice the CPU of one in memory. NORMAL survives a killed process.
const SQLITE_PRAGMAS = ['journal_mode=WAL', 'synchronous=NORMAL'];

/** Start the server and wait until it answers. Rejects with DevServerFailed. */
export async function startDevServer(options: DevServerOptions): Promise<DevServer> {
  const { stateFolder, namespace = 'default', ports = DEFAULT_PORTS, report = () => {} } = options;
  const [grpcPort, uiPort] = await freePorts([ports.grpc, ports.ui]);
  const address = `${HOST}:${grpcPort}`;
  const logFile = join(stateFolder.path, 'temporal.log');
  const guard = spawnGuard(options, logFile, serverArguments(stateFolder.path, namespace, grpcPort, uiPort));
  const gone = new Promise<void>((resolve) => {
    guard.once('error', () => resolve());
    guard.once('exit', () => resolve());
  });
  const stop = () => stopGuard(guard, gone, stateFolder.path);
  try {
    await untilHealthy(address, namespace, gone, report);
    const pid = readServerPid(stateFolder.path);
    if (pid === undefined) throw new DevServerFailed('it ended at once');
    // A guard that was killed cannot stop its server any more, so we do.
    const ended = gone.then(() => {
      killQuietly(readServerPid(stateFolder.path));
      return lastLines(logFile);
    });
    return { address, uiUrl: `http://${HOST}:${uiPort}`, pid, ended, stop };
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

function serverArguments(folder: string, namespace: string, grpcPort: number, uiPort: number): readonly string[] {
  return [
    ...['server', 'start-dev', '--ip', HOST, '--port', String(grpcPort), '--ui-port', String(uiPort)],
    ...['--db-filename', join(folder, 'temporal.db'), '--log-level', 'warn', '--ui-disable-news-fetch'],
    ...(namespace === 'default' ? [] : ['--namespace', namespace]),
    ...POLLED_QUEUES.flatMap((queue) => [
      '--dynamic-config-value',
      `history.${queue}ProcessorMaxPollRPS=${POLLS_PER_SECOND}`,
    ]),
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
      if (
        await connection.withDeadline(Date.now() + PROBE_LIMIT_MS, probe).then(
          () => true,
          () => false,
        )
      )
        break;
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
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n').slice(-SHOWN_LOG_LINES);
  return lines.map((line) => line.slice(0, SHOWN_LOG_LINE_CHARS)).join('\n');
}

/** The wished ports where they are free, else others; all different. */
async function freePorts(wished: readonly [number, number]): Promise<readonly [number, number]> {
  const first = await openPort(wished[0]);
  try {
    // The first is held open until the second is chosen, so that the two differ.
    const second = await openPort(wished[1]);
    await second.close();
    return [first.port, second.port];
  } finally {
    await first.close();
  }
}

async function openPort(wished: number): Promise<{ readonly port: number; close(): Promise<void> }> {
  const server = createServer();
  const listen = (port: number) =>
    new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ port, host: HOST, exclusive: true }, () => resolve());
    });
  await listen(wished).catch(() => listen(0));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return { port, close: () => new Promise((resolve) => server.close(() => resolve())) };
}
