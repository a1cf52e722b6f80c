// Webhooks that nobody but an attacker has sent, about an approval that really waits: without, under, or beside the right
// signature. What is forged is 401; what is signed and by the wrong one is told so, and changes nothing.
import type { Webhook } from '../../support/webhooks.ts';
import { slackWebhook, telegramWebhook } from '../../support/webhooks.ts';
import { waitFor } from '../support.ts';
import { type Bench, refusedAs, untouched } from './bench.ts';
import {
  pressed,
  signSlack,
  signTelegram,
  SLACK,
  slackClick,
  slackReason,
  slackWayOf,
  TELEGRAM,
  telegramClick,
  telegramClickId,
  telegramReason,
} from '../rig/channels/platforms.ts';
import { type Asked, handleOn, type Stage } from './stage.ts';
import { NOT_ASKED, clickOnSlack, clickOnTelegram, deliver } from './surfaces.ts';

const PART = 'forged webhooks';
// A second past the five minutes that Slack allows, and long past; ahead with room for the time until it is sent.
const OFF_MS = [-301_000, -3_600_000, 360_000, 3_600_000];
// 30 s: the actor tells one person within a second of it being on record.
const TOLD_LIMIT_MS = 30_000;

/** Attacks with a click of Dora's, who may approve it, on the handle of the card. */
export async function forgedOnSlack(bench: Bench, stage: Stage, victim: Asked): Promise<void> {
  const handle = await handleOn(stage, victim, 'slack');
  const payload = pressed('approve', handle, victim.approval.digest);
  const body = () => slackClick({ by: 'dora', event: stage.next(), payload });
  const forgeries = { ...unsigned(body()), ...elsewhere(stage, payload) };
  for (const [what, webhook] of Object.entries(forgeries))
    await bench.attempt(PART, `Slack, ${what}`, async () =>
      refusedAs(await deliver(stage, 'slack', webhook), 401, 'webhook_refused'),
    );
  for (const [what, told, words] of wrongSenders(victim, handle, {
    user: { id: 'U0MALLORY', name: 'dora', username: 'dora' },
  }))
    await bench.attempt(PART, `Slack, ${what}`, async () =>
      refusedAs(await clickedBySlack(stage, { event: stage.next(), ...told }), 200, words),
    );
  for (const [what, body_] of Object.entries(nothingForUs(stage, payload)))
    await bench.attempt(PART, `Slack, ${what}`, async () => ignored(await deliver(stage, 'slack', signSlack(body_))));
  await bench.attempt(PART, 'Slack, after all of them', () => untouched(stage, victim));
}

function unsigned(body: string): Readonly<Record<string, Webhook>> {
  const right = signSlack(body);
  const signature = right.headers['x-slack-signature'] ?? '';
  const withHeader = (name: string, value: string): Webhook => ({
    ...right,
    headers: { ...right.headers, [name]: value },
  });
  const without = (...names: readonly string[]): Webhook => ({
    ...right,
    headers: Object.fromEntries(Object.entries(right.headers).filter(([name]) => !names.includes(name))),
  });
  const flipped = `${signature.slice(0, -1)}${signature.endsWith('0') ? 1 : 0}`;
  return {
    'no signature': without('x-slack-signature'),
    'no timestamp': without('x-slack-request-timestamp'),
    neither: without('x-slack-signature', 'x-slack-request-timestamp'),
    'a blank secret': slackWebhook('', body, Date.now()),
    'another secret': slackWebhook('0'.repeat(32), body, Date.now()),
    'the secret of the other channel': slackWebhook(TELEGRAM.secret, body, Date.now()),
    'an altered body': { ...right, rawBody: Buffer.from(body.replace('U0DORA', 'U0EMIL')) },
    'one byte more': { ...right, rawBody: Buffer.from(`${body} `) },
    'one bit of the signature': withHeader('x-slack-signature', flipped),
    'half a signature': withHeader('x-slack-signature', signature.slice(0, 20)),
    'an empty signature': withHeader('x-slack-signature', 'v0='),
    'another version of signatures': withHeader('x-slack-signature', signature.replace('v0=', 'v1=')),
    'a later timestamp over the old signature': withHeader(
      'x-slack-request-timestamp',
      String(Math.floor(Date.now() / 1_000) + 1),
    ),
    'no time at all': withHeader('x-slack-request-timestamp', 'now'),
    ...Object.fromEntries(OFF_MS.map((ms) => [`signed ${ms / 1_000} s from now`, signSlack(body, Date.now() + ms)])),
  };
}

