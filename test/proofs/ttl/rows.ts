// All that the database holds of some conversations, row by row, so that what is not due can be seen to stay byte for byte.
import type { Rig } from '../rig/rig.ts';
import { ask } from '../rig/truth.ts';

export type Rows = readonly string[];

/** Every row of every table that is of one of these conversations. */
export async function rowsOf(rig: Rig, ids: readonly string[]): Promise<Rows> {
  const tables = await ask<{ name: string }>(
    rig,
    `select table_name as name from information_schema.columns
      where table_schema = 'countersign' and column_name = 'conversation_id' order by 1`,
  );
  const texts = [
    `select 'conversations' || one::text as row from countersign.conversations as one where id = any($1)`,
    `select 'ledger_seals' || one::text as row from countersign.ledger_seals as one
      join countersign.ledger using (seq) where conversation_id = any($1)`,
    ...tables.map(
      ({ name }) =>
        `select '${name}' || one::text as row from countersign.${name} as one where conversation_id = any($1)`,
    ),
  ];
  const found = await Promise.all(texts.map((text) => ask<{ row: string }>(rig, text, [ids])));
  return found.flatMap((rows) => rows.map(({ row }) => row).toSorted());
}

/** What was there and is not, and what was not there and is. */
export function changes(before: Rows, after: Rows): readonly string[] {
  const had = new Set(before);
  const has = new Set(after);
  return [
    ...before.filter((row) => !has.has(row)).map((row) => `gone: ${row.slice(0, 400)}`),
    ...after.filter((row) => !had.has(row)).map((row) => `new: ${row.slice(0, 400)}`),
  ];
}
