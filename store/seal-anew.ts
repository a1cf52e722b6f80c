// What an older version left readable in an encrypted store, encrypted where it lies, under the key of the words beside it:
// keys of remembered facts, and amounts. As the owner of the tables. May import domain types. Guarantees: a row is done or
// as it was, and a second run finds what the first has left.
import { type RawBuilder, sql } from 'kysely';
import { keyIn } from './facts.ts';
import type { Db, Tx } from './schema.ts';
import { openRow, sealedCell, sealedIn, sealedText, underOf } from './words.ts';

// 500 rows in a transaction: some hundred milliseconds.
const AT_ONCE = 500;

// Quotes within a text are written with a backslash before them: what looks like a member is one.
const IS_SEALED = '"~": ?"';
const AMOUNT = '"amount": ?[{]';
const NO_AMOUNT = '"amount": ?[{]"currency": ?"",';

export async function sealAnew(db: Db): Promise<void> {
  await inBatches(db, 'facts', sql`value like '~%' and key <> '' and key not like '~%'`, sealKey);
  const verdicts = sql`verdict::text ~ '"(amount|reserves)":' and verdict::text ~ ${IS_SEALED}`;
  await inBatches(db, 'actions', verdicts, (tx, id) => sealCell(tx, 'actions.verdict', id));
  const approvals = sql`approval::text ~ ${AMOUNT} and approval::text !~ ${NO_AMOUNT} and approval::text ~ ${IS_SEALED}`;
  await inBatches(db, 'approvals', approvals, (tx, id) => sealCell(tx, 'approvals.approval', id));
}

type Table = 'facts' | 'actions' | 'approvals';

async function inBatches(
  db: Db,
  table: Table,
  which: RawBuilder<unknown>,
  seal: (tx: Tx, id: string) => Promise<void>,
): Promise<void> {
  for (let after = ''; ; ) {
    const rows = await db.transaction().execute(async (tx) => {
      const found = await sql<{ readonly id: string }>`
        select id from ${sql.table(`countersign.${table}`)} where id > ${after} and ${which}
        order by id limit ${AT_ONCE} for update`.execute(tx);
      for (const { id } of found.rows) await seal(tx, id);
      return found.rows;
    });
    const last = rows.at(-1);
    if (last === undefined) return;
    after = last.id;
  }
}

async function sealKey(tx: Tx, id: string): Promise<void> {
  const row = await tx.selectFrom('facts').select(['key', 'value']).where('id', '=', id).executeTakeFirst();
  const sealed = sealedIn('facts.value', row?.value);
  if (row === undefined || sealed === undefined) return;
  const key = await sealedText(underOf(tx, sealed), 'facts.key', id, JSON.stringify(keyIn(row)));
  await tx.updateTable('facts').set({ key }).where('id', '=', id).execute();
}

/** The value in the column, with all its words under the key of those that were encrypted before. */
async function sealCell(tx: Tx, cell: 'actions.verdict' | 'approvals.approval', id: string): Promise<void> {
  const [table, column] = cell.split('.') as ['actions', 'verdict'] | ['approvals', 'approval'];
  const from = sql.table(`countersign.${table}`);
  const found = await sql<{ readonly id: string; readonly cell: object }>`
    select id, ${sql.ref(column)} as cell from ${from} where id = ${id}`.execute(tx);
  const [row] = found.rows;
  const sealed = row && sealedIn(cell, row.cell);
  if (row === undefined || sealed === undefined) return;
  const opened: Record<string, unknown> = await openRow(tx, table, { id, [column]: row.cell });
  const anew = await sealedCell(underOf(tx, sealed), cell, id, opened[column] as object);
  await sql`update ${from} set ${sql.ref(column)} = ${anew} where id = ${id}`.execute(tx);
}
