// Listens, and closes gracefully: no new connection, streams ended, open requests awaited for a while.
// May import node and the API's problems only.
import { randomUUID } from 'node:crypto';
import { createServer, STATUS_CODES } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Api } from './app.ts';
import { Problem } from './problem.ts';

export interface Listening {
  readonly url: string;
  /** Resolves once nothing is open any more. Again is the same close. */
  close(): Promise<void>;
}

// 30 s: the largest body over a bad line; a slower sender holds a connection for nothing.
const READ_REQUEST_MS = 30_000;
// 7 s: an Update's answer is mostly there in 1; a supervisor that stops us waits about 10 before it kills.
const GIVE_UP_MS = 7_000;
// 1 s more for the answer that nothing is sure; then the connection is cut.
const CLOSE_MS = 8_000;
// 50 ms: how often connections that became idle while closing are let go.
const IDLE_SWEEP_MS = 50;

/** Listen on a port; 0 takes a free one. Rejects with a sentence where the port cannot be had. */
export async function listen(
  { app, end, giveUp }: Api,
  { port, host }: { port: number; host: string },
): Promise<Listening> {
  const server = createServer({ requestTimeout: READ_REQUEST_MS }, app);
  server.on('clientError', refuseUnread);
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
    const last = [setTimeout(giveUp, GIVE_UP_MS), setTimeout(() => server.closeAllConnections(), CLOSE_MS)];
    await done;
    clearInterval(sweep);
    for (const timer of last) clearTimeout(timer);
  }

  return { url: `http://${host.includes(':') ? `[${host}]` : host}:${taken}`, close: () => (closed ??= close()) };
}

/** What Node cannot read as a request comes to no route: it is answered here, as every other mistake is, and closed. */
function refuseUnread(error: NodeJS.ErrnoException, socket: Duplex & { readonly bytesWritten?: number }): void {
  // After a first answer nobody can tell where another one would begin.
  if (error.code === 'ECONNRESET' || !socket.writable || socket.bytesWritten !== 0) return void socket.destroy(error);
  const problem = problemOfUnread(error.code);
  const requestId = randomUUID();
  const body = JSON.stringify(problem.body(requestId));
  const head = [
    `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}`,
    'Content-Type: application/problem+json; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Cache-Control: no-store',
    'X-Content-Type-Options: nosniff',
    `X-Request-Id: ${requestId}`,
    'Connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}

function problemOfUnread(code: string | undefined): Problem {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return new Problem('header_too_large', 'The URL and the headers are too long together; send shorter ones.');
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return new Problem('request_timeout', `The request was not there within ${READ_REQUEST_MS / 1000} seconds.`);
    case 'HPE_INVALID_METHOD':
      return new Problem('bad_request', 'There is no such method; /openapi.json lists what there is.');
    default:
      return new Problem('bad_request', 'This is no HTTP request that can be read; check its first line and headers.');
  }
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
