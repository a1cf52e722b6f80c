// Where people answer: over HTTP with their key, by buttons on Slack and Telegram, or by a Signal that somebody carries to
// Temporal. Each says a word and hears what its sender is told. A platform sends again what was not answered; so does this.
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import type { Webhook } from '../../support/webhooks.ts';
import { PEOPLE, type PersonId } from '../agents/petitioner/people.ts';
import { type Answer, waitFor } from '../support.ts';
import {
  pressed,
  signSlack,
  signTelegram,
  slackClick,
  slackReason,
  slackWayOf,
  telegramClick,
  telegramClickId,
  telegramReason,
} from '../rig/channels/platforms.ts';
import type { Approval } from '../../../domain/approval.ts';
import { type Asked, handleOn, type Stage } from './stage.ts';

export type SurfaceName = 'http' | 'slack' | 'telegram';
export const SURFACES: readonly SurfaceName[] = ['http', 'slack', 'telegram'];

export type Word = 'approve' | 'deny' | 'withdraw' | 'ask_back' | 'edit' | 'happened' | 'did_not_happen';

/** A person's word on what is asked. The same event, or id of a decision, is the same word again. */
export interface Saying {
  readonly by: PersonId;
  readonly word: Word;
  readonly event: number;
  readonly args?: Readonly<Record<string, unknown>>;
  readonly reason?: string;
}

/** What its sender is told. */
export interface Heard {
  readonly status: number;
  /** The kind of problem, over HTTP. */
  readonly type: string;
  readonly text: string;
  /** Whether it is told that it counted. */
  readonly counted: boolean;
}

/** What its buttons would carry, where it has any. */
export type Target = Pick<Asked, 'args'> & {
  readonly approval: Pick<Approval, 'id' | 'digest'>;
  readonly handle?: string;
};

/** What somebody who is not asked is told in a channel. */
export const NOT_ASKED = /You are not among those who are asked this/;

// 30 s: the actor tells one person within a second of it being on record.
const TOLD_LIMIT_MS = 30_000;
const AGAIN_MS = 300;
const AGAIN_LIMIT_MS = 60_000;
const TOO_MANY = 429;

export async function sayOn(stage: Stage, surface: SurfaceName, target: Target, saying: Saying): Promise<Heard> {
  if (surface === 'http') return overHttp(stage, target.approval.id, saying);
  const handle = target.handle ?? (await handleOn(stage, target, surface));
  const payload = pressed(saying.word, handle, target.approval.digest);
  return surface === 'slack' ? onSlack(stage, saying, payload) : onTelegram(stage, saying, payload);
}

const Said = z.object({ text: z.string().optional(), counted: z.boolean().optional() });
const Problem = z.object({ type: z.string(), detail: z.string() });

export function heardIn({ status, body }: Pick<Answer, 'status' | 'body'>): Heard {
  const problem = Problem.safeParse(body);
  if (problem.success) return { status, type: problem.data.type, text: problem.data.detail, counted: false };
  const said = Said.safeParse(body);
  const { text = '', counted = false } = said.success ? said.data : {};
  return { status, type: '', text, counted };
}

async function overHttp(stage: Stage, approvalId: string, { by, word, event, args, reason }: Saying): Promise<Heard> {
  const body = { answer: word, id: `d-${event}`, reason: reason ?? `because of ${event}`, ...(args && { args }) };
  return heardIn(
    await again(() => stage.as[by].post(`/v1/approvals/${encodeURIComponent(approvalId)}/decision`, body)),
  );
}

/** A platform, or a client, sends what was not answered again. */
async function again<T extends { readonly status: number }>(send: () => Promise<T>): Promise<T> {
  const untilMs = Date.now() + AGAIN_LIMIT_MS;
  for (;;) {
    const answer = await send().catch(() => undefined);
    if (answer !== undefined && answer.status < 500 && answer.status !== TOO_MANY) return answer;
    if (Date.now() > untilMs) throw new Error(`nobody answered (${answer?.status ?? 'no connection'})`);
    await sleep(AGAIN_MS);
  }
}

/** Hand in a webhook as it is, and say what it is answered. */
export async function deliver(stage: Stage, channel: string, { headers, rawBody }: Webhook): Promise<Heard> {
  const answer = await again(async () => {
    const url = `${stage.rig.apiUrl}/v1/channels/${channel}`;
    const response = await fetch(url, { method: 'POST', headers, body: Buffer.from(rawBody) });
    const text = await response.text();
    return { status: response.status, body: response.status === 200 ? text : (JSON.parse(text) as unknown) };
  });
  return heardIn(answer);
}

