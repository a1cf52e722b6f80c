// What was said in a conversation, delivered to its channel: each reply once, in order. May import domain, trust and store
// types.
import type { Delivered } from '../../domain/activity-ports.ts';
import type { ChannelAddress, ChannelSending, MessageRef } from '../../domain/channel.ts';
import type { Item } from '../../domain/item.ts';
import { plain } from '../../domain/text.ts';
import { everywhere } from './everywhere.ts';
import { type Run, say, TOLD_ONCE } from './posting.ts';

// 50 replies at a time, 20 times: more than a conversation says before somebody reads it; the next call goes on.
const REPLIES = 50;
const ROUNDS = 20;
// 20 sentences about what was refused: they go into a history, and say the same.
const MAX_REFUSED = 20;

export async function deliverReplies(run: Run, conversationId: string): Promise<Delivered> {
  const channel = (await run.store.conversations.get(conversationId))?.channel ?? null;
  const sender = run.senders.find(({ name }) => name === channel?.name);
  const refused: string[] = [];
  let done = 0;
  if (channel !== null && sender === undefined)
    run.log.warn({ channel: channel.name }, 'nothing is set to post to a channel in which somebody waits for a reply');
  if (channel === null || sender === undefined) return { done, refused };
  for (let round = 0; round < ROUNDS; round++) {
    const items = await run.store.deliveries.replies({ conversationId, channel: channel.name, limit: REPLIES });
    for (const item of items) {
      // In order: one that does not get through holds up those behind it, and one that is refused for good does not.
      const place = { sender, item, address: channel.address };
      const came = await everywhere(run, [place], (one) => reply(run, one));
      done += came.done;
      refused.push(...came.refused);
    }
    if (items.length < REPLIES) break;
  }
  return { done, refused: refused.slice(0, MAX_REFUSED) };
}

/** A long reply is several messages; with the last one all of it is told. Of one that is refused no more is said. */
async function reply(
  run: Run,
  { sender, item, address }: { readonly sender: ChannelSending; readonly item: Item; readonly address: ChannelAddress },
): Promise<boolean> {
  const { id, conversationId, seq } = item;
  const parts = partsOf(plain(wordsOf(item)), sender.limits.textChars);
  const keys = parts.map((_, at) => (at === parts.length - 1 ? `reply:${id}` : `reply:${id}/${at}`));
  const told = () => run.store.deliveries.told({ conversationId, seq, keys });
  for (const [at, text] of parts.entries()) {
    const isLast = at === parts.length - 1;
    const key = keys[at] ?? '';
    const stands = { key, channel: sender.name, digest: TOLD_ONCE, atMs: run.nowMs(), card: null };
    const keep = (ref: MessageRef | null) =>
      ref === null || isLast ? told() : run.store.deliveries.put({ ...stands, ref }, []);
    await say(run, sender, address, { key, text, keep });
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
