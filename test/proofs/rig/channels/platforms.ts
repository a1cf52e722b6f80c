// Webhooks as Slack and Telegram send them, written from their documentation and signed by code of the tests: nothing of
// the channels' own code is used. Pure.
import { createHash } from 'node:crypto';
import { slackSignature, slackWebhook, telegramWebhook, type Webhook } from '../../../support/webhooks.ts';
import { PEOPLE, WORKSPACE } from '../../agents/petitioner/people.ts';
import { CASHIERS, CUSTOMER } from '../../agents/prover/people.ts';

const EVERYBODY = { ...PEOPLE, ...CASHIERS, ada: CUSTOMER } as const;
type EverybodyId = keyof typeof EVERYBODY;

export const SLACK = {
  secret: '8f742231b10e8888abcd99yyyzzz85a5',
  app: 'A0KRD7HC3',
  token: 'xoxb-0000-proof-of-approvals',
} as const;
/** A channel that the emulator has. */
const CHANNEL = 'C000000001';
export const TELEGRAM = {
  secret: 'webhook_secret-of-the-proofs',
  bot: 'countersign_bot',
  token: '110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw',
} as const;

/** What a role finds in its environment, so that both channels are open, and lead to the agent. */
export const settingsOf = (
  role: string,
  urls: { readonly slack: string; readonly telegram: string },
  agent: string,
): NodeJS.ProcessEnv => {
  if (role === 'api')
    return {
      ...{ SLACK_SIGNING_SECRET: SLACK.secret, SLACK_TEAM_ID: WORKSPACE, SLACK_APP_ID: SLACK.app },
      ...{ TELEGRAM_WEBHOOK_SECRET: TELEGRAM.secret, TELEGRAM_BOT_NAME: TELEGRAM.bot },
      ...{ SLACK_AGENT: agent, TELEGRAM_AGENT: agent },
    };
  if (role !== 'actor') return {};
  return {
    ...{ SLACK_BOT_TOKEN: SLACK.token, SLACK_API_URL: `${urls.slack}/api/` },
    ...{ TELEGRAM_BOT_TOKEN: TELEGRAM.token, TELEGRAM_API_URL: `${urls.telegram}/` },
  };
};

/** The example of Slack's documentation, by which the code that signs is checked itself. */
export function signsAsDocumented(): boolean {
  const body =
    'token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar' +
    '&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com' +
    '%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c';
  const due = 'v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503';
  return slackSignature('8f742231b10e8888abcd99yyyzzz85a5', '1531420618', body) === due;
}

/** As the documentation says what a button names: one approval, and the digest of what it is about. */
export const handleOf = ({ id, digest }: { readonly id: string; readonly digest: string }): string =>
  createHash('sha256').update(`countersign/approval/1\n${id}\n${digest}`).digest('base64url').slice(0, 22);

/** What the button for an answer carries: `handle` is the approval's, what follows is of digest and answer. */
export function pressed(answer: string, handle: string, digest: string): string {
  const ofAnswer = JSON.stringify(['countersign/button/1', handle, digest, answer]);
  return `${answer}.${handle}${createHash('sha256').update(ofAnswer).digest('base64url').slice(0, 11)}`;
}

/** One event: who, and which. The same number is the same event. */
export interface Told {
  readonly by: EverybodyId;
  readonly event: number;
  /** What a button carries. */
  readonly payload: string;
  /** Parts of the platform's words that are to be otherwise. */
  readonly change?: object;
}

/** The thread that a mention opens: where its conversation is. */
export const slackThreadOf = (event: number): string => `1800000000.${pad(event)}`;

export function slackMention({ by, event }: Omit<Told, 'payload'>, text: string): string {
  const [ts, user] = [slackThreadOf(event), EVERYBODY[by].slack];
  const said = {
    type: 'app_mention',
    user,
    team: WORKSPACE,
    text: `<@U0BOT> ${text}`,
    ts,
    channel: CHANNEL,
    event_ts: ts,
  };
  return JSON.stringify({
    token: 'verification',
    team_id: WORKSPACE,
    api_app_id: SLACK.app,
    type: 'event_callback',
    event_id: `Ev0EVENT${event}`,
    event_time: 1_800_000_000,
    authorizations: [{ team_id: WORKSPACE, user_id: 'U0BOT', is_bot: true }],
    event: said,
  });
}

