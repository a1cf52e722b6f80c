// Telegram, by its Bot API. Receiving: the secret token of the webhook, then messages to the bot, its buttons, and replies
// to its questions for a reason; all else is ignored. Sending: as telegram-html.ts writes it. The Telegram adapter of the
// Chat SDK has no part that works without its runtime, so the Bot API is spoken here. May import domain and the channels'
// own files.
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import type { ChannelLimits, ChannelReceiver, ChannelSending, Received } from '../domain/channel.ts';
import { createCall, createFaulty, tooSoon } from './calling.ts';
import type { ChannelDefinition, ChannelSettings } from './definition.ts';
import { agentSetting, ChannelFault, isTaken, setting, settingOf, urlSetting, WebhookRefused } from './definition.ts';
import { readPayload } from './payload.ts';
import { mentioning, type Params, questionFor, shownAs, textMessage, type TextNote } from './telegram-html.ts';

const API = 'https://api.telegram.org/';
// 200 characters are Telegram's, in the answer to a click.
const ALERT_CHARS = 200;
const WRITE_FIRST =
  'Telegram lets me write to you alone only once you have written to me. Open my chat, say anything there, and do this again.';
// What is around the values of three asks takes the rest of the 4,096. A fourth would leave none of them room to be whole.
const LIMITS: ChannelLimits = { valueChars: 500, fields: 25, totalChars: 2_800, asksPerMessage: 3, textChars: 4_000 };
// 22 characters, 128 bits: nobody guesses one, and a message stays readable.
const MARK_CHARS = 22;
const SECRET = { secret: true } as const;
const WEBHOOK_SECRET = /^[A-Za-z0-9_-]{16,256}$/;
const TOKEN = /^\d{3,20}:[A-Za-z0-9_-]{8,128}$/;

export const telegram: ChannelDefinition = {
  name: 'telegram',
  settings: [
    setting(
      'api',
      'TELEGRAM_WEBHOOK_SECRET',
      WEBHOOK_SECRET,
      'be 16 to 256 of A-Z a-z 0-9 _ -',
      'the secret_token of setWebhook',
      SECRET,
    ),
    setting(
      'api',
      'TELEGRAM_BOT_NAME',
      /^[A-Za-z0-9_]{3,64}$/,
      'be the bot’s username, without @',
      'whom groups mention',
    ),
    agentSetting('TELEGRAM_AGENT'),
    setting(
      'actor',
      'TELEGRAM_BOT_TOKEN',
      TOKEN,
      'be the token that BotFather gave',
      'posts replies and cards',
      SECRET,
    ),
    urlSetting('TELEGRAM_API_URL', API),
  ],
  receiver: (settings) => createReceiver(settings),
  sender: (settings) => createSender(settings),
};

const Absent = z.never().optional();
const Id = z.int().refine(Number.isSafeInteger);
const Name = z.string().max(256);
const User = z.object({ id: Id, is_bot: z.literal(false), first_name: Name.optional(), username: Name.optional() });
const Chat = z.object({ id: Id, type: z.enum(['private', 'group', 'supergroup']) });
const Topic = { message_thread_id: Id.optional(), is_topic_message: z.literal(true).optional() };
const Entities = z
  .array(z.object({ type: z.string(), offset: z.int(), length: z.int() }))
  .max(500)
  .default([]);
// What comes without a text; the words to it are its caption.
const FILES = ['animation', 'audio', 'document', 'photo', 'sticker', 'video', 'video_note', 'voice'] as const;
const File = Object.fromEntries(FILES.map((name) => [name, z.unknown().optional()]));
const Message = z.object({
  ...{ message_id: Id, from: User, chat: Chat, ...Topic, ...File },
  ...{ text: z.string().optional(), caption: z.string().optional() },
  ...{ entities: Entities, caption_entities: Entities },
  reply_to_message: z
    .object({ from: z.object({ is_bot: z.boolean(), username: Name.optional() }), text: z.string().default('') })
    .optional(),
  // Of others: a forwarded message is not its sender's own words, a bot or a channel is nobody.
  ...{ forward_origin: Absent, via_bot: Absent, sender_chat: Absent },
});
const Click = z.object({
  ...{ id: z.string().min(1).max(64), from: User, data: z.string().max(64) },
  message: z.object({ message_id: Id, chat: Chat, ...Topic }),
});
const Update = z.union([z.object({ callback_query: Click }), z.object({ message: Message })]);

type MessageOf = z.output<typeof Message>;
type Way = Readonly<Record<string, string>>;

