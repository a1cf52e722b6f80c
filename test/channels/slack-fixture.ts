// Slack, as the contract needs to know it: its webhooks, and what people see of its messages.
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { createEmulator } from 'emulate';
import { slack } from '../../channels/slack.ts';
import { type Call, startRelay } from '../support/relay.ts';
import { slackWebhook } from '../support/webhooks.ts';
import { type ChannelFixture, NOW_MS, type Said, type Seen, type Stage } from './fixture.ts';

export const SECRET = '8f742231b10e8888abcd99yyyzzz85a5';
const TOKEN = 'xoxb-0000-test-of-channels';
const [TEAM, APP] = ['T024BE7LD', 'A0KRD7HC3'];
export const settings = {
  SLACK_SIGNING_SECRET: SECRET,
  SLACK_TEAM_ID: TEAM,
  SLACK_APP_ID: APP,
  SLACK_AGENT: 'support-desk',
  SLACK_BOT_TOKEN: TOKEN,
};

const userOf = (id: string): string => id.split('/')[1] ?? '';
const people = [`${TEAM}/U024BE7LH`, `${TEAM}/U0G9QF9C6`] as const;
export const tsOf = (event = 1): string => `1800000000.${String(event).padStart(6, '0')}`;
const inForm = (payload: object): string => `payload=${encodeURIComponent(JSON.stringify(payload))}`;

export const envelope = (event: object, change: object = {}): string =>
  JSON.stringify({
    token: 'verification',
    team_id: TEAM,
    api_app_id: APP,
    type: 'event_callback',
    event_id: 'Ev08MFMKH6',
    event_time: 1_800_000_000,
    authorizations: [{ team_id: TEAM, user_id: 'U0BOT', is_bot: true }],
    event,
    ...change,
  });

export const mention = ({ text = 'hello', from = people[0], event }: Said) => ({
  type: 'app_mention',
  user: userOf(from),
  team: TEAM,
  text: `<@U0BOT> ${text}`,
  ts: tsOf(event),
  channel: 'C0FINANCE',
  event_ts: tsOf(event),
});

export function click(
  { payload, from = people[0], displayName = 'finn', event }: Said & { payload: string },
  change: object = {},
) {
  return inForm({
    type: 'block_actions',
    user: { id: userOf(from), username: displayName, name: displayName, team_id: TEAM },
    api_app_id: APP,
    token: 'verification',
    container: { type: 'message', message_ts: tsOf(99), channel_id: 'C0FINANCE', is_ephemeral: false },
    trigger_id: '12466734323.1395872398',
    team: { id: TEAM, domain: 'desk' },
    channel: { id: 'C0FINANCE', name: 'finance' },
    message: { type: 'message', ts: tsOf(99), text: 'Approval needed' },
    response_url: 'https://hooks.slack.com/actions/x',
    actions: [{ action_id: 'approve', block_id: 'b', value: payload, type: 'button', action_ts: tsOf(event) }],
    ...change,
  });
}

function submitted({
  payload,
  from = people[0],
  text = 'not in March',
}: Parameters<ChannelFixture['reason']>[0]): string {
  return inForm({
    type: 'view_submission',
    team: { id: TEAM, domain: 'desk' },
    user: { id: userOf(from), username: 'finn', team_id: TEAM },
    api_app_id: APP,
    view: {
      id: 'VNHU13V36',
      type: 'modal',
      callback_id: 'reason',
      private_metadata: `${payload} C0FINANCE`,
      state: { values: { reason: { reason: { type: 'plain_text_input', value: text } } } },
    },
  });
}

export const sign = (body: string) => slackWebhook(SECRET, body, NOW_MS);

