// Reads a list of the API to its end, or to a bound. May import the client and zod.
import type { z } from 'zod';
import { pageOf } from '../../api/schemas.ts';
import type { Client } from '../client.ts';

// 10 pages of 100: more than a person reads; a script that wants all pages the API itself.
const MAX_PAGES = 10;
const PAGE_ROWS = 100;

export interface Rows<T> {
  readonly rows: readonly T[];
  /** True when there are more than were read. */
  readonly isCut: boolean;
}

/** All rows, at most a thousand. */
export async function readAll<T extends z.ZodType>(
  client: Client,
  path: string,
  query: Readonly<Record<string, string>>,
  row: T,
): Promise<Rows<z.output<T>>> {
  const rows: z.output<T>[] = [];
  let cursor = '';
  for (let page = 1; page <= MAX_PAGES; page++) {
    const search = new URLSearchParams({ ...query, limit: String(PAGE_ROWS), cursor });
    const answer = await client.get(`${path}?${search.toString()}`, pageOf(row));
    rows.push(...answer.rows);
    cursor = answer.next;
    if (cursor === '') return { rows, isCut: false };
  }
  return { rows, isCut: true };
}

/** "3", or "1000 or more" when the list was cut. */
export const countOf = ({ rows, isCut }: Rows<unknown>): string => `${rows.length}${isCut ? ' or more' : ''}`;
