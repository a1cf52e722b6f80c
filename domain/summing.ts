// When a conversation is summed up, what of it, and what becomes of the state by it. Pure. May import domain only.
import type { ConversationState } from './conversation.ts';
import type { ItemRef } from './item.ts';
import { quotedInto } from './quoted.ts';
import { noteForgotten, opensTurn } from './recent.ts';

// 40 of the 60 items that a call may show: two turns of ten items go on while it is summed up, and lose nothing.
export const SUM_UP_FROM = 40;
// 20 items stay as they are: what is spoken of just now, in its own words.
const KEEP_RECENT = 20;
// 200 items at once of what left: what is more is summed up after the next turn.
const MAX_SOURCES = 200;

/** What is summed up next, oldest first; empty where nothing is due. The last exchange is never part of it. */
export function toSumUp(state: ConversationState): readonly ItemRef[] {
  const { recent, leaving = [], isTight } = state;
  const isDue = leaving.length > 0 || recent.length > SUM_UP_FROM || isTight === true;
  if (!isDue) return [];
  const begins = recent.flatMap((item, at) => (opensTurn(item) && !opensTurn(recent[at - 1]) ? [at] : []));
  // Of what is too long though it is few, the older half.
  const most = isTight === true ? Math.floor(recent.length / 2) : KEEP_RECENT;
  const end = begins.find((at) => recent.length - at <= Math.max(most, recent.length - (begins.at(-1) ?? 0))) ?? 0;
  // Cut only where nothing is shown of either side any more, so that no call loses its result.
  return leaving.length >= MAX_SOURCES ? leaving.slice(0, MAX_SOURCES) : [...leaving, ...recent.slice(0, end)];
}

/** The summary stands in the place of its sources from here on. */
export function takeOnSummary(state: ConversationState, summary: ItemRef, sources: readonly string[]): void {
  const summed = new Set(sources);
  const isLeft = ({ id }: ItemRef) => !summed.has(id);
  noteForgotten(state, [...state.recent.filter((item) => !isLeft(item)), summary]);
  quotedInto(state, summary.id, new Set([...summed, ...(state.summary === undefined ? [] : [state.summary.id])]));
  state.recent = state.recent.filter(isLeft);
  state.leaving = (state.leaving ?? []).filter(isLeft);
  state.summary = summary;
  delete state.isTight;
}

/** Messages and reports of which a model sees neither the whole nor a sentence. */
export const unshownBy = ({ leaving = [], lost = 0 }: ConversationState): number =>
  lost + leaving.filter(opensTurn).length;
