// The file of checkpoints that were published before a loss: which of them tells how much there was. May import trust.
import { readFile } from 'node:fs/promises';
import { notesIn } from '../../trust/ledger-file.ts';
import { type Checkpoint, parseCheckpoint } from '../../trust/note.ts';

export interface Published {
  /** As it goes on record; '' where there is none. */
  readonly note: string;
  readonly size: number;
}

export const NONE: Published = { note: '', size: 0 };

/** The names that a ledger has now and had before. */
export interface Names {
  readonly origin: string;
  readonly former: readonly string[];
}

/** Those in a file; none where the path is ''. Rejects with a sentence where it holds none. */
export async function readPublished(path: string): Promise<readonly string[]> {
  if (path === '') return [];
  try {
    const notes = notesIn(await readFile(path, 'utf8'));
    for (const note of notes) checkpointIn(note);
    if (notes.length === 0) throw new Error('it is empty');
    return notes;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Error(`${path} holds no published checkpoint (${why}); name the file that was published, or none`, {
      cause: error,
    });
  }
}

/**
 * The largest of the ledger's own; of those under its former names only where there is no other. Their signatures are not
 * looked at: an auditor who has the old key does, and what they say goes on record as it is. Throws where one is of another
 * ledger.
 */
export function largestOf(notes: readonly string[], { origin, former }: Names): Published {
  const read = notes.map((note) => ({ note, ...checkpointIn(note) }));
  const foreign = read.find((one) => one.origin !== origin && !former.includes(one.origin));
  if (foreign !== undefined) {
    throw new Error(
      `a checkpoint of ${foreign.origin} was published there, and this ledger is ${origin}, and was never that one; ` +
        'name the file of this ledger, or none',
    );
  }
  const own = read.filter((one) => one.origin === origin);
  const largest = (own.length > 0 ? own : read).toSorted((one, other) => other.size - one.size)[0];
  return largest === undefined ? NONE : { note: largest.note, size: largest.size };
}

const checkpointIn = (note: string): Checkpoint => parseCheckpoint(note.slice(0, note.lastIndexOf('\n\n') + 1));