/** Where one event is answered: a channel of its own, so that what its sender is told can be told from all else. */
export const slackWayOf = (event: number): string => `C0EVENT${event}`;

const inForm = (payload: object): string => `payload=${encodeURIComponent(JSON.stringify(payload))}`;

export function slackClick({ by, event, payload, change = {} }: Told): string {
  const { slack: id, name } = EVERYBODY[by];
  return inForm({
    type: 'block_actions',
    user: { id, username: name, name, team_id: WORKSPACE },
    api_app_id: SLACK.app,
    token: 'verification',
    container: { type: 'message', message_ts: '1800000000.000099', channel_id: slackWayOf(event), is_ephemeral: false },
    trigger_id: `12466734323.1395872398.${event}`,
    team: { id: WORKSPACE, domain: 'desk' },
    channel: { id: slackWayOf(event), name: 'desk' },
    message: { type: 'message', ts: '1800000000.000099', text: 'Approval needed' },
    response_url: 'https://hooks.slack.com/actions/x',
    actions: [{ action_id: 'x', block_id: 'b', value: payload, type: 'button', action_ts: `1800000000.${pad(event)}` }],
    ...change,
  });
}

/** The form in which somebody says why. */
export function slackReason({ by, event, payload, change = {} }: Told, text: string): string {
  const { slack: id, name } = EVERYBODY[by];
  return inForm({
    type: 'view_submission',
    team: { id: WORKSPACE, domain: 'desk' },
    user: { id, username: name, team_id: WORKSPACE },
    api_app_id: SLACK.app,
    view: {
      id: `V0EVENT${event}`,
      type: 'modal',
      callback_id: 'reason',
      private_metadata: `${payload} ${slackWayOf(event)}`,
      state: { values: { reason: { reason: { type: 'plain_text_input', value: text } } } },
    },
    ...change,
  });
}

const BOT = { id: 110_201_543, is_bot: true, first_name: 'Countersign', username: TELEGRAM.bot };
const userOf = (by: EverybodyId) => {
  const { telegram, name } = EVERYBODY[by];
  return { id: Number(telegram), is_bot: false, first_name: name, username: by };
};
const chatOf = (by: EverybodyId) => ({ id: userOf(by).id, type: 'private', first_name: by });

export const telegramClickId = (event: number): string => `4382${event}`;

export function telegramClick({ by, event, payload, change = {} }: Told): string {
  const message = { message_id: 99, from: BOT, chat: chatOf(by), date: 1_800_000_000, text: 'Approval needed' };
  const query = { id: telegramClickId(event), from: userOf(by), message, chat_instance: '1', data: payload };
  return JSON.stringify({ update_id: 10_000 + event, callback_query: { ...query, ...change } });
}

/** For a click: the message that has the button, as it was called when it was posted there ("<chat> <message>"). */
export function telegramOn(place: string): { readonly message: object } {
  const [chat, message] = place.split(' ').map(Number);
  const where = { id: chat, type: 'supergroup', title: 'finance' };
  return { message: { message_id: message, from: BOT, chat: where, date: 1_800_000_000, text: 'Approval needed' } };
}

/** A reply to the question why, as the bot has put it. */
export function telegramReason({ by, event, change = {} }: Omit<Told, 'payload'>, asked: string, text: string): string {
  const to = { message_id: 98, from: BOT, chat: chatOf(by), date: 1_800_000_000, text: asked };
  const message = { message_id: 100 + event, from: userOf(by), chat: chatOf(by), date: 1_800_000_000, text };
  return JSON.stringify({ update_id: 10_000 + event, message: { ...message, reply_to_message: to, ...change } });
}

const pad = (event: number): string => String(event).padStart(6, '0');

export const signSlack = (body: string, nowMs = Date.now()): Webhook => slackWebhook(SLACK.secret, body, nowMs);
export const signTelegram = (body: string): Webhook => telegramWebhook(TELEGRAM.secret, body);
