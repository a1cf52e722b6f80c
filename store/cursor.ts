// Lists newest first, in pages: opaque cursors, and the page itself. May import the port's types only.
import type { Page } from './ports.ts';

/** Position in a list sorted by (time, id), newest first. */
interface Position {
  readonly atMs: number;
  readonly id: string;
}

// 300 characters: more than any id in a list here has; the API bounds the whole cursor likewise.
const ID_CHARS = 300;
// The latest moment that a Date can hold; no row is later.
const MAX_MS = 8.64e15;

/** The text is no cursor that a list here gave out. */
export class CursorInvalid extends Error {
  override readonly name = 'CursorInvalid';
}

/** By name, so that a copy of the class counts too. */
export function isCursorInvalid(error: unknown): error is CursorInvalid {
  return error instanceof Error && error.name === 'CursorInvalid';
}

/** After which position a page begins; '' is the beginning. Throws CursorInvalid. */
export function decodeCursor(cursor: string): Position {
  if (cursor === '') return { atMs: Number.MAX_SAFE_INTEGER, id: '' };
  const [atMs, id] = readPair(cursor);
  if (isMoment(atMs) && isId(id)) return { atMs, id };
  throw new CursorInvalid('the cursor is not one of this list; take it from the answer before, or leave it out');
}

const isMoment = (value: unknown): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 && value <= MAX_MS;

/** What PostgreSQL can compare with an id: it has no NUL, and half a surrogate pair is no text. */
const isId = (value: unknown): value is string =>
  typeof value === 'string' && value.length <= ID_CHARS && !value.includes('\0') && value.isWellFormed();

/** Make a page of `limit` rows out of up to `limit + 1` that were read: the one more says that there is a next page. */
export function pageOf<Read, Row>(
  read: readonly Read[],
  limit: number,
  positionOf: (row: Read) => Position,
  toRow: (row: Read) => Row,
): Page<Row> {
  const shown = read.slice(0, limit);
  const last = shown.at(-1);
  const next = read.length > limit && last !== undefined ? encodeCursor(positionOf(last)) : '';
  return { rows: shown.map(toRow), next };
}

function encodeCursor({ atMs, id }: Position): string {
  return Buffer.from(JSON.stringify([atMs, id])).toString('base64url');
}

function readPair(cursor: string): readonly unknown[] {
  try {
    const value: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
    return Array.isArray(value) ? value : [];
  } catch {
    return [];
  }
}