function elsewhere(stage: Stage, payload: string): Readonly<Record<string, Webhook>> {
  const click = (change: object) => signSlack(slackClick({ by: 'dora', event: stage.next(), payload, change }));
  return {
    'of another workspace': click({ team: { id: 'T0OTHER', domain: 'other' } }),
    'of another app': click({ api_app_id: 'A0OTHER' }),
  };
}

type Wrong = readonly [what: string, told: { by: 'dora' | 'nora' | 'gus'; payload: string; change?: object }, RegExp];

/** Properly signed, and by somebody who may not, or about nothing. */
function wrongSenders({ approval: { digest } }: Asked, handle: string, mallory: object): readonly Wrong[] {
  const payload = pressed('approve', handle, digest);
  return [
    ['a stranger called dora', { by: 'dora', payload, change: mallory }, /I do not know you/],
    ['somebody of no group', { by: 'nora', payload }, NOT_ASKED],
    ['somebody of another group', { by: 'gus', payload }, NOT_ASKED],
    ['a handle that nobody issued', { by: 'dora', payload: `approve.${'A'.repeat(33)}` }, /is not here/],
    [
      'an answer by the button of another',
      { by: 'dora', payload: payloadBy(pressed('view', handle, digest)) },
      /is not here/,
    ],
    [
      'a handle with one letter changed',
      { by: 'dora', payload: pressed('approve', altered(handle), digest) },
      /is not here/,
    ],
    [
      'an answer to another kind of asking',
      { by: 'dora', payload: pressed('happened', handle, digest) },
      /answer "approve" or/,
    ],
  ];
}

const payloadBy = (payload: string): string => `approve.${payload.split('.')[1]}`;

export const altered = (text: string): string => `${text.startsWith('A') ? 'B' : 'A'}${text.slice(1)}`;

/** A stranger is told once a day, so whoever comes second hears nothing more: each here is another one. */
async function clickedBySlack(stage: Stage, told: Parameters<typeof clickOnSlack>[1]) {
  const { change } = told;
  if (change === undefined) return clickOnSlack(stage, told);
  const id = `U0M${stage.next()}`;
  const webhook = signSlack(
    slackClick({ ...told, change: { user: { id, name: 'dora', username: 'dora', team_id: 'T000000001' } } }),
  );
  const answer = await deliver(stage, 'slack', webhook);
  if (answer.status !== 200) return answer;
  return strangerTold(stage, 'slack', (params) => params['channel'] === slackWayOf(told.event));
}

async function strangerTold(
  { emulators }: Stage,
  channel: 'slack' | 'telegram',
  isOurs: (params: Readonly<Record<string, string>>) => boolean,
) {
  const text = await waitFor('what a stranger is told', TOLD_LIMIT_MS, () => {
    const calls = emulators.calls[channel].filter(({ params }) => params['text'] !== undefined);
    return calls.find(({ params }) => isOurs(params))?.params['text'];
  });
  return { status: 200, type: '', text, counted: false };
}

/** What a button of ours never carries. */
const manglings = (payload: string): Readonly<Record<string, string>> => ({
  'an answer alone': 'approve.',
  'a handle alone': payload.slice('approve.'.length),
  'a handle and more': `${payload}x`,
  'two answers': `deny.${payload}`,
  'an answer in capitals': payload.replace('approve', 'APPROVE'),
  'an edit': payload.replace('approve', 'edit'),
  'a payload with a line end': `${payload}\n`,
});