function forgeries(body: string): ReturnType<ChannelFixture['forgeries']> {
  const right = sign(body);
  const without = (name: string) => ({
    ...right,
    headers: { ...right.headers, [name]: undefined as unknown as string },
  });
  const withHeader = (name: string, value: string) => ({ ...right, headers: { ...right.headers, [name]: value } });
  const signature = right.headers['x-slack-signature'] ?? '';
  return {
    'another secret': slackWebhook('0'.repeat(32), body, NOW_MS),
    'a blank secret': slackWebhook('', body, NOW_MS),
    'no signature': without('x-slack-signature'),
    'no timestamp': without('x-slack-request-timestamp'),
    'an altered body': { ...right, rawBody: Buffer.from(`${body} `) },
    'a body in another encoding': { ...right, rawBody: Buffer.concat([right.rawBody, Buffer.of(0xff)]) },
    'an altered signature': withHeader(
      'x-slack-signature',
      `${signature.slice(0, -1)}${signature.endsWith('0') ? 1 : 0}`,
    ),
    'a cut signature': withHeader('x-slack-signature', signature.slice(0, 10)),
    'an empty signature': withHeader('x-slack-signature', 'v0='),
    'another version': withHeader('x-slack-signature', signature.replace('v0', 'v1')),
    'another timestamp': withHeader('x-slack-request-timestamp', String(NOW_MS / 1_000 - 1)),
    'no time at all': withHeader('x-slack-request-timestamp', 'now'),
    'a time 5 minutes ago': slackWebhook(SECRET, body, NOW_MS - 301_000),
    'a time in 5 minutes': slackWebhook(SECRET, body, NOW_MS + 301_000),
  };
}

export const direct = { ...mention({}), type: 'message', channel: 'D024BE91L', channel_type: 'im', text: 'hello' };

export const slackFixture: ChannelFixture = {
  definition: slack,
  settings,
  secrets: ['SLACK_SIGNING_SECRET', 'SLACK_BOT_TOKEN'],
  token: TOKEN,
  people,
  sign,
  forgeries,
  message: (said) => envelope(mention(said)),
  click: (said) => click(said),
  reason: submitted,
  ignored: {
    'a bot’s message': envelope({ ...direct, bot_id: 'B0BOT' }),
    'an edit': envelope({ ...direct, subtype: 'message_changed' }),
    'an edited mention': envelope({ ...mention({}), edited: { user: 'U0', ts: tsOf() } }),
    'a join': envelope({ ...direct, subtype: 'channel_join' }),
    'a message in a channel that does not mention us': envelope({ ...direct, channel_type: 'channel' }),
    'a mention without words': envelope(mention({ text: ' ' })),
    'a reaction': envelope({ type: 'reaction_added', user: 'U0', reaction: 'thumbsup' }),
    'a closed form': inForm({ type: 'view_closed', team: { id: TEAM }, api_app_id: APP, user: { id: 'U0' } }),
    'a slash command': 'token=x&team_id=T024BE7LD&command=%2Fapprove&text=all&user_id=U024BE7LH',
  },
  elsewhere: {
    'another workspace': envelope(mention({}), { team_id: 'T0OTHER' }),
    'another app': envelope(mention({}), { api_app_id: 'A0OTHER' }),
    'a click in another workspace': click({ payload: `approve.${'a'.repeat(22)}` }, { team: { id: 'T0OTHER' } }),
    'a click on another app': click({ payload: `approve.${'a'.repeat(22)}` }, { api_app_id: 'A0OTHER' }),
  },
  seen,
  emulate,
  faults: {
    tooSoon: { status: 429, headers: { 'retry-after': '7' }, body: 'ratelimited' },
    gone: { status: 200, body: '{"ok":false,"error":"is_archived"}' },
    broken: { status: 200, body: '{"ok":false,"error":"token_revoked"}' },
    saying: (error) => ({ status: 200, body: JSON.stringify({ ok: false, error }) }),
  },
};

interface Text {
  readonly type: string;
  readonly text: string;
  readonly verbatim?: boolean;
  readonly emoji?: boolean;
}

type Dialog = Readonly<Record<'title' | 'text' | 'confirm' | 'deny', Text>>;

export interface Blocks {
  readonly text?: string;
  readonly blocks: readonly {
    readonly type: string;
    readonly text?: Text;
    readonly elements?: readonly { readonly text: Text; readonly value: string; readonly confirm?: Dialog }[];
  }[];
}

