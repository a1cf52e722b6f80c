// What a model is told of a transcript that does not begin where the conversation did: how much is not there, and what still
// waits of it. Pure. May import domain only.
import type { WaitingBatch } from './conversation.ts';
import { cutText, timeText } from './text.ts';
import { turnOfBatch } from './ids.ts';
import type { Item } from './item.ts';

/** Words of code at the beginning of what is shown; no item of the transcript. */
export interface Note {
  readonly kind: 'note';
  readonly text: string;
}

/** Something that waits elsewhere, or goes on there. */
export interface OpenThing {
  readonly turn: number;
  readonly summaries: readonly string[];
  /** '' while it goes on by itself. */
  readonly group: string;
  readonly deadlineMs: number;
}

// 400 characters of what one batch is about: its actions have a line each on cards; this is to know it again.
const MAX_ABOUT_CHARS = 400;

/** What waits of a conversation, as a model call is told. */
export const openThings = (waiting: readonly WaitingBatch[]): readonly OpenThing[] =>
  waiting.map(({ batchId, summaries, group, deadlineMs }) => {
    return { turn: turnOfBatch(batchId) ?? 0, summaries, group, deadlineMs };
  });

interface Unshown {
  /** Messages and reports of which neither a sentence is shown nor the whole: they left for want of room. */
  readonly messages: number;
  /** The first that is shown. */
  readonly first: Item | undefined;
  /** Whose turns are not shown whole. */
  readonly open: readonly OpenThing[];
}

/** Undefined where all is shown. */
export function noteOf({ messages, first, open }: Unshown): Note | undefined {
  const lines = [
    ...(messages === 0 ? [] : [countText(messages, first)]),
    ...open.map(
      ({ turn, summaries, group, deadlineMs }) =>
        `Open since turn ${turn}: ${cutText(summaries.join('; ').replace(/\s+/gu, ' '), MAX_ABOUT_CHARS)} ${
          group === '' ? '(goes on by itself)' : `(waits for ${group}, until ${timeText(deadlineMs)})`
        }`,
    ),
  ];
  return lines.length === 0 ? undefined : { kind: 'note', text: `[note of the system]\n${lines.join('\n')}` };
}

function countText(messages: number, first: Item | undefined): string {
  const since = first === undefined ? '' : `, all from before ${timeText(first.createdMs)}`;
  const what =
    messages === 1
      ? '1 earlier message and what followed upon it is'
      : `${messages} earlier messages and what followed upon them are`;
  return `This conversation began before what you see: ${what} not shown${since}.`;
}
