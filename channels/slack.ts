// Slack, by its Events and Web APIs. Receiving: the signature (HMAC-SHA256 over the raw body, at most five minutes old),
// then mentions, direct messages, buttons and forms of our own workspace and app; all else is ignored. Sending: as
// slack-blocks.ts writes it. May import domain, the channels' own files and the light parts of the Slack adapter.
import { isUtf8 } from 'node:buffer';
import * as web from '@chat-adapter/slack/api';
import { unescapeSlackText } from '@chat-adapter/slack/format';
import { verifySlackSignature } from '@chat-adapter/slack/webhook';
import { z } from 'zod';
import type { ChannelLimits, ChannelReceiver, ChannelSending, Received } from '../domain/channel.ts';
import { createCall, createFaulty, tooSoon } from './calling.ts';
import type { ChannelDefinition, ChannelSettings } from './definition.ts';
import { agentSetting, ChannelFault, setting, settingOf, urlSetting, WebhookRefused } from './definition.ts';
import { readPayload } from './payload.ts';
import { type Block, formFor, shownAs, textMessage } from './slack-blocks.ts';
import { faultOf, isInTime, known } from './slack-faults.ts';

// 5 minutes, either way, as Slack documents it: what was recorded cannot be sent again later.
const MAX_SKEW_S = 300;
// Some two screens, in values of which one fits into a section, unless most of it is escaped: then the card is short.
// 5 asks of some six blocks; 21 sections of text.
const LIMITS: ChannelLimits = { valueChars: 500, fields: 30, totalChars: 8_000, asksPerMessage: 5, textChars: 12_000 };
const TOKEN = /^xox[a-z]-[A-Za-z0-9-]{8,250}$/;
const SECRET = { secret: true } as const;
const PRESS_AGAIN = 'This took too long, and nothing was counted. Press the button again.';

export const slack: ChannelDefinition = {
  name: 'slack',
  settings: [
    setting('api', 'SLACK_SIGNING_SECRET', /^[!-~]{16,128}$/, 'be the app’s Signing Secret', 'signs webhooks', SECRET),
    setting('api', 'SLACK_TEAM_ID', /^T[A-Z0-9]{2,31}$/, 'be an id such as T024BE7LD', 'the workspace listened to'),
    setting('api', 'SLACK_APP_ID', /^A[A-Z0-9]{2,31}$/, 'be an id such as A0123ABCD', 'the app listened to'),
    agentSetting('SLACK_AGENT'),
    setting('actor', 'SLACK_BOT_TOKEN', TOKEN, 'be a Bot User OAuth Token (xoxb-…)', 'posts replies and cards', SECRET),
    urlSetting('SLACK_API_URL', 'https://slack.com/api/'),
  ],
  receiver: (settings) => createReceiver(settings),
  sender: (settings) => createSender(settings),
};

const Absent = z.never().optional();
const Id = z.string().regex(/^[A-Z0-9]{2,32}$/);
const Ts = z.string().regex(/^\d{1,12}\.\d{1,9}$/);
// 3,000 characters are what Slack takes in any form; what ours takes is fewer, counted in Slack's way.
const Reason = z.string().max(3_000);
const Person = z.object({ id: Id, team_id: Id.optional(), username: z.string().optional() });
const Ours = z.object({ team: z.object({ id: Id }), api_app_id: Id, user: Person });

// With a file, from a thread to the whole channel, or as what its writer does.
const SPOKEN = ['file_share', 'thread_broadcast', 'me_message'] as const;

const Challenge = z.object({ type: z.literal('url_verification'), challenge: z.string().max(1_000) });
const Event = z.object({
  ...{ type: z.literal('event_callback'), team_id: Id, api_app_id: Id },
  // Our own bot, as it is called there.
  authorizations: z.array(z.object({ user_id: Id.optional() })).default([]),
  event: z.object({
    ...{ type: z.enum(['app_mention', 'message']), channel: Id, channel_type: z.string().optional() },
    ...{ text: z.string(), ts: Ts, thread_ts: Ts.optional() },
    // In a channel that is shared with other workspaces, `team` is not always ours.
    ...{ user: Id, team: Id.optional() },
    // Set by bots, edits, joins and the like; of what a person writes, only of these.
    ...{ bot_id: Absent, edited: Absent, subtype: z.enum(SPOKEN).optional() },
    files: z.array(z.unknown()).default([]),
  }),
});
const Clicked = Ours.extend({
  type: z.literal('block_actions'),
  trigger_id: z.string().min(1).max(300),
  channel: z.object({ id: Id }),
  container: z.object({ message_ts: Ts }),
  actions: z.array(z.object({ value: z.string().max(64), action_ts: Ts })).length(1),
});
const Submitted = Ours.extend({
  type: z.literal('view_submission'),
  view: z.object({
    ...{ id: Id, callback_id: z.literal('reason'), private_metadata: z.string().max(128) },
    state: z.object({ values: z.object({ reason: z.object({ reason: z.object({ value: Reason }) }) }) }),
  }),
});
const Webhook = z.discriminatedUnion('type', [Challenge, Event, Clicked, Submitted]);

