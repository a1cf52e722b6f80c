// Telegram, as the contract needs to know it: its webhooks, and what people see of its messages.
import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import type { TestContext } from 'node:test';
import { TelegramServer } from 'telegram-test-api/lib/telegramServer.js';
import { telegram } from '../../channels/telegram.ts';
import type { PrivateWay } from '../../domain/channel.ts';
import { type Call, startRelay } from '../support/relay.ts';
import { telegramWebhook } from '../support/webhooks.ts';
import { type ChannelFixture, type Said, type Seen, type Stage } from './fixture.ts';

const SECRET = 'webhook_secret-0123456789';
const TOKEN = '110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw';
export const settings = {
  TELEGRAM_WEBHOOK_SECRET: SECRET,
  TELEGRAM_BOT_NAME: 'countersign_bot',
  TELEGRAM_AGENT: 'support-desk',
  TELEGRAM_BOT_TOKEN: TOKEN,
};

export const people = ['4711', '4712'] as const;
export const BOT = { id: 110_201_543, is_bot: true, first_name: 'Countersign', username: 'countersign_bot' };
const userOf = ({ from = people[0], displayName = 'finn' }: Said) => ({
  id: Number(from),
  is_bot: false,
  first_name: displayName,
  username: displayName,
});
const chatOf = (said: Said) => ({ id: userOf(said).id, type: 'private', first_name: 'Finn' });
export const GROUP = { id: -1_001_234_567_890, type: 'supergroup', title: 'Finance' };

export const message = (said: Said, change: object = {}) => ({
  message_id: 100 + (said.event ?? 1),
  from: userOf(said),
  chat: chatOf(said),
  date: 1_800_000_000,
  text: said.text ?? 'hello',
  ...change,
});
export const update = (said: Said, body: object): string =>
  JSON.stringify({ update_id: 10_000 + (said.event ?? 1), ...body });

export function click(said: Said & { payload: string }): string {
  const on = { message_id: 99, from: BOT, chat: chatOf(said), date: 1_800_000_000, text: 'Approval needed' };
  return update(said, {
    callback_query: {
      id: `43820${said.event ?? 1}`,
      from: userOf(said),
      message: on,
      chat_instance: '1',
      data: said.payload,
    },
  });
}

/** A reply to the question as the sender would have put it. */
export function reason(said: Parameters<ChannelFixture['reason']>[0]): string {
  const asked = `refund order 1042\nWhy deny it? Reply to this message.\nref ${said.payload} ${said.way['mark'] ?? ''}`;
  const to = { message_id: 98, from: BOT, chat: chatOf(said), date: 1_800_000_000, text: asked };
  return update(said, { message: message({ ...said, event: 7 }, { reply_to_message: to }) });
}

export const sign = (body: string) => telegramWebhook(SECRET, body);
export const entity = (type: string, length: number) => ({ entities: [{ type, offset: 0, length }] });

export const telegramFixture: ChannelFixture = {
  definition: telegram,
  settings,
  secrets: ['TELEGRAM_WEBHOOK_SECRET', 'TELEGRAM_BOT_TOKEN'],
  token: TOKEN,
  people,
  sign,
  forgeries: (body) => ({
    'another secret': telegramWebhook('another_secret-0123456789', body),
    'a blank secret': telegramWebhook('', body),
    'the beginning of the secret': telegramWebhook(SECRET.slice(0, -1), body),
    'more than the secret': telegramWebhook(`${SECRET}x`, body),
    'no secret': { headers: { 'content-type': 'application/json' }, rawBody: Buffer.from(body) },
    'two secrets': {
      headers: { 'x-telegram-bot-api-secret-token': [SECRET, SECRET] as unknown as string },
      rawBody: Buffer.from(body),
    },
  }),
  message: (said) => update(said, { message: message(said) }),
  click,
  reason,
  ignored: {
    'a bot’s message': update({}, { message: message({}, { from: BOT }) }),
    'an edit': update({}, { edited_message: message({}) }),
    'a join': update({}, { message: { ...message({}), text: undefined, new_chat_members: [userOf({})] } }),
    'a forwarded message': update(
      {},
      { message: message({}, { forward_origin: { type: 'user', sender_user: userOf({}) } }) },
    ),
    'an anonymous admin': update({}, { message: message({}, { sender_chat: GROUP, chat: GROUP }) }),
    'what another bot wrote for somebody': update({}, { message: message({}, { via_bot: BOT }) }),
    'a message in a group that does not mention us': update({}, { message: message({}, { chat: GROUP }) }),
    'a mention of another bot': update(
      {},
      { message: message({ text: '@other_bot hi' }, { chat: GROUP, ...entity('mention', 10) }) },
    ),
    'a post in a channel': update({}, { channel_post: message({}, { chat: { id: -1, type: 'channel' } }) }),
    'a blocked bot': update({}, { my_chat_member: { chat: chatOf({}), from: userOf({}), date: 1 } }),
  },
  elsewhere: {},
  seen,
  emulate,
  faults: {
    tooSoon: {
      status: 429,
      body: '{"ok":false,"error_code":429,"description":"Too Many Requests: retry after 7","parameters":{"retry_after":7}}',
    },
    gone: { status: 403, body: '{"ok":false,"error_code":403,"description":"Forbidden: bot was blocked by the user"}' },
    broken: { status: 401, body: '{"ok":false,"error_code":401,"description":"Unauthorized"}' },
    saying: (description) => ({ status: 404, body: JSON.stringify({ ok: false, error_code: 404, description }) }),
  },
};

