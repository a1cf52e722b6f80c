// What one model call shows: of the items that it was offered, what a provider accepts and what there is room for; and how
// that is put on record. May import domain and trust.
import { type Note, noteOf, type OpenThing } from '../../domain/beginning.ts';
import { assembleTranscript } from '../../domain/context.ts';
import { type Fitted, fitTranscript, type Room, type ShownWithin } from '../../domain/fitting.ts';
import type { Item, ItemMark } from '../../domain/item.ts';
import { factMark } from '../../domain/memory.ts';
import type { Note as Remembered } from '../../domain/memory-note.ts';
import type { ModelRequest } from '../../domain/model.ts';
import { markOf } from '../../trust/digest.ts';
import type { CountTokens } from './tokens.ts';

export interface Showing {
  /** As the model reads it. */
  readonly transcript: ModelRequest['transcript'];
  /** For the record: what is shown whole, and what became of the rest. */
  readonly shown: readonly ItemMark[];
  readonly within: ShownWithin;
  /** Little room is left, or some was made: what could be summed up should be. */
  readonly isTight: boolean;
}

/** What stands before the transcript: what is remembered; and what waits, and how much is not even offered. */
interface Besides {
  readonly remembered?: Remembered;
  readonly open: readonly OpenThing[];
  readonly unshown: number;
  readonly countTokens: CountTokens;
}

// Of the tokens for a transcript: past three quarters the next long message would push out exchanges.
const TIGHT_SHARE = 0.75;

export function showingOf(offered: readonly Item[], room: Room, besides?: Besides): Showing {
  const assembled = assembleTranscript(offered);
  // The longest note that there can be has its room beforehand: what is left out decides what it says.
  const noteTokens = besides === undefined ? 0 : tokensOfNote(besides);
  const remembered = besides?.remembered ?? NOTHING;
  const pinnedTokens = room.pinnedTokens + remembered.tokens + noteTokens;
  const fitted = fitTranscript(assembled, { ...room, pinnedTokens });
  const { transcript, whole, reduced, leftOut, tokens } = fitted;
  const known = new Set(assembled.map(({ id }) => id));
  const unpaired = offered.filter(({ id, body }) => !known.has(id) && body.kind !== 'facts');
  const note = besides === undefined ? undefined : noteOn(fitted, besides);
  const most = (room.maxTokens - pinnedTokens) * TIGHT_SHARE + pinnedTokens;
  return {
    transcript: [...noteIn(remembered), ...(note === undefined ? [] : [note]), ...transcript.map(({ body }) => body)],
    shown: whole.map(markOf),
    within: {
      maxTokens: room.maxTokens,
      countedTokens: tokens - (note === undefined ? noteTokens : 0),
      reduced: reduced.map(markOf),
      leftOut: [
        ...whole.flatMap(summedUp),
        ...unpaired.map((item) => ({ ...markOf(item), why: 'no_counterpart' as const })),
        ...leftOut.map((item) => ({ ...markOf(item), why: 'no_room' as const })),
      ],
      ...(remembered.shown.length + remembered.leftOut.length === 0 ? {} : { facts: marksOf(remembered) }),
    },
    isTight: leftOut.length > 0 || tokens > most,
  };
}

const NOTHING: Remembered = { text: '', tokens: 0, shown: [], leftOut: [] };

const noteIn = ({ text }: Remembered): readonly Note[] => (text === '' ? [] : [{ kind: 'note', text }]);

const marksOf = ({ shown, leftOut }: Remembered) => ({ shown: shown.map(factMark), leftOut: leftOut.map(factMark) });

const opens = ({ body: { kind } }: Item): boolean => kind === 'message' || kind === 'report';

function noteOn({ transcript, leftOut }: Fitted, { open, unshown }: Besides) {
  const shown = transcript.filter(({ body }) => body.kind !== 'summary');
  const lastGone = Math.max(-1, ...leftOut.map(({ seq }) => seq));
  return noteOf({
    messages: unshown + leftOut.filter(opens).length,
    first: shown.find(({ seq }) => seq > lastGone),
    open: open.filter(({ turn }) => !shown.some((item) => item.turn === turn && opens(item))),
  });
}

function tokensOfNote({ open, unshown, countTokens }: Besides): number {
  const longest = noteOf({ messages: unshown, first: undefined, open });
  return longest === undefined ? 0 : countTokens(longest.text);
}

/** What stands in a summary that is shown: its own sources, and the summary that it goes on from. */
function summedUp({ id: into, body }: Item) {
  if (body.kind !== 'summary') return [];
  const sources = body.earlier === undefined ? body.sources : [body.earlier, ...body.sources];
  return sources.map((mark) => ({ ...mark, why: 'summed_up' as const, into }));
}
