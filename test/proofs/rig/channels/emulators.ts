// The emulators of both platforms, with a relay before each that remembers all that the actor said and what it was
// answered. What is meant for one person alone the relay takes itself: the emulators know none of our people.
import { once } from 'node:events';
import { createServer } from 'node:http';
import { createEmulator } from 'emulate';
import { TelegramServer } from 'telegram-test-api/lib/telegramServer.js';
import { paramsOf } from '../../../support/relay.ts';
import { freePort } from '../../support.ts';
import { SLACK } from './platforms.ts';

/** One call of the actor. */
export interface Call {
  readonly method: string;
  readonly params: Readonly<Record<string, string>>;
  /** What the platform answered: the message as it stands there, for one. */
  readonly answer: unknown;
}

export interface Emulators {
  readonly urls: { readonly slack: string; readonly telegram: string };
  readonly calls: { readonly slack: readonly Call[]; readonly telegram: readonly Call[] };
  stop(): Promise<void>;
}

// 2 h: the emulator forgets what is older, and edits of it would fail.
const KEPT_S = 7_200;
/** What one person is told alone. */
const PRIVATE: Readonly<Record<string, unknown>> = {
  'chat.postEphemeral': { ok: true, message_ts: '1800000000.000001' },
  'views.open': { ok: true, view: { id: 'V0' } },
  answerCallbackQuery: { ok: true, result: true },
};

export async function startEmulators(): Promise<Emulators> {
  const seed = {
    slack: { users: [{ name: 'bot' }], tokens: [{ token: SLACK.token, user: 'bot', app_id: SLACK.app }] },
  };
  const slack = await createEmulator({ service: 'slack', port: 0, seed });
  const telegram = new TelegramServer({ port: await freePort(), host: '127.0.0.1', storeTimeout: KEPT_S });
  await telegram.start();
  const relays = [await startRelay(slack.url), await startRelay(telegram.config.apiURL)] as const;
  return {
    urls: { slack: relays[0].url, telegram: relays[1].url },
    calls: { slack: relays[0].calls, telegram: relays[1].calls },
    async stop() {
      for (const relay of relays) relay.stop();
      await slack.close();
      await telegram.stop();
    },
  };
}

async function startRelay(target: string) {
  const calls: Call[] = [];
  const server = createServer((req, res) => {
    const chunks: Buffer[] = [];
    req.on('data', (chunk: Buffer) => chunks.push(chunk));
    req.on('error', () => res.destroy());
    req.on('end', () => {
      const body = Buffer.concat(chunks).toString('utf8');
      const method = (req.url ?? '').split('/').at(-1) ?? '';
      const { authorization = '' } = req.headers;
      const headers = { 'content-type': req.headers['content-type'] ?? '', ...(authorization && { authorization }) };
      const asked = async () =>
        PRIVATE[method] ?? (await (await fetch(target + (req.url ?? ''), { method: 'POST', headers, body })).json());
      const answered = (answer: unknown) => {
        calls.push({ method, params: paramsOf(body), answer });
        res.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
      };
      asked().then(answered, () => res.writeHead(502).end());
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the system gave no port');
  return {
    url: `http://127.0.0.1:${address.port}`,
    calls,
    stop() {
      server.closeAllConnections();
      server.close();
    },
  };
}
