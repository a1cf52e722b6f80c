// A small HTTP server inside the proof's own process, which is never killed: JSON in, JSON out. Node built-ins only.
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';

export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  /** Parsed; undefined when there was none. */
  readonly body: unknown;
}

interface Answered {
  readonly status: number;
  readonly body: unknown;
  /** Besides its type. */
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Served {
  readonly url: string;
  stop(): Promise<void>;
}

/** Serve on 127.0.0.1 and a free port. */
export async function serve(answer: (asked: Asked) => Answered | Promise<Answered>): Promise<Served> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const text = Buffer.concat(chunks).toString();
      const { method = 'GET', url: path = '/', headers } = request;
      const end = ({ status, body, headers: more }: Answered) =>
        response.writeHead(status, { 'content-type': 'application/json', ...more }).end(JSON.stringify(body));
      const body: unknown = text === '' ? undefined : JSON.parse(text);
      void Promise.resolve(answer({ method, path, headers, body })).then(end);
    });
    // A client that was killed in the middle of its request has asked for nothing.
    request.on('error', () => response.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the system gave no port');
  return {
    url: `http://127.0.0.1:${address.port}`,
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
