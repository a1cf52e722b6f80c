// One conversation as its people live it on Slack and Telegram, from outside: a mention on Slack, which opens a thread; the
// reply there; the approval as a card in a Telegram chat, a click on it, and the outcome's reply in the thread. Both
// platforms send again what nobody has answered, as real ones do. What people saw of it is checked at the end.
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import type { Webhook } from '../../support/webhooks.ts';
import { type Shown, standingOn, versionsOn } from '../rig/channels/cards.ts';
import type { Emulators } from '../rig/channels/emulators.ts';
import {
  signSlack,
  signTelegram,
  slackMention,
  slackThreadOf,
  telegramClick,
  telegramOn,
} from '../rig/channels/platforms.ts';
import { wordsFor } from '../rig/model.ts';
import type { Rig } from '../rig/rig.ts';
import { ask } from '../rig/truth.ts';
import { createHttp, waitFor } from '../support.ts';
import { createPatient, type Journey, look } from './journey.ts';

const RETRY_MS = 200;
const DELIVERY_LIMIT_MS = 90_000;

export interface Channels {
  readonly rig: Rig;
  readonly emulators: Emulators;
}

/** Live the `nth` conversation over channels to its end. Throws with what it waited for in vain. */
export async function travelOverChannels({ rig, emulators }: Channels, id: string, nth: number): Promise<Journey> {
  const approver = createPatient(createHttp(rig.apiUrl, rig.keys.approver));
  const text = wordsFor(id);
  const { deliver, repeats } = createPlatforms(rig);
  await deliver('slack', () => signSlack(slackMention({ by: 'ada', event: nth }, text)));
  const conversationId = await look('the conversation of the thread', () => conversationIn(rig, slackThreadOf(nth)));
  const url = `/v1/conversations/${conversationId}`;
  const standing = async () => Standing.parse((await approver.get(`${url}?limit=100`)).body);

  await look('the reply to the mention', async () => (await standing()).items.some(({ kind }) => kind === 'reply'));
  const repliesMs = [Date.now()];
  const about = () => ({ text, conversationId, repliesMs, repeats: repeats() + approver.repeats() });
  const asked = await look('an approval to decide', async () => {
    const { waiting, actions } = await standing();
    const isOver = actions.length > 0 && actions.every(({ outcome }) => outcome !== null && outcome.kind !== 'unknown');
    return waiting[0] ?? (isOver ? 'nobody' : undefined);
  });
  if (asked === 'nobody' || asked.question !== null) return { ...about(), approvalId: undefined };

  const card = await look('the card of the approval', async () => (await cardsOf(rig, emulators, asked.id))[0]);
  const { payload = '' } = card.buttons.find((button) => button.payload.startsWith('approve.')) ?? {};
  const change = telegramOn(card.place);
  await deliver('telegram', () => signTelegram(telegramClick({ by: 'finn', event: nth, payload, change })));
  await look('the reply of the turn that the outcome opened', async () => {
    const { items } = await standing();
    const report = items.find(({ kind }) => kind === 'report');
    return items.some(({ kind, turn }) => kind === 'reply' && turn === report?.turn);
  });
  repliesMs.push(Date.now());
  return { ...about(), approvalId: asked.id };
}

const Standing = z.object({
  waiting: z.array(z.object({ id: z.string(), question: z.string().nullable() })),
  actions: z.array(z.object({ outcome: z.object({ kind: z.string() }).nullable() })),
  items: z.array(z.object({ kind: z.string(), turn: z.number() })),
});

/** What a platform does with a webhook: it is sent again, as it was but for its time, until somebody has answered it. */
function createPlatforms({ apiUrl }: Pick<Rig, 'apiUrl'>) {
  let repeats = 0;
  return {
    repeats: () => repeats,
    async deliver(channel: string, webhook: () => Webhook): Promise<void> {
      const untilMs = Date.now() + DELIVERY_LIMIT_MS;
      for (;;) {
        const { headers, rawBody } = webhook();
        const sent = fetch(`${apiUrl}/v1/channels/${channel}`, { method: 'POST', headers, body: Buffer.from(rawBody) });
        const status = await sent.then((answer) => answer.status).catch(() => 0);
        if (status === 200) return;
        const isOutage = status === 0 || status >= 500;
        if (!isOutage || Date.now() > untilMs) throw new Error(`a webhook of ${channel} was answered ${status}`);
        repeats += 1;
        await sleep(RETRY_MS);
      }
    },
  };
}

