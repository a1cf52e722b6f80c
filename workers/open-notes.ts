// What the API wants one person told, as it lies in the store, made into what a channel tells: a link in it is sealed to the
// actor's process. May import domain and trust. Guarantees: a link that was sealed for another person is not told.
import type { Note } from '../domain/channel.ts';
import { type DueNote, occasionOf } from '../domain/delivery.ts';
import type { Open } from '../trust/sealing.ts';

/** `open` is undefined where the process has no key. */
export function openedNote({ channel, way, note }: Pick<DueNote, 'channel' | 'way' | 'note'>, open?: Open): Note {
  if (note.kind === 'reason') return note;
  const { text, link } = note;
  if (link === undefined) return { kind: 'text', text };
  const url = open?.(link.sealed, occasionOf(channel, way));
  return url === undefined ? CLOSED : { kind: 'text', text, link: { url, label: link.label } };
}

const CLOSED: Note = {
  kind: 'text',
  text: 'The link cannot be opened here. Whoever runs this: is COUNTERSIGN_LINK_KEY of the actor the key of COUNTERSIGN_LINK_PUBLIC_KEY?',
};
