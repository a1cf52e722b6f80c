// What only grows with use and is needed no more after a time. What of it is due, and for how long each is kept, the
// database's own functions say (see migrations/0020-what-grows.ts): whoever may call them drops nothing younger. May import
// domain types.
import { sql } from 'kysely';
import type { DueOne, RunAt } from '../../domain/maintenance.ts';
import { lockLedger } from '../entries.ts';
import type { Db, Tx } from '../schema.ts';
import { noteDone } from './done.ts';
import type { MaintenanceTask } from './task.ts';

// 500 rows in a transaction: some 20 ms, for which whoever writes to the ledger waits.
const AT_ONCE = 500;

/** In this order: a budget goes once nothing that was counted of it is left. */
export const dropGrown: readonly MaintenanceTask[] = [
  dropping('reservations', 'drops what model calls of long ago had held of budgets, once it is counted'),
  dropping('budgets', 'drops budgets whose day is long over, or whose conversation has long been closed'),
  dropping('limit_takes', 'drops what was taken of limits in periods that are long over'),
  dropping('checkpoints', 'drops published checkpoints of the ledger but for the last of each day'),
];

function dropping(table: 'reservations' | 'budgets' | 'limit_takes' | 'checkpoints', what: string): MaintenanceTask {
  const task = `drop_${table}`;
  const dueIn = async (db: Db, nowMs: number, most: number): Promise<readonly DueOne[]> => {
    const found = await sql<{ readonly id: string; readonly due_ms: number }>`
      select id, due_ms from ${sql.raw(`countersign.due_${table}`)}(${nowMs}::bigint, ${most}::integer)`.execute(db);
    return found.rows.map(({ id, due_ms: dueMs }) => ({ id, dueMs }));
  };
  const drop = async (tx: Tx, { nowMs, by }: RunAt, most: number): Promise<number> => {
    // First of all, as everybody takes it who also locks a budget.
    await lockLedger(tx);
    const { rows: counts } = await sql<{ readonly done: number }>`
      select ${sql.raw(`countersign.${task}`)}(${nowMs}::bigint, ${most}::integer) as done`.execute(tx);
    const done = counts[0]?.done ?? 0;
    if (done > 0) await noteDone(tx, { task, done, conversationIds: [], nowMs, by });
    return done;
  };
  return {
    name: task,
    what,
    isOfRows: true,
    due: (db, { nowMs, limit }) => dueIn(db, nowMs, limit + 1),
    async run(db, at) {
      const { nowMs, rows, beat } = at;
      let done = 0;
      // Looked at before, so that nobody waits where there is nothing to do.
      while (done < rows && (await dueIn(db, nowMs, 1)).length > 0) {
        beat();
        const most = Math.min(AT_ONCE, rows - done);
        const dropped = await db.transaction().execute((tx) => drop(tx, at, most));
        done += dropped;
        if (dropped < most) break;
      }
      return { done };
    },
  };
}
