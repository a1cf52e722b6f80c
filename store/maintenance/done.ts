// What maintenance has done: on record, and counted in the same transaction. May import domain types.
import { sql } from 'kysely';
import { MAINTENANCE_SUBJECT } from '../../domain/ids.ts';
import type { TaskRuns } from '../../domain/maintenance.ts';
import { randomUUID } from 'node:crypto';
import { appendEntries } from '../entries.ts';
import type { Db, Tx } from '../schema.ts';

interface Done {
  readonly task: string;
  readonly done: number;
  /** Of which conversations; [] where it is about none. */
  readonly conversationIds: readonly string[];
  readonly nowMs: number;
  readonly by: string;
}

/** Part of the transaction that did it. */
export async function noteDone(tx: Tx, { task, done, conversationIds, nowMs, by }: Done): Promise<void> {
  const fact = { kind: 'maintained', task, done, conversationIds, by } as const;
  const place = { subject: MAINTENANCE_SUBJECT, step: `maintained:${randomUUID()}`, conversationId: '' };
  await appendEntries(tx, [{ ...place, atMs: nowMs, fact }]);
  await countDone(tx, task, done);
}

/** Where other entries say on record what was done. */
export async function countDone(tx: Db | Tx, task: string, done: number): Promise<void> {
  await tx
    .insertInto('maintenance_runs')
    .values({ task, done, last_ms: null })
    .onConflict((on) => on.column('task').doUpdateSet({ done: sql`maintenance_runs.done + ${done}` }))
    .execute();
}

/** The task has come to its end without a failure. */
export async function noteRun(db: Db, task: string, nowMs: number): Promise<void> {
  await db
    .insertInto('maintenance_runs')
    .values({ task, done: 0, last_ms: nowMs })
    .onConflict((on) => on.column('task').doUpdateSet({ last_ms: nowMs }))
    .execute();
}

export async function lastRunMs(db: Db, task: string): Promise<number> {
  const row = await db.selectFrom('maintenance_runs').select('last_ms').where('task', '=', task).executeTakeFirst();
  return row?.last_ms ?? 0;
}

export async function runsOf(db: Db, tasks: readonly { readonly name: string }[]): Promise<readonly TaskRuns[]> {
  const rows = await db.selectFrom('maintenance_runs').selectAll().execute();
  return tasks.map(({ name: task }) => {
    const row = rows.find((one) => one.task === task);
    return { task, lastMs: row?.last_ms ?? null, done: row?.done ?? 0 };
  });
}