async function conversationIn(rig: Rig, thread: string): Promise<string | undefined> {
  const rows = await ask<{ id: string }>(
    rig,
    `select id from countersign.conversations where channel #>> '{address,thread}' = $1`,
    [thread],
  );
  return rows[0]?.id;
}

/** Its cards as they stand now, the oldest first, found by the handle that their buttons carry. */
async function cardsOf(rig: Rig, emulators: Emulators, approvalId: string): Promise<readonly Shown[]> {
  const [row] = await ask<{ handle: string }>(rig, 'select handle from countersign.approvals where id = $1', [
    approvalId,
  ]);
  const shown = versionsOn(emulators, 'telegram').filter(({ buttons }) =>
    buttons.some(({ payload }) => payload.includes(`.${row?.handle}`)),
  );
  const places = new Set(shown.map(({ place }) => place));
  return standingOn(emulators, 'telegram').filter(({ place }) => places.has(place));
}

// 60 s: what is shown is at the latest half a minute behind a channel that was away.
const SHOWN_LIMIT_MS = 60_000;

/** What people saw of it in the end: every reply in the thread, in order, and on the card how it ended and no button. */
export async function shownProblems(
  { rig, emulators }: Channels,
  { conversationId, approvalId }: Journey,
  nth: number,
  repeats: number,
): Promise<readonly string[]> {
  const problems: string[] = [];
  const rows = await ask<{ text: string }>(
    rig,
    `select body ->> 'text' as text from countersign.items where conversation_id = $1 and kind = 'reply' order by seq`,
    [conversationId],
  );
  const replies = rows.map(({ text }) => text);
  const posted = () =>
    emulators.calls.slack.filter(
      ({ method, params }) => method === 'chat.postMessage' && isIn(params, slackThreadOf(nth)),
    );
  const isTold = () => posted().length >= replies.length;
  await waitFor(`the replies in ${slackThreadOf(nth)}`, SHOWN_LIMIT_MS, isTold).catch((error: unknown) =>
    problems.push(String(error)),
  );
  const words = posted().map(({ params }) => lettersOf(`${params['text']} ${params['blocks']}`));
  const untold = replies.filter(
    (reply) => !words.some((said) => said.includes(lettersOf(reply.slice(0, WORDS_CHARS)))),
  );
  if (untold.length > 0) problems.push(`in the thread nobody was told: ${untold.join(' / ')}`);
  const times = posted().length;
  if (times > replies.length + repeats)
    problems.push(`${replies.length} replies were posted ${times} times; ${repeats} repeats are explained`);
  if (approvalId === undefined) return problems;
  await waitFor(`the card of ${approvalId} to show its end`, SHOWN_LIMIT_MS, async () => {
    const cards = await cardsOf(rig, emulators, approvalId);
    const ended = cards.filter(({ buttons }) => buttons.every(({ payload }) => payload.startsWith('view.')));
    // The oldest is the one that was clicked. Of others, an actor that died between posting one and noting where may have
    // left one behind that nobody clicked.
    const [clicked] = cards;
    return clicked !== undefined && ended.includes(clicked) && cards.length - ended.length <= repeats;
  }).catch((error: unknown) => problems.push(String(error)));
  return problems;
}

// 40: enough to tell the replies of one conversation apart; what platforms write otherwise is no letter.
const WORDS_CHARS = 40;
const lettersOf = (text: string): string => text.replace(/[^a-z]/gi, '');
const isIn = (params: Readonly<Record<string, string>>, thread: string): boolean => params['thread_ts'] === thread;
