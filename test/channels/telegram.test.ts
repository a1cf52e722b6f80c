import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { type TestContext, test } from 'node:test';
import { TelegramServer } from 'telegram-test-api/lib/telegramServer.js';
import { telegram } from '../../channels/telegram.ts';
import type { PrivateWay } from '../../domain/channel.ts';
import { type Call, startRelay } from '../support/relay.ts';
import { telegramWebhook } from '../support/webhooks.ts';
import { aCard, anAsk, payloadOf, shown } from './cards.ts';
import { channelContract } from './contract.ts';
import { type ChannelFixture, NOW_MS, type Said, type Seen, type Stage } from './fixture.ts';

const SECRET = 'webhook_secret-0123456789';
const TOKEN = '110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw';
const settings = {
  TELEGRAM_WEBHOOK_SECRET: SECRET,
  TELEGRAM_BOT_NAME: 'countersign_bot',
  TELEGRAM_AGENT: 'support-desk',
  TELEGRAM_BOT_TOKEN: TOKEN,
};

const people = ['4711', '4712'] as const;
const BOT = { id: 110_201_543, is_bot: true, first_name: 'Countersign', username: 'countersign_bot' };
const userOf = ({ from = people[0], displayName = 'finn' }: Said) => ({
  id: Number(from),
  is_bot: false,
  first_name: displayName,
  username: displayName,
});
const chatOf = (said: Said) => ({ id: userOf(said).id, type: 'private', first_name: 'Finn' });
const GROUP = { id: -1_001_234_567_890, type: 'supergroup', title: 'Finance' };

const message = (said: Said, change: object = {}) => ({
  message_id: 100 + (said.event ?? 1),
  from: userOf(said),
  chat: chatOf(said),
  date: 1_800_000_000,
  text: said.text ?? 'hello',
  ...change,
});
const update = (said: Said, body: object): string => JSON.stringify({ update_id: 10_000 + (said.event ?? 1), ...body });

