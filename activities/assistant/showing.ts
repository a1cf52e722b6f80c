// What one model call shows: of the items that it was offered, what a provider accepts and what there is room for; and how
// that is put on record. May import domain and trust.
import { assembleTranscript } from '../../domain/context.ts';
import { fitTranscript, type Room, type ShownWithin } from '../../domain/fitting.ts';
import { factMark } from '../../domain/memory.ts';
import type { Note } from '../../domain/memory-note.ts';
import type { Item, ItemMark } from '../../domain/item.ts';
import { markOf } from '../../trust/digest.ts';

export interface Showing {
  /** As the model reads it. */
  readonly transcript: readonly Item[];
  /** For the record: what is shown whole, and what became of the rest. */
  readonly shown: readonly ItemMark[];
  readonly within: ShownWithin;
  /** What is remembered, as the model reads it; '' where there is nothing. */
  readonly note: string;
}

const NOTHING: Note = { text: '', tokens: 0, shown: [], leftOut: [] };

export function showingOf(offered: readonly Item[], room: Room, note: Note = NOTHING): Showing {
  const assembled = assembleTranscript(offered);
  const { transcript, whole, reduced, leftOut, tokens } = fitTranscript(assembled, {
    ...room,
    pinnedTokens: room.pinnedTokens + note.tokens,
  });
  const known = new Set(assembled.map(({ id }) => id));
  const unpaired = offered.filter(({ id, body }) => !known.has(id) && body.kind !== 'facts');
  return {
    transcript,
    note: note.text,
    shown: whole.map(markOf),
    within: {
      maxTokens: room.maxTokens,
      countedTokens: tokens,
      reduced: reduced.map(markOf),
      leftOut: [
        ...unpaired.map((item) => ({ ...markOf(item), why: 'no_counterpart' as const })),
        ...leftOut.map((item) => ({ ...markOf(item), why: 'no_room' as const })),
      ],
      ...(note.shown.length + note.leftOut.length === 0 ? {} : { facts: marksOf(note) }),
    },
  };
}

const marksOf = ({ shown, leftOut }: Note) => ({ shown: shown.map(factMark), leftOut: leftOut.map(factMark) });
