// What was said in a conversation, delivered to its channel: each reply once, in order. May import domain and store types.
import type { Delivered } from '../../domain/activity-ports.ts';
import type { ChannelAddress, ChannelSending } from '../../domain/channel.ts';
import type { Item } from '../../domain/item.ts';
import { plain } from '../../domain/text.ts';
import { type DeliverDeps, everywhere, say } from './everywhere.ts';

// 50 replies at a time, 20 times: more than a conversation says before somebody reads it; the next call goes on.
const REPLIES = 50;
const ROUNDS = 20;

export async function deliverReplies(deps: DeliverDeps, conversationId: string): Promise<Delivered> {
  const channel = (await deps.store.conversations.get(conversationId))?.channel ?? null;
  const sender = deps.senders.find(({ name }) => name === channel?.name);
  const all: Delivered = { done: 0, refused: [] };
  if (channel !== null && sender === undefined)
    deps.log.warn({ channel: channel.name }, 'nothing is set to post to a channel in which somebody waits for a reply');
  if (channel === null || sender === undefined) return all;
  let { done } = all;
  for (let round = 0; round < ROUNDS; round++) {
    const items = await deps.store.deliveries.replies({ conversationId, channel: channel.name, limit: REPLIES });
    for (const item of items) {
      // In order: one that does not get through holds up those behind it.
      const { refused } = await everywhere(deps, [{ sender, item, address: channel.address }], (one) =>
        reply(deps, one),
      );
      if (refused.length > 0) return { done, refused };
      done += 1;
    }
    if (items.length < REPLIES) break;
  }
  return { done, refused: [] };
}

/** A long reply is several messages; the last one says that it is delivered. */
async function reply(
  deps: DeliverDeps,
  { sender, item, address }: { readonly sender: ChannelSending; readonly item: Item; readonly address: ChannelAddress },
): Promise<boolean> {
  const parts = partsOf(plain(wordsOf(item)), sender.limits.textChars);
  for (const [at, text] of parts.entries()) {
    const isLast = at === parts.length - 1;
    await say(deps, sender, address, { key: isLast ? `reply:${item.id}` : `reply:${item.id}/${at}`, text });
  }
  return true;
}

function wordsOf({ body }: Item): string {
  if (body.kind === 'staff_reply') return `${body.from.name}: ${body.text}`;
  return body.kind === 'reply' ? body.text : '';
}

/** At least one, none of which splits a character. */
function partsOf(text: string, maxChars: number): readonly string[] {
  const parts: string[] = [];
  for (const character of text) {
    const last = parts.at(-1);
    if (last === undefined || last.length + character.length > maxChars) parts.push(character);
    else parts[parts.length - 1] = last + character;
  }
  return parts.length === 0 ? [' '] : parts;
}
