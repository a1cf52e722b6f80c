// Messages: hand one in, ask what became of it. A 2xx is given only once the Workflow has taken the message; what is
// not sure is 503, with the key under which it can be sent again. May import domain, trust, store.
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { z } from 'zod';
import type { Ticket } from '../domain/conversation.ts';
import { messageKey } from '../domain/ids.ts';
import type { Item } from '../domain/item.ts';
import type { MessageStatement } from '../domain/signed.ts';
import type { ConversationRow, Hearing } from '../store/ports.ts';
import { sha256Hex } from '../trust/digest.ts';
import type { Access } from './access.ts';
import type { Admission } from './admission.ts';
import type { Caller } from './auth.ts';
import type { ApiDeps } from './deps.ts';
import { type Ending, startOf } from './ending.ts';
import { GatewayError } from './gateway-error.ts';
import {
  type ApiLimits,
  REPLY_POLL_FIRST_MS,
  REPLY_POLL_MAX_MS,
  RETRY_AFTER_OUTAGE_S,
  TAKEN_LOOKS_MS,
} from './limits.ts';
import { Problem } from './problem.ts';
import { type Route, route } from './route.ts';
import { Keyed, Message, NewMessage, OfConversation, OfMessage, Waits } from './schemas.ts';
import { itemView, urlOfMessage } from './views.ts';

type Submitting = Pick<ApiDeps, 'store' | 'gateway' | 'signer' | 'nowMs'> & { readonly admission: Admission };
type Deps = Submitting & { readonly limits: ApiLimits };

export function messageRoutes(deps: Deps, access: Access, ending: Ending): readonly Route[] {
  return [
    route({
      method: 'post',
      path: '/v1/conversations/{id}/messages',
      id: 'sendMessage',
      summary: 'Send a message; ?wait=reply waits for the reply of its turn, for a while',
      scope: ['conversations:write', 'operate'],
      params: OfConversation,
      query: Waits,
      headers: Keyed,
      body: NewMessage,
      responses: { 200: Message, 202: Message },
      handler: async ({ params, query, headers, body, caller, signal }) => {
        const { row } = await access.conversation(caller, params.id);
        const key = headers['idempotency-key'] ?? randomUUID();
        const messageId = messageIdOf(caller, key);
        // From before it is handed in, so that no answer is missed.
        const hearing = query.wait === 'reply' ? deps.store.answers.in(row.id) : undefined;
        try {
          const ticket = await ending.whileOpen(row, () =>
            submitMessage(deps, row, caller, { id: messageId, key, text: body.text }),
          );
          if (isOver(ticket)) await assertSameText(deps, row.id, key, messageId, body.text);
          const reply = hearing && (await waitForReply(deps, row.id, ticket, hearing, signal));
          const url = urlOfMessage(row.id, messageId);
          const { ahead, phase, duplicate, shutUntilMs } = ticket;
          const shut = shutUntilMs === undefined ? {} : { shutUntilMs };
          const about = { messageId, conversationId: row.id, url, ahead, phase, duplicate, ...shut };
          const headersOut = { Location: url };
          if (reply === undefined)
            return { status: 202, body: { ...about, status: 'queued' as const }, headers: headersOut };
          return {
            status: 200,
            body: { ...about, status: 'answered' as const, reply: itemView(reply) },
            headers: headersOut,
          };
        } finally {
          hearing?.end();
        }
      },
    }),
    route({
      method: 'get',
      path: '/v1/conversations/{id}/messages/{messageId}',
      id: 'getMessage',
      summary: 'What became of a message: queued, taken into a turn, or answered',
      scope: ['conversations:read', 'operate'],
      params: OfMessage,
      responses: { 200: Message },
      handler: async ({ params, caller }) => {
        const { row } = await access.conversation(caller, params.id);
        const { messageId } = params;
        const about = { messageId, conversationId: row.id, url: urlOfMessage(row.id, messageId), phase: row.phase };
        return { status: 200, body: { ...about, ...(await whereIs(deps, row.id, messageId)) } };
      },
    }),
  ];
}

/** A key is its sender's own: two people who choose the same one mean two messages. */
export function messageIdOf({ principal }: Caller, key: string): string {
  return `m-${sha256Hex(JSON.stringify(['message', principal.tenant, principal.id, key])).slice(0, 32)}`;
}

/** Sign the message as its principal's and hand it in. Where it is not sure to be taken, says how to send it again. */
export async function submitMessage(
  deps: Submitting,
  row: ConversationRow,
  caller: Caller,
  message: NewWords,
): Promise<Ticket> {
  const handIn = () => submit(deps, row, caller, message);
  // It waits for people, who may be those who say it: no model works on it.
  if (row.phase !== 'open') return handIn();
  const place = { id: message.id, principal: caller.principal, conversationId: row.id };
  return deps.admission.enter(place, handIn, (ticket) => !isHeld(ticket) && !isOver(ticket));
}

interface NewWords {
  readonly id: string;
  readonly key: string;
  readonly text: string;
}

