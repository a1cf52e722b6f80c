// Callers of the API, each with a key and an address of their own, since the API bounds what one of them may ask: a
// measure of ten thousand conversations is told as by many offices, not as by one.
import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { newApiKey } from '../../api/keys.ts';
import { openStore } from '../../store/store.ts';
import type { Rig } from '../../test/proofs/rig/rig.ts';
import { MASTER_KEY } from '../../test/support/master-key.ts';

export interface Said {
  readonly sentMs: number;
  /** When the reply was written, by the system's own clock, which is this machine's: just before it is on record. */
  readonly repliedMs: number;
  /** When the caller had read it. */
  readonly heardMs: number;
  readonly tookMs: number;
}

export interface Caller {
  open(id: string): Promise<void>;
  /** Say something and wait for the reply, however long it takes; once for each key. */
  say(id: string, key: string, text: string): Promise<Said>;
  close(): void;
}

/** As many, each of an own principal. */
export async function createCallers(rig: Rig, count: number): Promise<readonly Caller[]> {
  const pool = { connectionString: rig.databaseUrl, max: 1 };
  const store = await openStore({ pool, migrate: false, masterKey: MASTER_KEY });
  try {
    const callers: Caller[] = [];
    for (let nth = 1; nth <= count; nth++) {
      const { id, text, hash } = newApiKey();
      const principal = { id: `caller-${nth}`, name: `Caller ${nth}`, tenant: 'default' };
      const scopes = ['conversations:write', 'conversations:read'];
      await store.apiKeys.add({ id, hash, principal, scopes, nowMs: Date.now() });
      callers.push(createCaller(rig.apiUrl, text, nth));
    }
    return callers;
  } finally {
    await store.close();
  }
}

// 250: a block of the loopback has so many addresses; Linux lets any of them call, others one only.
const ADDRESSES = 250;
const addressOf = (nth: number): string => (process.platform === 'linux' ? `127.0.1.${nth % ADDRESSES}` : '127.0.0.1');

const Sent = z.object({
  messageId: z.string(),
  status: z.enum(['queued', 'taken', 'answered']),
  reply: z.object({ createdMs: z.number() }).optional(),
});
// 120 s: a role is killed and started meanwhile, on a machine that does much else. What is under way then may take as long.
const REPLY_LIMIT_MS = 120_000;
const LOOK_MS = 100;

function createCaller(apiUrl: string, key: string, nth: number): Caller {
  const agent = new Agent({ keepAlive: true, localAddress: addressOf(nth) });
  const ask = (method: string, path: string, body?: unknown, headers: Readonly<Record<string, string>> = {}) =>
    insist(() =>
      send(agent, new URL(path, apiUrl), { method, body, headers: { ...headers, authorization: `Bearer ${key}` } }),
    );
  return {
    async open(id) {
      await ask('POST', '/v1/conversations', { agent: 'reader', id });
    },
    async say(id, mark, text) {
      const url = `/v1/conversations/${id}/messages`;
      const sentMs = Date.now();
      let sent = Sent.parse(await ask('POST', `${url}?wait=reply`, { text }, { 'idempotency-key': `${id}-${mark}` }));
      while (sent.reply === undefined) {
        if (Date.now() > sentMs + REPLY_LIMIT_MS) throw new Error(`no reply in ${id} to "${text}"`);
        await sleep(LOOK_MS);
        sent = Sent.parse(await ask('GET', `${url}/${sent.messageId}`));
      }
      const repliedMs = sent.reply.createdMs;
      return { sentMs, repliedMs, heardMs: Date.now(), tookMs: repliedMs - sentMs };
    },
    close: () => agent.destroy(),
  };
}

const TOO_MANY = 429;
const RETRY_MS = 200;

/** Send again what was not answered, or was answered with 429 or 5xx. */
async function insist(ask: () => Promise<Answered>): Promise<unknown> {
  const untilMs = Date.now() + REPLY_LIMIT_MS;
  for (;;) {
    const { status, body } = await ask().catch((error: unknown): Answered => ({ status: 0, body: String(error) }));
    if (status >= 200 && status < 300) return body;
    const passes = status === 0 || status === TOO_MANY || status >= 500;
    if (!passes || Date.now() > untilMs) throw new Error(`answered ${status}: ${JSON.stringify(body).slice(0, 400)}`);
    await sleep(RETRY_MS);
  }
}

interface Asked {
  readonly method: string;
  readonly body: unknown;
  readonly headers: Readonly<Record<string, string>>;
}

interface Answered {
  readonly status: number;
  readonly body: unknown;
}

function send(agent: Agent, url: URL, { method, body, headers }: Asked): Promise<Answered> {
  const text = body === undefined ? undefined : JSON.stringify(body);
  return new Promise((resolve, reject) => {
    const asking = request(url, { agent, method, headers: { ...headers, 'content-type': 'application/json' } });
    asking.once('error', reject);
    const late = new Error(`no answer from ${url.pathname} within ${REPLY_LIMIT_MS / 1_000} s`);
    asking.setTimeout(REPLY_LIMIT_MS, () => asking.destroy(late));
    asking.once('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.once('error', reject);
      response.once('end', () => {
        const said = Buffer.concat(chunks).toString();
        const isJson = /\bjson\b/.test(response.headers['content-type'] ?? '');
        const parsed: unknown = isJson ? JSON.parse(said) : said;
        resolve({ status: response.statusCode ?? 0, body: parsed });
      });
    });
    asking.end(text);
  });
}

/** Do it for each of so many, a few at a time. */
export async function each(count: number, atOnce: number, work: (nth: number) => Promise<unknown>): Promise<void> {
  let next = 0;
  const one = async (): Promise<void> => {
    for (let nth = (next += 1); nth <= count; nth = next += 1) await work(nth);
  };
  await Promise.all(Array.from({ length: atOnce }, one));
}
