// The HTTP of the load generator, and of whoever wants the same: connections kept alive, as many as there are callers, and
// next to no work of its own. Node built-ins only.
import { Agent, type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http';

export interface Answered {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Parsed; undefined where there is none. */
  readonly body: unknown;
}

export interface Sender {
  /** JSON in, JSON out. Rejects only where there is no answer. */
  post(path: string, body: object, headers?: Readonly<Record<string, string>>): Promise<Answered>;
  /** Closes its connections. */
  end(): void;
}

// 60 s: twice what any turn of the bench may take.
const ANSWER_LIMIT_MS = 60_000;

/** `localAddress`: where its connections come from; a caller of its own has an address of its own. */
export function createSender(
  baseUrl: string,
  {
    headers = {},
    localAddress,
  }: { readonly headers?: Readonly<Record<string, string>>; readonly localAddress?: string } = {},
): Sender {
  const { hostname, port } = new URL(baseUrl);
  const agent = new Agent({ keepAlive: true });
  const origin = { hostname, port, agent, ...(localAddress === undefined ? {} : { localAddress }) };
  return {
    post(path, body, more) {
      const text = JSON.stringify(body);
      const length = Buffer.byteLength(text);
      const all = { ...headers, ...more, 'content-type': 'application/json', 'content-length': length };
      return new Promise((resolve, reject) => {
        const asked = request({ ...origin, path, method: 'POST', headers: all }, (response) => {
          const { statusCode: status = 0, headers: told } = response;
          readAll(response).then((said) => resolve({ status, headers: told, body: said }), reject);
        });
        asked.setTimeout(ANSWER_LIMIT_MS, () => asked.destroy(new Error(`no answer in ${ANSWER_LIMIT_MS} ms`)));
        asked.on('error', reject);
        asked.end(text);
      });
    },
    end: () => agent.destroy(),
  };
}

async function readAll(response: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString();
  return text === '' ? undefined : JSON.parse(text);
}
