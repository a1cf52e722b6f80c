// Callers who say more than is answered. Each message is sent at its time, whatever became of the others; one that is
// refused is sent again under the same key, not before its time. What was answered is asked of the store.
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import type { Rig } from '../rig/rig.ts';
import { ask } from '../rig/truth.ts';
import { type Answer, createHttp, type Random } from '../support.ts';

/** Somebody with as many keys as they need, and their conversations. */
export interface Caller {
  readonly name: string;
  readonly keys: readonly string[];
  readonly conversations: readonly string[];
}

export interface Said {
  readonly by: Caller;
  readonly conversationId: string;
  readonly key: string;
  /** When it was said first. */
  firstMs: number;
  /** When the request began that was answered 2xx; 0 until then. */
  acceptedMs: number;
  messageId: string;
  /** Refused so often, and each time told when to come again. */
  refusals: number;
}

const Sent = z.object({ messageId: z.string() });
const Refused = z.object({ type: z.string() });
// 5 min: whatever was refused is taken by then.
const PATIENCE_MS = 300_000;

/** Say it until it is taken. What is not as promised is thrown, as a sentence. */
export async function say(rig: Rig, said: Said, random: Random): Promise<void> {
  const { by, conversationId, key } = said;
  const untilMs = Date.now() + PATIENCE_MS;
  said.firstMs = Date.now();
  for (;;) {
    const http = createHttp(rig.apiUrl, random.pick(by.keys));
    const begunMs = Date.now();
    const text = `Hello, this is ${key}. [${conversationId}]`;
    const path = `/v1/conversations/${conversationId}/messages`;
    const answer = await http.post(path, { text }, { 'idempotency-key': key });
    if (answer.status === 202 || answer.status === 200) {
      said.acceptedMs = begunMs;
      said.messageId = Sent.parse(answer.body).messageId;
      return;
    }
    if (Refused.parse(answer.body).type === 'overloaded') said.refusals += 1;
    await sleep(pauseMs(answer, key));
    if (Date.now() > untilMs) throw new Error(`${key} was not taken: ${answer.status} ${JSON.stringify(answer.body)}`);
  }
}

/** How long to wait, as the answer says. */
function pauseMs({ status, headers, body }: Answer, key: string): number {
  const afterS = Number(headers.get('retry-after') ?? Number.NaN);
  if ((status !== 429 && status !== 503) || !(afterS > 0))
    throw new Error(`${key} was answered ${status} without a Retry-After that says when: ${JSON.stringify(body)}`);
  return afterS * 1_000;
}

/** When each reply was written, by conversation and message id; and how many messages and replies there are. */
export interface Written {
  readonly replyMs: ReadonlyMap<string, number>;
  /** What is not once, as sentences. */
  readonly problems: readonly string[];
}

/** What the store has of all that was said. */
export async function written(rig: Rig, all: readonly Said[]): Promise<Written> {
  const rows = await ask<{ id: string; key: string; replies: string; reply_ms: string | null }>(
    rig,
    `select message.conversation_id as id, message.key, count(reply.id) as replies, min(reply.created_ms) as reply_ms
       from countersign.items as message
       left join countersign.items as reply on reply.conversation_id = message.conversation_id
         and reply.turn = message.turn and reply.kind = 'reply'
      where message.kind = 'message' and message.conversation_id = any($1)
      group by message.id, message.conversation_id, message.key`,
    [[...new Set(all.map(({ conversationId }) => conversationId))]],
  );
  const replyMs = new Map(rows.flatMap(({ key, reply_ms: ms }) => (ms === null ? [] : [[key, Number(ms)] as const])));
  const keys = rows.map(({ key }) => key);
  const wrong = rows.filter(({ replies }) => Number(replies) !== 1);
  const known = new Set(all.map(({ messageId }) => keyOf(messageId)));
  return {
    replyMs,
    problems: [
      ...all
        .filter(({ messageId }) => !keys.includes(keyOf(messageId)))
        .map(({ key }) => `${key} was taken and is lost`),
      ...keys.filter((key) => !known.has(key)).map((key) => `${key} stands there, and nobody said it`),
      ...wrong.map(({ id, key, replies }) => `${key} in ${id} has ${replies} replies`),
    ],
  };
}

export const keyOf = (messageId: string): string => `message:${messageId}`;