async function onSlack(stage: Stage, { by, word, event, reason }: Saying, payload: string): Promise<Heard> {
  const clicked = await clickOnSlack(stage, { by, event, payload });
  if (word !== 'deny' || clicked.text !== '') return clicked;
  // The form that the click has opened comes back filled in.
  const body = slackReason({ by, event, payload }, reason ?? `because of ${event}`);
  const answer = await deliver(stage, 'slack', signSlack(body));
  if (answer.status !== 200) return answer;
  // The click was answered by the form, and by no words; what comes now is about the reason.
  return toldTo(stage, slackToldIn(slackWayOf(event), by));
}

/** Click, and wait for what the one who clicked is told; '' where a form was opened instead. */
export async function clickOnSlack(
  stage: Stage,
  told: { readonly by: PersonId; readonly event: number; readonly payload: string; readonly change?: object },
): Promise<Heard> {
  const answer = await deliver(stage, 'slack', signSlack(slackClick(told)));
  if (answer.status !== 200) return answer;
  const trigger = `.${told.event}`;
  const opened = () =>
    stage.emulators.calls.slack.some(
      ({ method, params }) => method === 'views.open' && params['trigger_id']?.endsWith(trigger),
    );
  const words = slackToldIn(slackWayOf(told.event), told.by);
  return toldTo(stage, (all) => words(all) ?? (opened() ? '' : undefined));
}

type Find = (stage: Stage) => string | undefined;

const slackToldIn =
  (channel: string, by: PersonId): Find =>
  ({ emulators }) =>
    emulators.calls.slack.find(
      ({ method, params }) =>
        method === 'chat.postEphemeral' && params['channel'] === channel && params['user'] === PEOPLE[by].slack,
    )?.params['text'];

async function toldTo(stage: Stage, find: Find): Promise<Heard> {
  const text = await waitFor('what somebody is told', TOLD_LIMIT_MS, () => {
    const found = find(stage);
    return found === undefined ? undefined : { found };
  });
  const said = text.found.replace(/<[^>]*>/g, '');
  return { status: 200, type: '', text: said, counted: isCounted(said) };
}

/** As a receipt begins that counted. */
const isCounted = (text: string): boolean =>
  /^(?:approved: |denied: |counted; |happened: |recorded: |your [\w ]+ of .* is (?:already )?counted)/is.test(text);

async function onTelegram(stage: Stage, { by, word, event, reason }: Saying, payload: string): Promise<Heard> {
  const clicked = await clickOnTelegram(stage, { by, event, payload });
  if (word !== 'deny' || clicked.text !== '') return clicked;
  const asked = await waitFor('the question why', TOLD_LIMIT_MS, () => questionTo(stage, by, payload));
  const before = toldInChat(stage, by).length;
  const body = telegramReason({ by, event }, asked, reason ?? `because of ${event}`);
  const answer = await deliver(stage, 'telegram', signTelegram(body));
  if (answer.status !== 200) return answer;
  return toldTo(stage, () => toldInChat(stage, by)[before]);
}

export async function clickOnTelegram(
  stage: Stage,
  told: { readonly by: PersonId; readonly event: number; readonly payload: string; readonly change?: object },
): Promise<Heard> {
  const before = toldInChat(stage, told.by).length;
  const answer = await deliver(stage, 'telegram', signTelegram(telegramClick(told)));
  if (answer.status !== 200) return answer;
  const id = telegramClickId(told.event);
  return toldTo(stage, ({ emulators }) => {
    const own = emulators.calls.telegram.filter(
      ({ method, params }) => method === 'answerCallbackQuery' && params['callback_query_id'] === id,
    );
    const alert = own.find(({ params }) => params['text'] !== undefined)?.params['text'];
    if (alert !== undefined || own.length === 0) return alert;
    // Too long for an alert: it comes in the chat with the bot. Or it is a question, which has no words of ours.
    const long = toldInChat(stage, told.by).slice(before)[0];
    return long ?? (questionTo(stage, told.by, told.payload) === undefined ? undefined : '');
  });
}

/** What the bot has said to somebody alone, but for its questions. */
function toldInChat({ emulators }: Stage, by: PersonId): readonly string[] {
  const own = emulators.calls.telegram.filter(
    ({ method, params }) => method === 'sendMessage' && params['chat_id'] === PEOPLE[by].telegram,
  );
  const texts = own.map(({ params }) => params['text'] ?? '');
  return texts.filter((text) => !/\nref |<code>ref /.test(text) && !text.includes('<b>'));
}

function questionTo({ emulators }: Stage, by: PersonId, payload: string): string | undefined {
  const found = emulators.calls.telegram.findLast(
    ({ method, params }) =>
      method === 'sendMessage' &&
      params['chat_id'] === PEOPLE[by].telegram &&
      params['text']?.includes(`ref ${payload} `) === true,
  );
  return found?.params['text']?.replace(/<[^>]*>/g, '');
}
