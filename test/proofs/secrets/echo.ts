// What stands between a role and what it shows its secrets to: hands requests on, or answers them itself, with every secret
// it was sent in its words and headers; or breaks off in the middle of that. It keeps count. Node built-ins only.
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { formsOf } from './canaries.ts';

/**
 * `answers`: as a success. `breaks`: the connection, after half of the words. `holds`: after handing it on, says nothing.
 * A number: the HTTP status.
 */
export type Fault = number | 'answers' | 'breaks' | 'holds';

export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

export interface EchoInput {
  /** Where requests are handed on to; undefined: all are answered here. */
  readonly real: string | undefined;
  readonly faultAt: (asked: Asked) => Fault | undefined;
  /** A success that says these words. */
  readonly success: (words: string, asked: Asked) => object;
}

export interface Echo {
  readonly address: string;
  /** All that was asked. */
  readonly asked: readonly Asked[];
  /** How often a fault really happened with a secret in its answer, by fault. */
  readonly said: ReadonlyMap<Fault, number>;
  stop(): Promise<void>;
}

const SECRET_HEADERS = ['authorization', 'x-passphrase'];

export async function startEcho({ real, faultAt, success }: EchoInput): Promise<Echo> {
  const asked: Asked[] = [];
  const said = new Map<Fault, number>();
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const one = await readAll(request);
    asked.push(one);
    const fault = faultAt(one);
    if (fault === undefined || fault === 'holds') {
      const handed = await handOn(real, one);
      if (fault === undefined)
        response.writeHead(handed.status, { 'content-type': 'application/json' }).end(handed.body);
      else said.set(fault, (said.get(fault) ?? 0) + 1);
      return;
    }
    said.set(fault, (said.get(fault) ?? 0) + 1);
    say(response, fault, one, success);
  };
  const server = createServer((request, response) => {
    response.on('error', () => undefined);
    answer(request, response).catch(() => response.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the system gave no port');
  return {
    address: `127.0.0.1:${address.port}`,
    asked,
    said,
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function say(response: ServerResponse, fault: Fault, one: Asked, success: EchoInput['success']): void {
  const secrets = secretsIn(one);
  const words = wordsOf(secrets);
  // As OpenAI's servers say it; a code or a request id that looks like one is taken for one.
  const [first = ''] = secrets;
  const error = { message: words, code: first, type: first, param: first };
  const body = JSON.stringify(fault === 'answers' ? success(words, one) : { error });
  response.setHeader('content-type', 'application/json');
  response.setHeader('x-request-id', first);
  response.setHeader('www-authenticate', `Bearer error="${first}"`);
  response.setHeader('x-you-said', secrets);
  if (fault !== 'breaks') return void response.writeHead(typeof fault === 'number' ? fault : 200).end(body);
  response.writeHead(200, { 'content-length': 2 * body.length });
  response.write(body, () => response.destroy());
}

/** The secrets of a request; those of a path that holds any, too. */
function secretsIn({ headers, path }: Asked): readonly string[] {
  const values = SECRET_HEADERS.flatMap((name) => headers[name] ?? []).map((value) => value.replace(/^Bearer /, ''));
  return values.length > 0 ? values : [decodeURIComponent(path)];
}

/** Each secret in each form, and its beginning as a server shows it that means to hide it. */
function wordsOf(secrets: readonly string[]): string {
  return secrets
    .flatMap((one) => [one, `${one.slice(0, 14)}***`, ...formsOf(Buffer.from(one)).values()])
    .map((form) => `not accepted: ${form}`)
    .join(' ');
}

async function readAll(request: IncomingMessage): Promise<Asked> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const { method = 'GET', url: path = '/', headers } = request;
  return { method, path, headers, body: Buffer.concat(chunks).toString() };
}

async function handOn(real: string | undefined, { method, path, headers, body }: Asked) {
  if (real === undefined) return { status: 200, body: '{}' };
  const key = headers['idempotency-key'];
  const response = await fetch(new URL(path, real), {
    method,
    headers: { 'content-type': 'application/json', ...(typeof key === 'string' ? { 'idempotency-key': key } : {}) },
    ...(method === 'GET' ? {} : { body }),
  });
  return { status: response.status, body: await response.text() };
}