export function seen(rendered: string): Seen {
  const { text: fallback = '', blocks } = JSON.parse(rendered) as Blocks;
  assert.ok(blocks.length <= 50, 'Slack takes 50 blocks');
  assert.ok(fallback.length <= 40_000, 'Slack takes 40,000 characters');
  const texts = blocks.flatMap(({ text }) => (text === undefined ? [] : [text]));
  for (const { type, text, verbatim, emoji } of texts) {
    assert.deepEqual([type, type === 'mrkdwn' ? verbatim : emoji], [type, type === 'mrkdwn']);
    assert.ok(text.length >= 1 && text.length <= 3_000, 'Slack takes 3,000 characters');
  }
  const plain = (text: string) => text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');
  const marked = texts.flatMap(({ type, text }) => (type === 'mrkdwn' ? [text] : [])).join('\n');
  const unmarked = texts.flatMap(({ type, text }) => (type === 'mrkdwn' ? [] : [text])).join('\n');
  const codes = [...marked.matchAll(/`([^`\n]*)`/g)].map((match) => match[1] ?? '');
  const bare = marked.replace(/`[^`\n]*`/g, '');
  const elements = blocks.flatMap((block) => block.elements ?? []);
  for (const { confirm } of elements) if (confirm !== undefined) checkDialog(confirm);
  return {
    own: plain(`${bare}\n${unmarked}`),
    code: plain(codes.join('\n')).replaceAll('<U+0060>', '`'),
    buttons: elements.map(({ text, value }) => ({ label: text.text, payload: value })),
    live: [...`${marked}\n${unmarked}\n${fallback}`.matchAll(/<[^>]*>/g)].map(String),
    formatted: [...bare.matchAll(/[*_~][^\s*_~][^*_~\n]*[*_~]|^>.*/gm)].map(String),
    lines: texts.flatMap(({ type, text }) => plain(type === 'mrkdwn' ? text.replace(/[`*]/g, '') : text).split('\n')),
    pushed: plain(fallback),
  };
}

/** Slack takes 100, 300, 30 and 30 characters. */
function checkDialog({ title, text, confirm, deny }: Dialog): void {
  for (const [{ type, text: words }, max] of [
    [title, 100],
    [text, 300],
    [confirm, 30],
    [deny, 30],
  ] as const)
    assert.deepEqual([type, words.length >= 1 && words.length <= max], ['plain_text', true], words);
}

async function emulate(t: TestContext): Promise<Stage> {
  const users = [{ name: 'bot' }, { name: 'finn' }];
  const tokens = [{ token: TOKEN, user: 'bot', app_id: APP }];
  const emulator = await createEmulator({
    service: 'slack',
    port: 0,
    seed: { slack: { users, channels: [{ name: 'finance' }], tokens } },
  });
  t.after(() => emulator.close());
  const relay = await startRelay(t, emulator.url);
  const api = async (method: string, params: Record<string, string> = {}) => {
    const headers = { authorization: `Bearer ${TOKEN}` };
    const answer = await fetch(`${emulator.url}/api/${method}`, {
      method: 'POST',
      headers,
      body: new URLSearchParams(params),
    });
    return (await answer.json()) as Readonly<Record<string, unknown>>;
  };
  const named = (list: unknown, name: string) =>
    (list as { id: string; name: string }[]).find((one) => one.name === name)?.id ?? '';
  const user = named((await api('users.list'))['members'], 'finn');
  const channel = named((await api('conversations.list'))['channels'], 'finance');
  return {
    sender: slack.sender({ ...settings, SLACK_API_URL: `${relay.url}/api/` }),
    person: `${TEAM}/${user}`,
    group: channel,
    calls: relay.calls,
    failures: relay.failures,
    async way() {
      const { trigger_id: trigger } = await api('views.generateTriggerId', { user_id: user });
      return { channel, user, trigger: String(trigger) };
    },
    async standing(to) {
      const { messages } = await api('conversations.history', { channel: to });
      return (messages as object[]).map((message) => seen(JSON.stringify(message)));
    },
    told: () => relay.calls.filter(isPrivate).map(({ params }) => JSON.stringify(params).replaceAll('\\"', '"')),
  };
}

const isPrivate = ({ method }: Call): boolean => method === 'chat.postEphemeral' || method === 'views.open';