function click(said: Said & { payload: string }): string {
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
function reason(said: Parameters<ChannelFixture['reason']>[0]): string {
  const asked = `refund order 1042\nWhy deny it? Reply to this message.\nref ${said.payload} ${said.way['mark'] ?? ''}`;
  const to = { message_id: 98, from: BOT, chat: chatOf(said), date: 1_800_000_000, text: asked };
  return update(said, { message: message({ ...said, event: 7 }, { reply_to_message: to }) });
}

const sign = (body: string) => telegramWebhook(SECRET, body);
const entity = (type: string, length: number) => ({ entities: [{ type, offset: 0, length }] });

const fixture: ChannelFixture = {
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

function seen(rendered: string): Seen {
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
    live: [...plain(bare).matchAll(/@\w+|#\w+|\$[A-Z]+|(?<![\w/])\/[a-z]\w*|\w+:\/\/\S+|\w\.\w{2,}\S*/g)].map(String),
  };
}

async function emulate(t: TestContext): Promise<Stage> {
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

channelContract(fixture);

const hear = (body: string) => telegram.receiver(settings).receive({ ...sign(body), nowMs: NOW_MS });

test('in a group the bot is spoken to by its name, by a command to it, or by a reply to it', async () => {
  const inGroup = (text: string, change: object) =>
    hear(update({}, { message: message({ text }, { chat: GROUP, ...change }) }));
  const heard = [
    await inGroup('@Countersign_Bot where is 1042?', entity('mention', 16)),
    await inGroup('/ask@countersign_bot where is 1042?', entity('bot_command', 20)),
    await inGroup('where is 1042?', { reply_to_message: { from: BOT, text: 'Hello.' } }),
  ];
  assert.deepEqual(
    heard.map((one) => (one.kind === 'message' ? one.text : one)),
    ['where is 1042?', '/ask where is 1042?', 'where is 1042?'],
  );
  const stranger = { from: { ...BOT, username: 'other_bot' }, text: 'Hello.' };
  assert.equal((await inGroup('where is 1042?', { reply_to_message: stranger })).kind, 'ignored');
});

test('words that come with a file are heard; a file alone is answered', async () => {
  const file = { text: undefined, photo: [{ file_id: 'x' }] };
  const sent = (change: object) => hear(update({}, { message: message({}, { ...file, ...change }) }));
  const heard = await sent({ caption: 'the invoice of 1042' });
  assert.equal(heard.kind === 'message' && heard.text, 'the invoice of 1042');
  assert.equal((await sent({})).kind, 'wordless');
  const inGroup = { chat: GROUP, caption: '@countersign_bot the invoice' };
  assert.equal((await sent({ ...inGroup, caption_entities: entity('mention', 16).entities })).kind, 'message');
  for (const change of [{ chat: GROUP }, inGroup]) assert.equal((await sent(change)).kind, 'ignored');
});

test('a topic of a group is a place of its own', async () => {
  const place = async (change: object) => {
    const heard = await hear(
      update(
        {},
        { message: message({ text: '@countersign_bot x' }, { chat: GROUP, ...entity('mention', 16), ...change }) },
      ),
    );
    return heard.kind === 'message' ? heard.address : heard;
  };
  assert.deepEqual(await place({}), { to: '-1001234567890', thread: '' });
  assert.deepEqual(await place({ message_thread_id: 5, is_topic_message: true }), {
    to: '-1001234567890',
    thread: '5',
  });
  // Outside of topics Telegram numbers chains of replies so, too.
  assert.deepEqual(await place({ message_thread_id: 5 }), { to: '-1001234567890', thread: '' });
});

test('a reason counts only from the one who was asked, and only for what was asked', async () => {
  const clicked = await hear(click({ payload: payloadOf('deny'), from: people[0] }));
  const way = clicked.kind === 'click' ? clicked.way : {};
  const payload = payloadOf('deny');
  const kinds = await Promise.all(
    [
      { payload, way, from: people[0] },
      { payload, way, from: people[1] },
      { payload: payloadOf('approve'), way, from: people[0] },
      { payload: `deny.${'x'.repeat(33)}`, way, from: people[0] },
      { payload, way: { ...way, mark: 'm'.repeat(22) }, from: people[0] },
    ].map(async (said) => (await hear(reason({ ...said, text: 'no' }))).kind),
  );
  assert.deepEqual(kinds, ['reason', 'ignored', 'ignored', 'ignored', 'ignored']);
});

test('a card that stands as it should already is no error', async (t) => {
  const { sender, failures } = await emulate(t);
  const description = 'Bad Request: message is not modified: specified new message content is the same';
  failures.push({ status: 400, body: JSON.stringify({ ok: false, error_code: 400, description }) });
  await sender.edit({ to: '4711', id: '1' }, sender.render({ kind: 'text', text: 'x' }));
});

test('what has more pieces than Telegram formats is shown short, and cannot be approved there', () => {
  const fields = Array.from({ length: 25 }, (_, at) => ({
    ...{ name: `f${at}`, value: shown(`*Approved* t.me/${at}`), from: null, isCritical: false },
  }));
  const evidence = { asOfMs: 1_800_000_000_000, ageMs: 5, version: 'v7', fields, hiddenFields: 0 };
  const { own, live, buttons } = seen(
    telegram.sender(settings).render({ kind: 'card', card: aCard(anAsk({ fields, evidence })) }),
  );
  assert.match(own, /Not all of it can be shown here/);
  assert.deepEqual([live, buttons.map(({ label }) => label)], [[], ['Deny', 'See everything']]);
});

test('of a text with more live words than Telegram formats none is live', () => {
  const text = Array.from({ length: 300 }, (_, at) => `see t.me/${at}`).join(' ');
  const { code, live } = seen(telegram.sender(settings).render({ kind: 'text', text }));
  assert.deepEqual([live, code], [[], text]);
});

test('a click is answered where it was made; what is too long for that comes in the chat with the bot', async (t) => {
  const { sender, calls, way } = await emulate(t);
  await sender.tell(await way(), { kind: 'text', text: 'counted' });
  await sender.tell(await way(), { kind: 'text', text: 'x'.repeat(201) });
  assert.deepEqual(
    calls.map(({ method }) => method),
    ['answerCallbackQuery', 'answerCallbackQuery', 'sendMessage'],
  );
});

test('a click that is too old to be answered is answered with a message', async (t) => {
  const { sender, calls, failures, way } = await emulate(t);
  const description = 'Bad Request: query is too old and response timeout expired or query ID is invalid';
  const body = JSON.stringify({ ok: false, error_code: 400, description });
  for (const note of [
    { kind: 'text', text: 'counted' },
    { kind: 'text', text: 'all of it', link: { url: 'https://desk.example/v', label: 'See everything' } },
    { kind: 'reason', answer: 'deny', handle: payloadOf('deny').split('.')[1] ?? '', about: 'refund' },
  ] as const) {
    const before = calls.length;
    failures.push({ status: 400, body });
    await sender.tell(await way(), note);
    const called = calls.slice(before).map(({ method }) => method);
    assert.deepEqual(called, ['answerCallbackQuery', 'sendMessage']);
  }
});
