// What the requester has said since somebody asked back, as a card shows it. Pure. May import domain.
import type { Approval } from './approval.ts';
import type { ConversationState } from './conversation.ts';
import type { Item } from './item.ts';

export interface SaidSince {
  readonly text: string;
  readonly atMs: number;
}

// 5 messages: an answer is one or two; whoever needs more reads the conversation.
const MAX_SAID = 5;
// 50: of all who speak there, the last ones are looked at.
export const LOOKED_AT = 50;

/** When somebody first asked back; undefined where nobody has. */
export function askedBackMs({ asides = [] }: Pick<Approval, 'asides'>): number | undefined {
  const times = asides.filter(({ answer }) => answer === 'ask_back').map(({ atMs }) => atMs);
  return times.length === 0 ? undefined : Math.min(...times);
}

/** The requester's last words since then, oldest first, out of the last items of the conversation. */
export function saidSince(approval: Approval, items: readonly Item[]): readonly SaidSince[] {
  const fromMs = askedBackMs(approval) ?? Number.POSITIVE_INFINITY;
  const said = items.flatMap(({ body, createdMs }) =>
    body.kind === 'message' && body.from.id === approval.requester && createdMs >= fromMs
      ? [{ text: body.text, atMs: createdMs }]
      : [],
  );
  return said.slice(-MAX_SAID);
}

/** Whoever asked back is told when something is said. */
export function noteAskedBack(state: Pick<ConversationState, 'waiting'>, batchId: string): void {
  state.waiting = state.waiting.map((one) => (one.batchId === batchId ? { ...one, asksBack: true } : one));
}

/** Whether anybody waits for an answer of the requester, and sees it on a card. */
export const isAskedBack = ({ waiting }: Pick<ConversationState, 'waiting'>): boolean =>
  waiting.some(({ asksBack }) => asksBack === true);
