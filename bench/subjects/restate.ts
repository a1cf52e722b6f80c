// The peer restate: its server beside the process that is its service and front. Guarantees: the server ends with us,
// however we end, by the guard that holds development servers of Temporal too; it listens on 127.0.0.1 alone.
import { type ChildProcess, spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, existsSync, openSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Running, Subject, Surroundings } from '../measure.ts';
import { installPeers, PEERS } from './install-peers.ts';
import { lastLines, startPeer } from './peer.ts';

const HOST = '127.0.0.1';
// Below the ranges from which Linux and macOS number outgoing connections, which could take a port before the server does.
const PORTS_FROM = 20_000;
const PORTS_TO = 32_000;
// 5 s: the guard knows the pid as soon as it has started the server.
const PID_LIMIT_MS = 5_000;
const PID_LOOK_MS = 20;
// 12 s: the guard gives the server ten.
const STOP_LIMIT_MS = 12_000;

const BINARY = `node_modules/@restatedev/restate-server-${process.platform}-${process.arch}/bin/restate-server`;
const GUARD = fileURLToPath(new URL('../../workers/dev-server/guard.mjs', import.meta.url));

export const restate: Subject = {
  name: 'restate',
  async start(at) {
    await installPeers(at.log);
    const server = await startServer(at);
    try {
      const peer = await startPeer('restate', at, server.env);
      const stop = async (): Promise<void> => {
        await peer.stop();
        await server.stop();
      };
      return { turn: peer.turn, pids: () => ({ ...peer.pids(), ...server.pids() }), stop };
    } catch (error) {
      await server.stop();
      throw new Error(`${String(error)}\nIts server's log ends:\n${lastLines(server.logFile)}`, { cause: error });
    }
  },
};

interface RestateServer extends Pick<Running, 'pids' | 'stop'> {
  readonly logFile: string;
  /** Where it is, for the service. */
  readonly env: Readonly<Record<string, string>>;
}

/** Start the server on the folder's data, which a server before it may have left. It is up when the service says so. */
async function startServer({ folder }: Surroundings): Promise<RestateServer> {
  const [ingress, admin, node] = await freePorts();
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
  const pid = await pidIn(pidFile);
  return {
    logFile,
    env: { RESTATE_INGRESS_URL: `http://${HOST}:${ingress}`, RESTATE_ADMIN_URL: `http://${HOST}:${admin}` },
    pids: () => ({ 'restate-server': pid, 'restate-guard': guard.pid! }),
    stop: () => endServer(guard, pid),
  };
}

function spawnGuard(logFile: string, args: readonly string[], env: Readonly<Record<string, string>>): ChildProcess {
  const log = openSync(logFile, 'a');
  try {
    return spawn(process.execPath, [GUARD, ...args], {
      detached: true,
      // Its file 3 is a lock in other uses; the folder of a run is nobody else's.
      stdio: ['pipe', log, log, log],
      env: { PATH: process.env['PATH'] ?? '', ...env },
    });
  } finally {
    closeSync(log);
  }
}

async function pidIn(file: string): Promise<number> {
  for (const untilMs = Date.now() + PID_LIMIT_MS; Date.now() < untilMs; await sleep(PID_LOOK_MS)) {
    const pid = existsSync(file) ? Number(readFileSync(file, 'utf8')) : 0;
    if (pid > 0) return pid;
  }
  throw new Error(`${BINARY} did not start within ${PID_LIMIT_MS / 1_000} s: has npm installed it for this platform?`);
}

/** Ask the guard to end the server; kill both when that takes too long, or when the guard is gone before the server. */
async function endServer(guard: ChildProcess, pid: number): Promise<void> {
  const isThere = (): boolean => guard.exitCode === null && guard.signalCode === null;
  if (isThere()) {
    const gone = once(guard, 'exit');
    guard.stdin?.end();
    const late = setTimeout(() => guard.kill('SIGKILL'), STOP_LIMIT_MS);
    await gone;
    clearTimeout(late);
  }
  try {
    if (guard.signalCode !== null) process.kill(pid, 'SIGKILL');
  } catch {
    // The server is gone already.
  }
}

/** Three ports that are free on 127.0.0.1, all different. */
async function freePorts(): Promise<readonly [number, number, number]> {
  return [await freePort(0), await freePort(1), await freePort(2)];
}

/** A free port of one third of the range, so that three of them differ. */
async function freePort(third: number): Promise<number> {
  const width = Math.floor((PORTS_TO - PORTS_FROM) / 3);
  for (;;) {
    const port = PORTS_FROM + third * width + randomInt(width);
    const probe = createServer();
    const listens = new Promise<boolean>((resolve) => {
      probe.once('error', () => resolve(false));
      probe.listen({ port, host: HOST, exclusive: true }, () => resolve(true));
    });
    if (!(await listens)) continue;
    probe.close();
    await once(probe, 'close');
    return port;
  }
}