function nothingForUs(stage: Stage, payload: string): Readonly<Record<string, string>> {
  const click = (value: string, change: object = {}) =>
    slackClick({ by: 'dora', event: stage.next(), payload: value, change });
  const two = [0, 1].map(() => ({ action_id: 'x', value: payload, action_ts: '1800000000.000001' }));
  return {
    ...Object.fromEntries(Object.entries(manglings(payload)).map(([what, value]) => [what, click(value)])),
    'two buttons at once': click(payload, { actions: two }),
    'a form without a reason': slackReason(
      { by: 'dora', event: stage.next(), payload: payload.replace('approve', 'view') },
      'x',
    ),
    'no user': click(payload, { user: null }),
  };
}

function ignored(heard: { readonly status: number; readonly text: string }) {
  return heard.status === 200 ? undefined : `it must be taken and ignored, and was answered ${JSON.stringify(heard)}`;
}

export async function forgedOnTelegram(bench: Bench, stage: Stage, victim: Asked): Promise<void> {
  const handle = await handleOn(stage, victim, 'telegram');
  const payload = pressed('approve', handle, victim.approval.digest);
  const body = telegramClick({ by: 'dora', event: stage.next(), payload });
  for (const [what, webhook] of Object.entries(withoutToken(body)))
    await bench.attempt(PART, `Telegram, ${what}`, async () =>
      refusedAs(await deliver(stage, 'telegram', webhook), 401, 'webhook_refused'),
    );
  for (const [what, told, words] of wrongSenders(victim, handle, { from: 'another' }))
    await bench.attempt(PART, `Telegram, ${what}`, async () => {
      if (told.change === undefined)
        return refusedAs(await clickOnTelegram(stage, { ...told, event: stage.next() }), 200, words);
      const from = { id: 90_000 + stage.next(), is_bot: false, first_name: 'Dora, desk', username: 'dora' };
      const event = stage.next();
      const stranger = telegramClick({ ...told, event, change: { from } });
      const answer = await deliver(stage, 'telegram', signTelegram(stranger));
      if (answer.status !== 200) return `a stranger was answered ${JSON.stringify(answer)}`;
      return refusedAs(
        await strangerTold(stage, 'telegram', (params) =>
          [params['chat_id'], params['callback_query_id']].some(
            (to) => to === `${from.id}` || to === telegramClickId(event),
          ),
        ),
        200,
        words,
      );
    });
  const asked = `move\nWhy deny it? Reply to this message.\nref ${pressed('deny', handle, victim.approval.digest)} ${'m'.repeat(22)}`;
  const ignoredOnes = {
    ...Object.fromEntries(
      Object.entries(manglings(payload)).map(([what, data]) => [
        what,
        telegramClick({ by: 'dora', event: stage.next(), payload: data }),
      ]),
    ),
    'a bot': telegramClick({ by: 'dora', event: stage.next(), payload, change: { from: { id: 5001, is_bot: true } } }),
    'an id as text': telegramClick({ by: 'dora', event: stage.next(), payload, change: { from: { id: '5001' } } }),
    'a reason that nobody asked for': telegramReason({ by: 'dora', event: stage.next() }, asked, 'because'),
  };
  for (const [what, one] of Object.entries(ignoredOnes))
    await bench.attempt(PART, `Telegram, ${what}`, async () =>
      ignored(await deliver(stage, 'telegram', signTelegram(one))),
    );
  await bench.attempt(PART, 'Telegram, after all of them', () => untouched(stage, victim));
}

function withoutToken(body: string): Readonly<Record<string, Webhook>> {
  const { secret } = TELEGRAM;
  const header = 'x-telegram-bot-api-secret-token';
  const bare = { 'content-type': 'application/json' };
  return {
    'no secret': { headers: bare, rawBody: Buffer.from(body) },
    'a blank secret': telegramWebhook('', body),
    'another secret': telegramWebhook('another_secret-of-the-proofs', body),
    'the secret of the other channel': telegramWebhook(SLACK.secret, body),
    'the beginning of the secret': telegramWebhook(secret.slice(0, -1), body),
    'more than the secret': telegramWebhook(`${secret}x`, body),
    'the secret in capitals': telegramWebhook(secret.toUpperCase(), body),
    'the secret twice': { headers: { ...bare, [header]: `${secret}, ${secret}` }, rawBody: Buffer.from(body) },
    'the secret as a bearer': { headers: { ...bare, authorization: `Bearer ${secret}` }, rawBody: Buffer.from(body) },
  };
}
