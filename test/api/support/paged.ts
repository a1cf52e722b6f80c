// Pages of what a fake has in memory.
import { CursorInvalid } from '../../../store/cursor.ts';
import type { Page } from '../../../store/ports.ts';

/** Newest first; the cursor is how many were shown. */
export function paged<Row>(rows: readonly Row[], cursor: string, limit: number): Page<Row> {
  const from = Number(cursor || 0);
  if (Number.isNaN(from)) throw new CursorInvalid('the cursor is not one of this list');
  const page = rows.toReversed().slice(from, from + limit);
  return { rows: page, next: from + limit < rows.length ? String(from + limit) : '' };
}
