// What one model call shows: of the items that it was offered, what a provider accepts and what there is room for; and how
// that is put on record. May import domain and trust.
import { assembleTranscript } from '../../domain/context.ts';
import { fitTranscript, type Room, type ShownWithin } from '../../domain/fitting.ts';
import type { Item, ItemMark } from '../../domain/item.ts';
import { markOf } from '../../trust/digest.ts';

export interface Showing {
  /** As the model reads it. */
  readonly transcript: readonly Item[];
  /** For the record: what is shown whole, and what became of the rest. */
  readonly shown: readonly ItemMark[];
  readonly within: ShownWithin;
}

export function showingOf(offered: readonly Item[], room: Room): Showing {
  const assembled = assembleTranscript(offered);
  const { transcript, whole, reduced, leftOut, tokens } = fitTranscript(assembled, room);
  const known = new Set(assembled.map(({ id }) => id));
  const unpaired = offered.filter(({ id, body }) => !known.has(id) && body.kind !== 'facts');
  return {
    transcript,
    shown: whole.map(markOf),
    within: {
      maxTokens: room.maxTokens,
      countedTokens: tokens,
      reduced: reduced.map(markOf),
      leftOut: [
        ...unpaired.map((item) => ({ ...markOf(item), why: 'no_counterpart' as const })),
        ...leftOut.map((item) => ({ ...markOf(item), why: 'no_room' as const })),
      ],
    },
  };
}
