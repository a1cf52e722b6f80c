// What a model call may show, and the label of what fell out of it. Pure. May import domain only.
import type { ConversationState } from './conversation.ts';
import { turnOfBatch } from './ids.ts';
import type { ItemRef } from './item.ts';
import type { Seen } from './sources.ts';

// 60 items: about 20 turns with a tool call; older context is left out of model calls.
export const MAX_RECENT = 60;
// 400: what a long turn pushes out at once. What is more than that before anybody sums up is not shown any more at all.
const MAX_LEAVING = 400;
// 400: the longest lawful turn of the default limits has about 200 items; a model must see what it works on.
export const MAX_TURN_ITEMS = 400;

/**
 * Remember items for the next model calls. The turn that runs is kept whole, within its own bound; of what was before it
 * the oldest fall out, a whole exchange at a time.
 */
export function remember(state: ConversationState, items: readonly ItemRef[]): void {
  const all = [...state.recent, ...items];
  let start = all.findLastIndex(opensTurn);
  while (start > 0 && opensTurn(all[start - 1])) start -= 1; // what was said together opens a turn together
  const turn = start === -1 ? all : all.slice(start);
  const kept = turn.length <= MAX_TURN_ITEMS ? turn : [...turn.slice(0, 1), ...turn.slice(1 - MAX_TURN_ITEMS)];
  const room = Math.max(0, MAX_RECENT - kept.length);
  const before = all.slice(0, Math.max(0, start));
  const near = before.slice(Math.max(0, before.length - room));
  const whole = near.length === before.length ? 0 : near.findIndex(opensTurn);
  // Where not even the last exchange fits whole, its words stay.
  const words = before.filter((item) => opensTurn(item) || item.kind === 'reply');
  const rest = whole === -1 ? words.slice(Math.max(0, words.length - room)) : near.slice(whole);
  state.recent = [...rest, ...kept];
  const shown = new Set(state.recent);
  const lost = all.filter((item) => !shown.has(item));
  if (lost.length === 0) return;
  noteForgotten(state, lost);
  const leaving = [...(state.leaving ?? []), ...lost];
  const gone = leaving.slice(0, Math.max(0, leaving.length - MAX_LEAVING));
  state.leaving = leaving.slice(gone.length);
  if (gone.some(opensTurn)) state.lost = (state.lost ?? 0) + gone.filter(opensTurn).length;
}

/** Items that calls show no more. */
export function noteForgotten(state: ConversationState, items: readonly ItemRef[]): void {
  if (items.length === 0 || state.forgotten === 'untrusted') return;
  state.forgotten = items.every(isHarmless) ? 'clean' : 'untrusted';
}

/** What the model said is as bad as what was shown to it, which has a label of its own. */
const isHarmless = ({ kind, isClean }: ItemRef): boolean => kind === 'calls' || kind === 'reply' || isClean === true;

/** What a model call shows now, and what may live on in the model's words though it is shown no more. */
export function shownNow({ recent, summary, forgotten, speakers }: ConversationState): Seen {
  const isClean = forgotten === undefined || (forgotten === 'clean' && speakers.length < 2);
  const shown = summary === undefined ? recent : [summary, ...recent];
  return { itemIds: shown.map(({ id }) => id), forgotten: isClean ? 'clean' : 'untrusted' };
}

/** The turns of which something still waits here: a model must not lose sight of what it has begun. */
export const openTurns = ({ waiting }: Pick<ConversationState, 'waiting'>): readonly number[] => [
  ...new Set(waiting.flatMap(({ batchId }) => turnOfBatch(batchId) ?? [])),
];

export const opensTurn = (item: ItemRef | undefined): boolean => item?.kind === 'message' || item?.kind === 'report';
