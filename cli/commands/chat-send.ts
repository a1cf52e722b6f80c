// Hands a message in, and says why it has no answer yet.
import { randomUUID } from 'node:crypto';
import type { z } from 'zod';
import { Message } from '../../api/schemas.ts';
import { waitsForBudgetText } from '../../domain/spending-words.ts';
import type { Client } from '../client.ts';

export const pathOf = (conversationId: string): string => `/v1/conversations/${encodeURIComponent(conversationId)}`;

type Sent = z.output<typeof Message>;

interface SendOptions {
  readonly waitsForReply: boolean;
  readonly signal?: AbortSignal;
}

/** Hand a message in, once, however often it must be sent. */
export function send(client: Client, conversationId: string, text: string, options: SendOptions): Promise<Sent> {
  const path = `${pathOf(conversationId)}/messages${options.waitsForReply ? '?wait=reply' : ''}`;
  const headers = { 'idempotency-key': randomUUID() };
  const signal = options.signal === undefined ? {} : { signal: options.signal };
  return client.post(path, { text }, Message, { countsOnce: true, headers, ...signal });
}

/** Why a message that was taken has no answer yet. */
export function notAnsweredText({ phase, ahead = 0, shutUntilMs }: Sent): string {
  if (phase === 'paused') return 'The conversation is paused; the message is kept, and answered after that.';
  if (phase === 'handed_over') return 'A person answers here now; the message is kept for them.';
  if (shutUntilMs !== undefined) return waitsForBudgetText(shutUntilMs);
  const queue = ahead > 0 ? ` ${ahead} ${ahead === 1 ? 'message is' : 'messages are'} before it.` : '';
  return `The message is taken; its answer is still being made.${queue}`;
}