async function submit(
  deps: Submitting,
  row: ConversationRow,
  { principal }: Caller,
  { id, key, text }: NewWords,
): Promise<Ticket> {
  const statement: MessageStatement = {
    kind: 'message',
    conversationId: row.id,
    messageId: id,
    principal,
    textSha256: sha256Hex(text),
    atMs: deps.nowMs(),
  };
  const [signed, mark] = await Promise.all([deps.signer.sign(statement), deps.store.sealedBytes.mark(row.id, text)]);
  try {
    return await deps.gateway.submit(startOf(row), { id, text, principalId: principal.id, signed }, mark);
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
    // Well formed as all from here is, so it can only be that another text waits under this id.
    if (error.fault.kind === 'refused' && error.fault.type === 'MessageRejected') throw keyReused(error);
    if (error.fault.kind !== 'unavailable') throw error;
    throw notSure(key, 'The message was not taken in time; it may still be.', error);
  }
}

/** Not sure is never a 2xx; the same key sends it again, and it counts once. */
function notSure(key: string, what: string, cause?: unknown): Problem {
  const detail = `${what} Send it again with "Idempotency-Key: ${key}", and it counts once.`;
  const members = { idempotencyKey: key };
  return new Problem('unavailable', detail, { retryAfterS: RETRY_AFTER_OUTAGE_S, members, cause });
}

function keyReused(cause?: unknown): Problem {
  const detail = 'This Idempotency-Key was used for a message with another text; send this one under a new key.';
  return new Problem('key_reused', detail, { cause });
}

/** It waits for something else than its turn: people, or a budget. */
const isHeld = ({ phase, shutUntilMs }: Ticket): boolean => phase !== 'open' || shutUntilMs !== undefined;

/** It was taken before, and is no more in the queue. */
const isOver = ({ duplicate, queued }: Ticket): boolean => duplicate && queued !== true;

/**
 * The reply of the turn that took the message; undefined when it does not come in time, or will not for now. Looked for when
 * an answer is heard of, and now and then, for that may be missed.
 */
async function waitForReply(
  deps: Deps,
  conversationId: string,
  ticket: Ticket,
  hearing: Hearing,
  signal: AbortSignal,
): Promise<Item | undefined> {
  const { store, limits } = deps;
  const untilMs = performance.now() + limits.replyWaitMs;
  let pauseMs = REPLY_POLL_FIRST_MS;
  // What was taken just now is not answered yet.
  if (!ticket.duplicate && !isHeld(ticket)) await next(limits.replyWaitMs);
  for (;;) {
    const reply = await store.items.replyTo(conversationId, ticket.messageId);
    if (reply !== undefined) deps.admission.answered(ticket.messageId);
    if (reply !== undefined || isHeld(ticket)) return reply;
    const phase = (await store.conversations.get(conversationId))?.phase;
    if (phase === 'paused' || phase === 'stopped' || phase === 'closed') return undefined;
    const leftMs = untilMs - performance.now();
    if (leftMs <= 0 || signal.aborted) return undefined;
    await next(leftMs);
  }

  async function next(leftMs: number): Promise<void> {
    await hearing.next(Math.min(hearing.isSure() ? REPLY_POLL_MAX_MS : pauseMs, leftMs), signal);
    pauseMs = Math.min(pauseMs * 1.5, REPLY_POLL_MAX_MS);
  }
}

/**
 * A duplicate with other words is another message under a used key: nobody would ever see it, so it is refused. One that
 * was taken out of the queue is on record as soon as its turn has opened; until then nobody can tell.
 */
async function assertSameText(
  { store }: Deps,
  conversationId: string,
  key: string,
  messageId: string,
  text: string,
): Promise<void> {
  for (const waitMs of TAKEN_LOOKS_MS) {
    await sleep(waitMs);
    const known = await store.items.byKey(conversationId, messageKey(messageId));
    if (known?.body.text === text) return;
    if (known !== undefined) throw keyReused();
  }
  throw notSure(key, 'A message was taken under this key, and is not on record yet.');
}

/** Answered, taken, or queued; a message that is none of these was never taken in. Throws `not_found`. */
async function whereIs(
  { store, gateway, admission }: Deps,
  conversationId: string,
  messageId: string,
): Promise<Pick<z.input<typeof Message>, 'status' | 'reply'>> {
  for (const waitMs of TAKEN_LOOKS_MS) {
    await sleep(waitMs);
    const reply = await store.items.replyTo(conversationId, messageId);
    if (reply !== undefined) admission.answered(messageId);
    if (reply !== undefined) return { status: 'answered', reply: itemView(reply) };
    if ((await store.items.byKey(conversationId, messageKey(messageId))) !== undefined) return { status: 'taken' };
    // The queue's ids are the Workflow's own; without a worker to ask, a message that we handed in is still queued.
    const view = await gateway.view(conversationId);
    if (view === undefined || view.queued > 0) return { status: 'queued' };
  }
  throw new Problem('not_found', `No message "${messageId}" was taken in here; check the id, or send it again.`);
}
