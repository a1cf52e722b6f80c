// The server of the peer restate, on 127.0.0.1 and free ports, its data in a folder. Guarantees: it ends with us, however
// we end, by the guard that holds development servers of Temporal too.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort, waitFor } from '../../test/proofs/support.ts';
import { PEERS } from './install-peers.ts';

export interface RestateServer {
  /** The server's own. Its guard only waits, and what is counted of it would be the server's once more. */
  readonly pid: number;
  /** Where it is, for its service. */
  readonly env: Readonly<Record<string, string>>;
  /** Its warnings so far. */
  log(): string;
  stop(): Promise<void>;
}

const HOST = '127.0.0.1';
// 10 s: the guard knows the pid as soon as it has started the server.
const PID_LIMIT_MS = 10_000;
// 12 s: the guard gives the server ten.
const STOP_LIMIT_MS = 12_000;

const BINARY = `node_modules/@restatedev/restate-server-${process.platform}-${process.arch}/bin/restate-server`;
const GUARD = fileURLToPath(new URL('../../workers/dev-server/guard.mjs', import.meta.url));

/** Start it on the data that one before it may have left there. It is up once its service could tell it where it is. */
export async function startRestateServer(folder: string): Promise<RestateServer> {
  const [ingress, admin, node] = await Promise.all([freePort(), freePort(), freePort()]);
  const logFile = join(folder, 'restate-server.log');
  const pidFile = join(folder, 'restate-server.pid');
  rmSync(pidFile, { force: true });
  const args = ['--no-logo', '--base-dir', join(folder, 'restate'), '--cluster-name', 'bench', '--node-name', 'bench'];
  const guard = spawnGuard(logFile, [pidFile, join(PEERS, BINARY), ...args], {
    RESTATE_LISTEN_MODE: 'tcp',
    RESTATE_INGRESS__BIND_ADDRESS: `${HOST}:${ingress}`,
    RESTATE_ADMIN__BIND_ADDRESS: `${HOST}:${admin}`,
    RESTATE_BIND_ADDRESS: `${HOST}:${node}`,
    RESTATE_ADVERTISED_ADDRESS: `http://${HOST}:${node}/`,
    RESTATE_LOG_FILTER: 'warn',
    RESTATE_DISABLE_TELEMETRY: 'true',
    DO_NOT_TRACK: '1',
  });
  const log = () => readFileSync(logFile, 'utf8');
  const pid = await waitFor(BINARY, PID_LIMIT_MS, () => pidIn(pidFile) ?? (hasEnded(guard) && 0)).catch(() => 0);
  if (pid === 0) {
    await stop(guard, pidIn(pidFile));
    throw new Error(`the server of restate did not start: ${log()}`);
  }
  return {
    pid,
    env: { RESTATE_INGRESS_URL: `http://${HOST}:${ingress}`, RESTATE_ADMIN_URL: `http://${HOST}:${admin}` },
    log,
    stop: () => stop(guard, pid),
  };
}

function spawnGuard(logFile: string, args: readonly string[], env: Readonly<Record<string, string>>): ChildProcess {
  const log = openSync(logFile, 'a');
  try {
    return spawn(process.execPath, [GUARD, ...args], {
      detached: true,
      // File 3 is the lock of a state folder elsewhere; the folder of a run is nobody else's.
      stdio: ['pipe', log, log, log],
      env: { PATH: process.env['PATH'], ...env },
    });
  } finally {
    closeSync(log);
  }
}

const hasEnded = ({ exitCode, signalCode }: ChildProcess): boolean => exitCode !== null || signalCode !== null;

function pidIn(file: string): number | undefined {
  try {
    return Number(readFileSync(file, 'utf8')) || undefined;
  } catch {
    return undefined;
  }
}

/** The guard ends the server and then itself. One that was killed, or takes too long, ends nothing: then we do. */
async function stop(guard: ChildProcess, pid: number | undefined): Promise<void> {
  if (!hasEnded(guard)) {
    const gone = once(guard, 'exit');
    guard.stdin?.end();
    const late = setTimeout(() => guard.kill('SIGKILL'), STOP_LIMIT_MS);
    await gone;
    clearTimeout(late);
  }
  if (guard.signalCode === null || pid === undefined) return;
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It is gone.
  }
}
