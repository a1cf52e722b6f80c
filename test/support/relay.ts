// Stands between a channel and the emulator of its platform: remembers every call, and answers the next one itself where a
// test says how. On 127.0.0.1 and a free port.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';

export interface Call {
  readonly method: string;
  readonly params: Readonly<Record<string, string>>;
}

export interface Failure {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface Relay {
  readonly url: string;
  readonly calls: Call[];
  /** Answers to the next calls, instead of the emulator's. */
  readonly failures: Failure[];
}

export async function startRelay(t: TestContext, target: string): Promise<Relay> {
  const calls: Call[] = [];
  const failures: Failure[] = [];
  const server = createServer((req, res) => {
    void (async () => {
      const chunks: Buffer[] = [];
      for await (const chunk of req) chunks.push(chunk as Buffer);
      const body = Buffer.concat(chunks).toString('utf8');
      calls.push({ method: (req.url ?? '').split('/').at(-1) ?? '', params: paramsOf(body) });
      const failure = failures.shift();
      if (failure !== undefined) return res.writeHead(failure.status, failure.headers).end(failure.body);
      const { authorization = '' } = req.headers;
      const headers = { 'content-type': req.headers['content-type'] ?? '', ...(authorization && { authorization }) };
      const answer = await fetch(target + (req.url ?? ''), { method: 'POST', headers, body });
      return res.writeHead(answer.status, { 'content-type': 'application/json' }).end(await answer.text());
    })();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, calls, failures };
}

/** Each as text, as a form has it. */
export function paramsOf(body: string): Readonly<Record<string, string>> {
  if (!body.startsWith('{')) return Object.fromEntries(new URLSearchParams(body));
  const entries = Object.entries(JSON.parse(body) as Record<string, unknown>);
  return Object.fromEntries(
    entries.map(([name, value]) => [name, typeof value === 'string' ? value : JSON.stringify(value)]),
  );
}