interface Sent {
  readonly text: string;
  readonly parse_mode?: string;
  readonly reply_markup?: {
    readonly inline_keyboard?: readonly (readonly { text: string; callback_data: string }[])[];
  };
}

export function seen(rendered: string): Seen {
  const { text, parse_mode: mode, reply_markup: markup } = JSON.parse(rendered) as Sent;
  assert.equal(mode, 'HTML');
  const plain = (html: string) =>
    html
      .replace(/<[^>]*>/g, '')
      .replaceAll('&lt;', '<')
      .replaceAll('&gt;', '>')
      .replaceAll('&quot;', '"')
      .replaceAll('&amp;', '&');
  assert.ok(plain(text).length <= 4_096, 'Telegram takes 4,096 characters');
  assert.ok((text.match(/<\w/g) ?? []).length <= 100, 'Telegram formats 100 pieces, and shows the rest as bare text');
  const bare = text.replace(/<code>[^]*?<\/code>/g, ' ');
  for (const [tag] of bare.matchAll(/<[^>]*>/g)) assert.match(tag, /^<\/?b>$/);
  return {
    own: plain(bare),
    code: [...text.matchAll(/<code>([^]*?)<\/code>/g)].map((match) => plain(match[1] ?? '')).join('\n'),
    buttons: (markup?.inline_keyboard ?? [])
      .flat()
      .map(({ text: label, callback_data }) => ({ label, payload: callback_data })),
    // What Telegram itself would make a link, a mention, a hashtag or a command of.
    live: [
      ...plain(bare).matchAll(/@\w+|#\w+|\$[A-Z]+|(?<![\w/])\/[a-z]\w*|\w+:\/\/\S+|[\p{L}\p{N}]\.\p{L}{2,}\S*/gu),
    ].map(String),
    formatted: [...bare.matchAll(/<b>[^]*?<\/b>/g)].map(String),
    lines: plain(text).split('\n'),
    pushed: plain(text),
  };
}

export async function emulate(t: TestContext): Promise<Stage> {
  const server = new TelegramServer({ port: await freePort(), host: '127.0.0.1' });
  await server.start();
  t.after(() => server.stop());
  const relay = await startRelay(t, server.config.apiURL);
  const way: PrivateWay = { user: '4711', chat: '4711', topic: '', click: '43820', mark: 'm'.repeat(22) };
  return {
    sender: telegram.sender({ ...settings, TELEGRAM_API_URL: `${relay.url}/` }),
    person: '4711',
    group: '-1001234567890',
    calls: relay.calls,
    failures: relay.failures,
    way: async () => way,
    standing: async (to) =>
      server.storage.botMessages
        .filter(({ message: one }) => String(one.chat_id) === to)
        .map(({ message: one }) => seen(JSON.stringify(one))),
    told: () => relay.calls.filter(saysSomething).map(({ params }) => params['text'] ?? ''),
  };
}

const saysSomething = ({ params }: Call): boolean => params['text'] !== undefined;

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}