function createReceiver(settings: ChannelSettings): ChannelReceiver {
  const signingSecret = settingOf(settings, 'SLACK_SIGNING_SECRET');
  const [team, app] = [settingOf(settings, 'SLACK_TEAM_ID'), settingOf(settings, 'SLACK_APP_ID')];
  return {
    name: slack.name,
    agent: settingOf(settings, 'SLACK_AGENT'),
    async receive({ headers, rawBody, nowMs }) {
      // Of valid UTF-8 the text has the same bytes again, so that what is verified is what came.
      if (!isUtf8(rawBody)) throw new WebhookRefused('the body is not UTF-8');
      const body = Buffer.from(rawBody).toString('utf8');
      const how = { signingSecret, maxSkewSeconds: MAX_SKEW_S, now: () => nowMs };
      await verifySlackSignature(body, headers, how).catch(() => {
        throw new WebhookRefused('the signature does not hold');
      });
      const parsed = Webhook.safeParse(payloadOf(body));
      if (!parsed.success) return { kind: 'ignored', why: 'nothing that is for us' };
      const webhook = parsed.data;
      if (webhook.type === 'url_verification') return { kind: 'answer', text: webhook.challenge };
      const from = webhook.type === 'event_callback' ? webhook.team_id : webhook.team.id;
      if (from !== team || webhook.api_app_id !== app) throw new WebhookRefused('it is of another workspace or app');
      return receivedOf(webhook);
    },
  };
}

/** Events come as JSON, interactions as JSON in a form. */
function payloadOf(body: string): unknown {
  try {
    return JSON.parse(body.startsWith('payload=') ? (new URLSearchParams(body).get('payload') ?? '') : body);
  } catch {
    return undefined;
  }
}

function receivedOf(webhook: Exclude<z.output<typeof Webhook>, { type: 'url_verification' }>): Received {
  switch (webhook.type) {
    case 'event_callback':
      return messageOf(webhook);
    case 'block_actions': {
      const { user, team, channel, container, trigger_id: trigger, actions } = webhook;
      const payload = readPayload(actions[0]?.value ?? '');
      if (payload === undefined) return { kind: 'ignored', why: 'a button that is not ours' };
      const eventId = [user.id, container.message_ts, actions[0]?.action_ts, actions[0]?.value].join('/');
      const way = { channel: channel.id, user: user.id, trigger };
      const at = { to: channel.id, id: container.message_ts };
      return { kind: 'click', eventId, sender: personOf(user, team.id), way, at, ...payload };
    }
    case 'view_submission': {
      const { user, team, view } = webhook;
      const [written = '', channel = ''] = view.private_metadata.split(' ');
      const payload = readPayload(written);
      if (payload === undefined || payload.answer === 'view')
        return { kind: 'ignored', why: 'a form that is not ours' };
      const { answer, handle } = payload;
      const said = { answer, handle, text: view.state.values.reason.reason.value };
      const way = { channel, user: user.id };
      return { kind: 'reason', eventId: view.id, sender: personOf(user, team.id), way, ...said };
    }
    default:
      return webhook satisfies never;
  }
}

