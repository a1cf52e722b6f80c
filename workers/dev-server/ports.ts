// Free ports of this machine for a Temporal server. May import Node built-ins.
import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

export const HOST = '127.0.0.1';
// Below the ranges from which Linux and macOS number outgoing connections, which would take a port between our look and
// the server's bind. And below 32,768: a server on PostgreSQL keeps its ports in a column of 16 bits with a sign
// (Temporal 1.32.0, cluster_membership.rpc_port).
const FREE_PORTS_FROM = 20_000;
const FREE_PORTS_TO = 32_000;
// 50 tries: on a machine with half of the range taken, all fail once in 10^15 times.
const PORT_TRIES = 50;

export const noFreePort = `no free port was found between ${FREE_PORTS_FROM} and ${FREE_PORTS_TO} on ${HOST}`;

/** The wished ports where they are free, else others, and for 0 any; all different. Undefined: none is free. */
export async function freePorts(wished: readonly number[]): Promise<readonly number[] | undefined> {
  const taken: { readonly port: number; close(): Promise<void> }[] = [];
  // Each is held open until the last is chosen, so that they differ.
  for (const port of wished) {
    const opened = await openPort(port);
    if (opened !== undefined) taken.push(opened);
  }
  for (const { close } of taken) await close();
  return taken.length === wished.length ? taken.map(({ port }) => port) : undefined;
}

async function openPort(wished: number): Promise<{ readonly port: number; close(): Promise<void> } | undefined> {
  const tries = Array.from({ length: PORT_TRIES }, () => randomInt(FREE_PORTS_FROM, FREE_PORTS_TO));
  for (const port of wished === 0 ? tries : [wished, ...tries]) {
    const server = createServer();
    const listens = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false));
      server.listen({ port, host: HOST, exclusive: true }, () => resolve(true));
    });
    if (listens) return { port, close: () => new Promise((resolve) => server.close(() => resolve())) };
  }
  return undefined;
}
