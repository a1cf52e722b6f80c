// Which conversation a place of a channel has now: the first of that place that has not ended. A conversation that ended
// never goes on, and a place does, so its conversations are numbered. May import domain and store types.
// Guarantees: only what a channel opened at that very place counts, whoever else has taken its id.
import type { ConversationChannel } from '../domain/channel.ts';
import { channelConversationId } from '../domain/ids.ts';
import type { ConversationRow, Store } from '../store/ports.ts';

// 2^20: a thousand a day for three years, at one place.
const MAX_NTH = 2 ** 20;

export interface Place {
  readonly channel: ConversationChannel;
  /** In 22 characters. */
  readonly hash: string;
  readonly agent: string;
  readonly tenant: string;
}

export interface Standing {
  readonly id: string;
  /** Undefined where nobody has spoken since the last one ended. */
  readonly row: ConversationRow | undefined;
  /** The one that ended before it; '' where there is none. */
  readonly before: string;
}

/**
 * The conversation that goes on at this place. Those before it have all ended, so it is found by halving, in a look or two
 * where none has. Throws where a place has had more than anybody could have held.
 */
export async function standingAt(store: Pick<Store['conversations'], 'get'>, place: Place): Promise<Standing> {
  const idOf = (nth: number): string => channelConversationId(place.channel.name, place.hash, nth);
  let over = 0;
  let nth = 1;
  let row = await store.get(idOf(nth));
  while (isOver(row, place)) {
    over = nth;
    nth *= 2;
    if (nth > MAX_NTH) throw new Error(`more than ${MAX_NTH} conversations have ended at one place`);
    row = await store.get(idOf(nth));
  }
  while (nth - over > 1) {
    const middle = Math.floor((over + nth) / 2);
    const there = await store.get(idOf(middle));
    if (isOver(there, place)) over = middle;
    else [nth, row] = [middle, there];
  }
  return { id: idOf(nth), row, before: nth === 1 ? '' : idOf(nth - 1) };
}

/** It cannot go on: it has ended, is of somebody else, or of another agent than the one who speaks here by now. */
function isOver(row: ConversationRow | undefined, place: Place): boolean {
  return row !== undefined && (row.phase === 'closed' || !isOf(row, place));
}

/** Opened by this channel, at this place, for this agent. */
export function isOf({ channel, agent, tenant }: ConversationRow, place: Place): boolean {
  const { name, address } = place.channel;
  const isHere =
    channel?.name === name && channel.address.to === address.to && channel.address.thread === address.thread;
  return isHere && agent === place.agent && tenant === place.tenant;
}