function messageOf({ team_id: ours, authorizations, event }: z.output<typeof Event>): Received {
  const { type, channel, channel_type: of, user, team = ours, ts, thread_ts: thread, files } = event;
  // Slack sends no mention there; should it do so, it is said at the same place.
  const isDirect = type === 'message' ? of === 'im' : channel.startsWith('D');
  if (type === 'message' && !isDirect) return { kind: 'ignored', why: 'a message that is not to us' };
  const [mention = '', first = ''] = /^\s*<@([A-Z0-9]+)>/.exec(event.text) ?? [];
  const isUs = authorizations.some(({ user_id: id }) => id === first);
  const text = plainOf(isUs ? event.text.slice(mention.length) : event.text).trim();
  const common = {
    // Not the event's own id: the same message is one, as whatever it comes.
    eventId: `${channel}/${ts}`,
    sender: personOf({ id: user, team_id: team }, ours),
    way: { channel, user },
  };
  if (text === '' && files.length > 0) return { ...common, kind: 'wordless' };
  if (text === '') return { kind: 'ignored', why: 'it says nothing' };
  // A direct message is one conversation, unless somebody opens a thread in it; elsewhere each mention opens its thread.
  const address = { to: channel, thread: thread ?? (isDirect ? '' : ts) };
  return { ...common, kind: 'message', address, text };
}

const personOf = ({ id, team_id: team, username }: z.output<typeof Person>, ours: string) => ({
  id: `${team ?? ours}/${id}`,
  name: username ?? '',
});

/** Slack's own markup as what the writer saw: where a link leads stands beside its words. */
function plainOf(text: string): string {
  const named = text.replace(/<([@#!]?)([^<>|]{1,2000})(?:\|([^<>]{0,2000}))?>/g, (_all, mark, what, label = '') =>
    mark === ''
      ? label === '' || label === what
        ? what
        : `${label} (${what})`
      : `${mark}${label === '' ? what : label}`,
  );
  return unescapeSlackText(named);
}

function createSender(settings: ChannelSettings): ChannelSending {
  const call = createCall('Slack');
  const token = settingOf(settings, 'SLACK_BOT_TOKEN');
  const told = createFaulty('Slack', token, known);
  const fetch: typeof globalThis.fetch = async (input, init) => {
    const response = await call(input, init);
    if (response.status === 429) throw tooSoon('Slack', response.headers.get('retry-after'));
    return response;
  };
  const apiUrl = settings['SLACK_API_URL'];
  const api = { token, fetch, ...(apiUrl === undefined ? {} : { apiUrl }) };
  const quiet = { ...api, unfurlLinks: false, unfurlMedia: false };
  const read = (rendered: string) => JSON.parse(rendered) as { readonly text: string; readonly blocks: Block[] };

  /** A person is written to in the direct message with the bot. */
  const channelOf = async (to: string): Promise<string> => {
    if (!/^[UW]/.test(to)) return to;
    const opened = await web.callSlackApi('conversations.open', { users: to }, api);
    const id = Id.safeParse((opened['channel'] as { readonly id?: unknown } | undefined)?.id).data;
    if (!opened.ok || id === undefined) throw faultOf('conversations.open', opened.error ?? 'no channel');
    return id;
  };

  return {
    name: slack.name,
    limits: LIMITS,
    place: (directoryId) => ({ to: directoryId.slice(directoryId.lastIndexOf('/') + 1), thread: '' }),
    render: (message) => JSON.stringify(shownAs(message)),
    post: ({ to, thread }, message) =>
      told(async () => {
        const channel = await channelOf(to);
        const inThread = thread === '' ? {} : { thread_ts: thread };
        // Without `mrkdwn` what is pushed is the very text: with it, an asterisk of somebody's would be markup.
        const asItIs = { mrkdwn: false, unfurl_links: false, unfurl_media: false };
        const body = { ...read(message), channel, ...inThread, ...asItIs };
        const posted = await web.callSlackApi('chat.postMessage', body, api);
        web.assertSlackOk('chat.postMessage', posted);
        const id = Ts.safeParse(posted['ts']).data;
        if (id === undefined) throw new ChannelFault('unavailable', 'Slack does not name the message that it sent');
        return { to: channel, id };
      }),
    edit: ({ to, id }, message) =>
      told(async () => void (await web.updateSlackMessage({ ...quiet, ...read(message), channel: to, ts: id }))),
    tell: (way, note) =>
      told(async () => {
        const { channel = '', user = '', trigger = '' } = way;
        const say = async (...words: Parameters<typeof textMessage>) =>
          void (await web.postSlackEphemeral({ ...quiet, ...textMessage(...words), channel, user }));
        if (note.kind === 'text') return say(note.text, note.link);
        const open = () => web.openSlackView({ ...api, triggerId: trigger, view: formFor(note, channel) });
        if (!(await isInTime(open))) await say(PRESS_AGAIN);
      }),
  };
}
