// A Temporal dev server of the rig, as a development start runs it, that a proof may kill and start again on the same
// database and port. Its guard ends it when the proof ends, however that is.
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { findTemporal } from '../../../workers/dev-server/find.ts';
import { type DevServer, startDevServer } from '../../../workers/dev-server/start.ts';
import { freePort } from '../support.ts';

export interface TemporalServer {
  readonly address: string;
  /** The server's own process; undefined while there is none. */
  pid(): number | undefined;
  /** `kill -9` of the server; resolves once it is gone. */
  kill(): Promise<void>;
  /** Start it again on the same database and port; resolves once it answers. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** `settings`: its dynamic configuration, each as name=value. */
export async function startTemporalServer(folder: string, settings: readonly string[] = []): Promise<TemporalServer> {
  const path = join(folder, 'temporal');
  mkdirSync(path, { recursive: true });
  const lockFd = openSync(join(path, 'lock'), 'w');
  const binary = await findTemporal({ env: process.env });
  const ports = { grpc: await freePort(), ui: 0 };
  const address = `127.0.0.1:${ports.grpc}`;
  let server: DevServer | undefined;
  async function start(): Promise<void> {
    server = await startDevServer({ binary, stateFolder: { path, lockFd }, ports, settings });
    if (server.address === address) return;
    await server.stop();
    throw new Error(`the Temporal server is at ${server.address}, since its port ${address} was taken`);
  }
  await start();
  return {
    address,
    pid: () => server?.pid,
    start,
    async kill() {
      if (server === undefined) return;
      process.kill(server.pid, 'SIGKILL');
      await server.ended;
      server = undefined;
    },
    async stop() {
      await server?.stop();
      server = undefined;
      closeSync(lockFd);
    },
  };
}
