// Messages that come just as maintenance has their conversations look whether they are idle: each is answered in one that
// stays open, or refused by one that is closed, and says so.
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import type { Rig } from '../rig/rig.ts';
import { ask } from '../rig/truth.ts';
import { type Answer, createHttp, type Http, type Random, waitFor } from '../support.ts';
import { closed } from './cast.ts';
import type { Upkeep } from './upkeep.ts';

export interface Raced {
  /** Conversations that answered, and that refused. */
  readonly answered: readonly string[];
  readonly refused: readonly string[];
  readonly problems: readonly string[];
}

// 60 s: an answer takes a second on a quiet machine.
const LIMIT_MS = 60_000;
const RETRY_MS = 100;
const LOOK_MS = 300;
// 5: a conversation that was asked looks within a fraction of a second.
const AFTER_SHARE = 5;
const TOO_MANY = 429;

const Sent = z.object({ messageId: z.string() });
const Message = z.object({ status: z.string() });
const Refusal = z.object({ type: z.string(), detail: z.string() });

export interface Racing {
  readonly rig: Rig;
  readonly key: string;
  readonly upkeep: Upkeep;
  readonly rovers: readonly string[];
  readonly random: Random;
  /** Within so long of the beginning of the run messages come. */
  readonly spanMs: number;
}

export async function race({ rig, key, upkeep, rovers, random, spanMs }: Racing): Promise<Raced> {
  const http = createHttp(rig.apiUrl, key);
  const running = upkeep.run();
  // Every third comes when all have been asked for sure, however slow the machine is.
  const delays = rovers.map((_, at) => ({ afterRun: at % 3 === 2, ms: random.between(0, spanMs) }));
  const came = await Promise.all(
    rovers.map(async (id, at) => {
      const { afterRun = false, ms = 0 } = delays[at] ?? {};
      if (afterRun) await running;
      await sleep(afterRun ? ms / AFTER_SHARE : ms);
      return { id, came: await say(http, id) };
    }),
  );
  const problems = [...(await running).failed];
  const answered = came.flatMap(({ id, came: one }) =>
    one.kind === 'taken' ? [{ id, messageId: one.messageId }] : [],
  );
  const refused = came.flatMap(({ id, came: one }) => (one.kind === 'refused' ? [{ id, said: one.said }] : []));
  for (const { id, came: one } of came) if (one.kind === 'strange') problems.push(`${id}: ${one.said}`);
  for (const { id, said } of refused)
    if (!isClear(said)) problems.push(`${id} is refused with: ${JSON.stringify(said)}`);
  for (const { id, messageId } of answered) {
    const isAnswered = await untilAnswered(http, id, messageId).catch(() => false);
    if (!isAnswered) problems.push(`${id} took a message, and did not answer it`);
  }
  await upkeep.untilDone(['close_idle']);
  return {
    answered: answered.map(({ id }) => id),
    refused: refused.map(({ id }) => id),
    problems: [
      ...problems,
      ...(await ends(
        rig,
        answered.map(({ id }) => id),
        refused.map(({ id }) => id),
      )),
    ],
  };
}

export const isClear = (body: unknown): boolean => {
  const { success, data } = Refusal.safeParse(body);
  return success && data.type.endsWith('conversation_closed') && data.detail.includes('start another one');
};

type Came =
  | { readonly kind: 'taken'; readonly messageId: string }
  | { readonly kind: 'refused'; readonly said: unknown }
  | { readonly kind: 'strange'; readonly said: string };

/** As a client does that wants to be heard: what is not sure is sent again under the same key. */
async function say(http: Http, id: string): Promise<Came> {
  const untilMs = Date.now() + LIMIT_MS;
  const headers = { 'idempotency-key': `late-message-of-${id}` };
  for (;;) {
    const answer = await http
      .post(`/v1/conversations/${id}/messages`, { text: wordsOf(id) }, headers)
      .catch((error: unknown): Pick<Answer, 'status' | 'body'> => ({ status: 0, body: String(error) }));
    const { status, body } = answer;
    if (status === 200 || status === 202) return { kind: 'taken', messageId: Sent.parse(body).messageId };
    if (status === 410) return { kind: 'refused', said: body };
    const isUnsure = status === 0 || status >= 500 || status === TOO_MANY;
    if (!isUnsure || Date.now() > untilMs) return { kind: 'strange', said: `${status} ${JSON.stringify(body)}` };
    await sleep(RETRY_MS);
  }
}

const wordsOf = (id: string): string => `I am back. [${id}]`;

/** False where the conversation is closed by then. */
const untilAnswered = (http: Http, id: string, messageId: string): Promise<boolean> =>
  waitFor(`the reply in ${id}`, LIMIT_MS, async () => {
    const { status, body } = await http.get(`/v1/conversations/${id}/messages/${messageId}`);
    await sleep(LOOK_MS);
    if (status === 410) return { isAnswered: false };
    return status === 200 && Message.parse(body).status === 'answered' && { isAnswered: true };
  }).then(({ isAnswered }) => isAnswered);

/** How each conversation stands in the store afterwards. */
async function ends(rig: Rig, answered: readonly string[], refused: readonly string[]): Promise<readonly string[]> {
  const heard = await ask<{ id: string }>(
    rig,
    `select distinct conversation_id as id from countersign.items where kind = 'message' and body->>'text' like 'I am back.%'`,
  );
  const isClosed = new Set(await closed(rig));
  const isHeard = new Set(heard.map(({ id }) => id));
  return [
    ...answered.filter((id) => isClosed.has(id)).map((id) => `${id} answered, and is closed`),
    ...answered.filter((id) => !isHeard.has(id)).map((id) => `${id} answered, and has no such message`),
    ...refused.filter((id) => !isClosed.has(id)).map((id) => `${id} refused, and is not closed`),
    ...refused.filter((id) => isHeard.has(id)).map((id) => `${id} refused, and has the message`),
  ];
}
