// Listens, and closes gracefully: no new connection, streams ended, open requests awaited for a while.
// May import node:http only.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Api } from './app.ts';

export interface Listening {
  readonly url: string;
  /** Resolves once nothing is open any more. Again is the same close. */
  close(): Promise<void>;
}

// 30 s: a body of 64 KB over a bad line; a slower sender holds a connection for nothing.
const READ_REQUEST_MS = 30_000;
// 8 s: an Update's answer is mostly there in 1; a supervisor that stops us waits about 10 before it kills.
const CLOSE_MS = 8_000;
// 50 ms: how often connections that became idle while closing are let go.
const IDLE_SWEEP_MS = 50;

/** Listen on a port; 0 takes a free one. Rejects with a sentence where the port cannot be had. */
export async function listen({ app, end }: Api, { port, host }: { port: number; host: string }): Promise<Listening> {
  const server = createServer({ requestTimeout: READ_REQUEST_MS }, app);
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(new Error(whyNot(error, port, host), { cause: error })),
    );
    server.listen(port, host, resolve);
  });
  const { port: taken } = server.address() as AddressInfo;
  let closed: Promise<void> | undefined;

  async function close(): Promise<void> {
    const done = new Promise<void>((resolve) => server.close(() => resolve()));
    end();
    const sweep = setInterval(() => server.closeIdleConnections(), IDLE_SWEEP_MS);
    const cut = setTimeout(() => server.closeAllConnections(), CLOSE_MS);
    await done;
    clearInterval(sweep);
    clearTimeout(cut);
  }

  return { url: `http://${host.includes(':') ? `[${host}]` : host}:${taken}`, close: () => (closed ??= close()) };
}

function whyNot({ code, message }: NodeJS.ErrnoException, port: number, host: string): string {
  switch (code) {
    case 'EADDRINUSE':
      return `Port ${port} on ${host} is taken by another program: stop that one, or set PORT to a free port.`;
    case 'EACCES':
      return `Port ${port} on ${host} needs rights that this process lacks: set PORT to one above 1023.`;
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return `${host} is no address of this machine: listen on 127.0.0.1, or on 0.0.0.0 for all of them.`;
    default:
      return `Cannot listen on port ${port} of ${host}: ${message}`;
  }
}
