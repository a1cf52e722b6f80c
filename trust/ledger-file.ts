// The two files that an auditor holds, as docs/ledger-format.md describes them: an export of the ledger (JSONL) and the
// checkpoints that were published. Owns how they are read; what they must prove is in trust/verify-ledger.ts. May import
// trust. Guarantees: what is read is whole and well-formed, signed where it must be, or an error that says what is not.
import { type Checkpoint, NoteInvalid, openNote, parseCheckpoint } from './note.ts';

/** The first word of every export: what follows is in this format. */
export const EXPORT_FORMAT = 'countersign-ledger/1';

/** A file is not what it should be. The message is a sentence for people. */
export class LedgerFileInvalid extends Error {
  override readonly name = 'LedgerFileInvalid';
}

/** The first line of an export. */
export interface Header {
  /** Entries `from` to `to` follow, counted from 1: all of the ledger, or a part of it. */
  readonly from: number;
  readonly to: number;
  /** The signed state of the ledger to which every proof leads. */
  readonly checkpoint: Checkpoint;
}

/** What was published outside of the database, by size. At least one. */
export interface Published {
  readonly origin: string;
  readonly roots: ReadonlyMap<number, Buffer>;
  readonly largest: number;
}

export interface EntryLine {
  readonly seq: number;
  /** The exact text that was hashed. */
  readonly entry: string;
  /** Base64, from the leaf up. */
  readonly proof: readonly string[];
}

// 16 MiB: far above the largest entry with its proof; a file without newlines must not fill the memory.
const MAX_LINE_BYTES = 16 * 1024 * 1024;
// 53: the levels of a tree as large as a whole number can say exactly.
const MAX_PROOF_HASHES = 53;
const NEWLINE = 0x0a;

/** Read the file of published checkpoints: signed notes, one after the other. Throws NoteInvalid. */
export function readPublished(text: string, verifierKey: string): Published {
  const roots = new Map<number, Buffer>();
  let origin: string | undefined;
  for (const note of notesIn(text)) {
    const one = parseCheckpoint(openNote(note, verifierKey));
    origin ??= one.origin;
    if (one.origin !== origin) {
      throw new NoteInvalid(`the published checkpoints are of two ledgers: ${origin} and ${one.origin}`);
    }
    if (roots.get(one.size)?.equals(one.root) === false) {
      throw new NoteInvalid(
        `two published checkpoints of size ${one.size} have different roots: the ledger was forked`,
      );
    }
    roots.set(one.size, one.root);
  }
  if (origin === undefined)
    throw new NoteInvalid('there is no published checkpoint, and without one nothing is proven');
  return { origin, roots, largest: [...roots.keys()].reduce((one, other) => Math.max(one, other)) };
}

/** The notes in a text, one after the other. A note ends with the last of its signatures; what follows the last is left. */
export function notesIn(text: string): readonly string[] {
  const notes = text.split(/(?<=\n\u2014 [^\n]*\n)(?!\u2014 )/).map((one) => one.replace(/^\n+/, ''));
  return notes.filter((one) => one !== '');
}

/** Read the first line of an export of the ledger `origin`. Throws LedgerFileInvalid, or NoteInvalid for its checkpoint. */
export function readHeader(line: string, origin: string, verifierKey: string): Header {
  const { format, origin: ofExport, size, from, to, checkpoint: note } = objectOf(line) ?? {};
  if (format !== EXPORT_FORMAT || typeof note !== 'string') {
    throw new LedgerFileInvalid(`the first line is not the header of an export in the format ${EXPORT_FORMAT}`);
  }
  const checkpoint = parseCheckpoint(openNote(note, verifierKey));
  if (ofExport !== checkpoint.origin || size !== checkpoint.size) {
    throw new LedgerFileInvalid('the header of the export names another ledger or size than its checkpoint');
  }
  if (checkpoint.origin !== origin) {
    throw new LedgerFileInvalid(`the export is of ${checkpoint.origin}, the published checkpoints are of ${origin}`);
  }
  // Only the empty ledger has an export without entries: an empty part would prove nothing and look as if it did.
  if (!isSeq(from) || typeof to !== 'number' || !Number.isSafeInteger(to) || to > checkpoint.size) {
    throw new LedgerFileInvalid(`the header of the export names entries that a ledger of ${size} does not have`);
  }
  if (to < from && !(checkpoint.size === 0 && to === 0 && from === 1)) {
    throw new LedgerFileInvalid('the header of the export names no entries');
  }
  return { from, to, checkpoint };
}

/** Read the line of entry `place`. A text instead says what is wrong with it. */
export function readEntry(line: string, place: number): EntryLine | string {
  const { seq, entry, proof } = objectOf(line) ?? {};
  if (!isSeq(seq) || typeof entry !== 'string' || !entry.isWellFormed() || !isProof(proof)) {
    return `the line of entry ${place} is malformed`;
  }
  if (seq !== place) return `entry ${seq} stands where entry ${place} should be`;
  if (objectOf(entry)?.['seq'] !== seq) return `what stands as entry ${place} says otherwise in itself`;
  return { seq, entry, proof };
}

/**
 * The lines of a file, read in chunks. Divided at newlines only: Node's readline also divides at characters that JSON may
 * hold, such as U+2028. Throws LedgerFileInvalid at bytes that are not UTF-8, once all lines before have been given.
 */
export async function* linesOf(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  let rest = Buffer.alloc(0);
  for await (const chunk of chunks) {
    const end = chunk.lastIndexOf(NEWLINE) + 1;
    if (end > 0) {
      yield* decoded(Buffer.concat([rest, chunk.subarray(0, end - 1)]));
      rest = Buffer.from(chunk.subarray(end));
    } else {
      rest = Buffer.concat([rest, chunk]);
    }
    if (rest.length > MAX_LINE_BYTES) throw new LedgerFileInvalid(`it is longer than ${MAX_LINE_BYTES} bytes`);
  }
  if (rest.length > 0) yield* decoded(rest);
}

/** Each line by itself: in one text with others, a single wide character would make all of them twice as large. */
function* decoded(bytes: Buffer): Generator<string> {
  for (let start = 0; ; ) {
    const end = bytes.indexOf(NEWLINE, start);
    const line = textOf(bytes.subarray(start, end < 0 ? bytes.length : end));
    if (line === undefined) throw new LedgerFileInvalid('it is not UTF-8');
    yield line;
    if (end < 0) return;
    start = end + 1;
  }
}

/** Undefined for bytes that are no text: they would all become U+FFFD, and a change of them could not be seen. */
function textOf(bytes: Buffer): string | undefined {
  const text = bytes.toString('utf8');
  return !text.includes('\ufffd') || Buffer.from(text).equals(bytes) ? text : undefined;
}

/** The members of a JSON object; undefined when the text is none. */
function objectOf(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : undefined;
  } catch {
    return undefined;
  }
}

const isSeq = (value: unknown): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 1;

const isProof = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.length <= MAX_PROOF_HASHES && value.every((one) => typeof one === 'string');