function createReceiver(settings: ChannelSettings): ChannelReceiver {
  const secret = settingOf(settings, 'TELEGRAM_WEBHOOK_SECRET');
  const us = settingOf(settings, 'TELEGRAM_BOT_NAME').toLowerCase();
  /** Ties the question for a reason to the one who was asked: whoever else replies to it says nothing. */
  const markOf = (payload: string, user: number): string =>
    createHmac('sha256', secret).update(`reason ${payload} ${user}`).digest('base64url').slice(0, MARK_CHARS);

  function clicked({ id, from, data, message: { message_id, chat, ...place } }: z.output<typeof Click>): Received {
    const payload = readPayload(data);
    if (payload === undefined) return { kind: 'ignored', why: 'a button that is not ours' };
    const way = { ...wayTo(from.id, chat, place), click: id, mark: markOf(data, from.id) };
    const at = { to: `${chat.id}`, id: `${message_id}` };
    return { kind: 'click', eventId: `click/${id}`, sender: personOf(from), way, at, ...payload };
  }

  function said(message: MessageOf): Received {
    const { message_id, from, chat, reply_to_message: to } = message;
    const text = message.text ?? message.caption ?? '';
    const common = {
      eventId: `${chat.id}/${message_id}`,
      sender: personOf(from),
      way: wayTo(from.id, chat, message),
    };
    const [, written = '', mark = ''] = /\nref (\S{1,64}) (\S{22})$/.exec(to?.text ?? '') ?? [];
    const asked = to?.from.is_bot === true ? readPayload(written) : undefined;
    if (asked !== undefined && asked.answer !== 'view') {
      const { answer, handle } = asked;
      const isTheirs = same(mark, markOf(written, from.id));
      if (isTheirs) return { ...common, kind: 'reason', answer, handle, text };
      return { kind: 'ignored', why: 'a reason from somebody whom we did not ask' };
    }
    if (!isForUs(message, us)) return { kind: 'ignored', why: 'a message that is not to us' };
    const words = text.replace(new RegExp(`@${us}\\b`, 'gi'), '').trim();
    if (words === '' && FILES.some((name) => Object.hasOwn(message, name))) return { ...common, kind: 'wordless' };
    if (words === '') return { kind: 'ignored', why: 'it says nothing' };
    return { ...common, kind: 'message', address: { to: `${chat.id}`, thread: topicOf(message) }, text: words };
  }

  return {
    name: telegram.name,
    agent: settingOf(settings, 'TELEGRAM_AGENT'),
    async receive({ headers, rawBody }) {
      const given = headers['x-telegram-bot-api-secret-token'];
      if (typeof given !== 'string' || !same(given, secret)) throw new WebhookRefused('the secret token is not ours');
      const update = Update.safeParse(jsonOf(rawBody));
      if (!update.success) return { kind: 'ignored', why: 'nothing that is for us' };
      return 'message' in update.data ? said(update.data.message) : clicked(update.data.callback_query);
    },
  };
}

/** In constant time, whatever the lengths. */
function same(one: string, other: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(one), digest(other));
}

function jsonOf(rawBody: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(rawBody).toString('utf8'));
  } catch {
    return undefined;
  }
}

type Place = Pick<MessageOf, 'message_thread_id' | 'is_topic_message'>;

const topicOf = ({ message_thread_id: id, is_topic_message: is }: Place): string =>
  is === true && id !== undefined ? `${id}` : '';

const wayTo = (user: number, chat: z.output<typeof Chat>, place: Place) => ({
  user: `${user}`,
  chat: `${chat.id}`,
  topic: topicOf(place),
});

const personOf = ({ id, username, first_name: first }: z.output<typeof User>) => ({
  id: `${id}`,
  name: username ?? first ?? '',
});

/** In a group: a mention, a command to us by name, or a reply to one of our messages. */
function isForUs({ chat, reply_to_message: to, ...message }: MessageOf, us: string): boolean {
  const { text = message.caption ?? '' } = message;
  const entities = message.text === undefined ? message.caption_entities : message.entities;
  if (chat.type === 'private') return true;
  if (to?.from.is_bot === true && to.from.username?.toLowerCase() === us) return true;
  return entities.some(({ type, offset, length }) => {
    const word = text.slice(offset, offset + length).toLowerCase();
    return (type === 'mention' && word === `@${us}`) || (type === 'bot_command' && word.endsWith(`@${us}`));
  });
}

const Answer = z.object({
  ...{ ok: z.boolean(), description: z.string().optional(), error_code: z.int().optional() },
  parameters: z.object({ retry_after: z.number().optional() }).optional(),
  result: z.unknown().optional(),
});
const Posted = z.object({ message_id: Id, chat: z.object({ id: Id }) });

function createSender(settings: ChannelSettings): ChannelSending {
  const call = createCall('Telegram');
  const token = settingOf(settings, 'TELEGRAM_BOT_TOKEN');
  const base = `${settings['TELEGRAM_API_URL'] ?? API}bot${token}/`;
  const faulty = createFaulty('Telegram', token);
  const headers = { 'content-type': 'application/json' };

  const ask = (method: string, params: Params): Promise<unknown> =>
    faulty(async () => {
      const response = await call(base + method, { method: 'POST', headers, body: JSON.stringify(params) });
      const { ok, result, ...said } = Answer.parse(await response.json());
      if (ok) return result;
      throw faultOf(method, said);
    });

  const send = async ({ to, thread }: { to: string; thread: string }, params: Params) => {
    const topic = thread === '' ? {} : { message_thread_id: Number(thread) };
    const posted = Posted.safeParse(await ask('sendMessage', { chat_id: to, ...topic, ...params }));
    if (!posted.success) throw new ChannelFault('unavailable', 'Telegram does not name the message that it sent');
    return { to: `${posted.data.chat.id}`, id: `${posted.data.message_id}` };
  };

  const answer = (id: string, alert: Params = {}): Promise<boolean> =>
    isTaken(ask('answerCallbackQuery', { callback_query_id: id, ...alert }));

  /**
   * Privately: as the answer to the click, or, where it is too long or too late for that, in the chat with the bot. To whom
   * the bot may not write is told so where they are: what is for them alone stands in no group.
   */
  async function tellText({ user = '', chat = '', topic = '', click = '' }: Way, note: TextNote): Promise<void> {
    const fits = click !== '' && note.link === undefined && note.text.length <= ALERT_CHARS;
    if (fits && (await answer(click, { text: note.text, show_alert: true }))) return;
    const refusal = await refusalOf(send({ to: user, thread: '' }, textMessage(note.text, note.link)));
    // A click that was too late for the text is too late for anything.
    const isOpen = click !== '' && !fits;
    if (refusal === undefined) {
      if (isOpen) await answer(click).catch(() => undefined); // told already: the client only waits a little longer
      return;
    }
    if (chat === user || chat === '') throw refusal;
    if (isOpen && (await answer(click, { text: WRITE_FIRST, show_alert: true }))) return;
    await send({ to: chat, thread: topic }, mentioning(user, WRITE_FIRST));
  }

  return {
    name: telegram.name,
    limits: LIMITS,
    place(directoryId) {
      const [to = '', thread = ''] = directoryId.split('/');
      return { to, thread };
    },
    render: (message) => JSON.stringify(shownAs(message)),
    post: (address, message) => send(address, JSON.parse(message) as Params),
    async edit({ to, id }, message) {
      const params = { chat_id: to, message_id: Number(id), ...(JSON.parse(message) as Params) };
      await ask('editMessageText', params).catch((error: unknown) => {
        const stands = error instanceof ChannelFault && error.message.includes('message is not modified');
        if (!stands) throw error;
      });
    },
    async tell(way, note) {
      if (note.kind === 'text') return tellText(way, note);
      const { user = '', chat = '', topic = '', click = '' } = way;
      await answer(click);
      await send({ to: chat, thread: topic }, questionFor(note, { user, mark: way['mark'] ?? '' }));
    },
  };
}

/** Undefined where it is taken; what passes by itself is thrown. */
async function refusalOf(work: Promise<unknown>): Promise<ChannelFault | undefined> {
  try {
    await work;
    return undefined;
  } catch (error) {
    if (error instanceof ChannelFault && error.kind === 'refused') return error;
    throw error;
  }
}

function faultOf(method: string, said: Omit<z.output<typeof Answer>, 'ok' | 'result'>): ChannelFault {
  const { error_code: code = 0, description = 'no reason', parameters } = said;
  if (code === 429) return tooSoon('Telegram', parameters?.retry_after);
  // 401 and 404: the token is not right, which its owner can put right.
  const kind = code === 401 || code === 404 || code >= 500 ? 'unavailable' : 'refused';
  return new ChannelFault(kind, `Telegram said to ${method}: ${description.slice(0, 200)}`);
}
