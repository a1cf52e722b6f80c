// What is due of conversations, by what their agents declare. Never due is what still waits, may have happened, or has no
// receipt. May import domain.
import { type RawBuilder, sql } from 'kysely';
import { type AskedIfIdle, type DueAt, type DueOne, type RunAt } from '../../domain/maintenance.ts';
import { type DueAfter, dueAfter } from '../../domain/retention.ts';
import type { Db } from '../schema.ts';
import { isClockRight, requireClock } from './clock.ts';
import { noteDone } from './done.ts';
import type { MaintenanceTask } from './task.ts';
import { sentenceOf } from '../../domain/sentence-of.ts';

const DELETE_TEXTS = 'delete_texts';
// A day: one that goes on though its record looks idle, as where a batch's report was lost, is asked again at times, and
// takes nobody else's turn.
const ASK_AGAIN_MS = 86_400_000;

// Only its Workflow knows whether a message has come meanwhile: it is asked to look, and ends itself.
export const closeIdle: MaintenanceTask = {
  name: 'close_idle',
  what: 'closes conversations in which nothing was said for as long as their agent declares; nobody opens them again',
  due: (db, at) => dueIn(db, at, dueAfter('closeIdleAfterDays', at.agents), MAY_BE_IDLE),
  async run(db, at) {
    await requireClock(db, at);
    const wasAsked = sql<boolean>`coalesce(talk.idle_asked_ms > ${at.nowMs - ASK_AGAIN_MS}, false)`;
    const which = sql<boolean>`${MAY_BE_IDLE} and not ${wasAsked}`;
    const due = await dueIn(db, at, dueAfter('closeIdleAfterDays', at.agents), which);
    const ask = due.slice(0, at.limit).map(({ id }) => id);
    return { done: 0, ask };
  },
};

/** Whether this one is due to be closed. */
export async function isIdle(db: Db, at: DueAt & AskedIfIdle & Pick<RunAt, 'movedMs'>): Promise<boolean> {
  if (!(await isClockRight(db, at))) return false;
  if (at.heardMs !== undefined) await noteHeard(db, at.conversationId, at.heardMs);
  return (await dueIn(db, at, dueAfter('closeIdleAfterDays', at.agents), MAY_BE_IDLE)).length > 0;
}

/** A message that waits was said, though no turn has put it on record: from then on nobody is idle. */
async function noteHeard(db: Db, id: string, heardMs: number): Promise<void> {
  await db
    .updateTable('conversations')
    .set({ updated_ms: heardMs })
    .where('id', '=', id)
    .where('phase', 'in', ['open', 'stopped'])
    .where('updated_ms', '<', heardMs)
    .execute();
}

/** Those of them that are closed on record. */
export async function closedOf(db: Db, ids: readonly string[]): Promise<readonly string[]> {
  const { rows } = await sql<{ readonly id: string }>`
    select id from countersign.conversations where id = any(${[...ids]}::text[]) and phase = 'closed'`.execute(db);
  return rows.map(({ id }) => id);
}

/** By whoever has asked them: what is only about to be asked may be cut off before. */
export async function noteAsked(db: Db, ids: readonly string[], nowMs: number): Promise<void> {
  if (ids.length === 0) return;
  await db
    .updateTable('conversations')
    .set({ idle_asked_ms: nowMs })
    .where('id', 'in', [...ids])
    .execute();
}

export const deleteTexts: MaintenanceTask = {
  name: DELETE_TEXTS,
  what: 'deletes the texts of conversations that have been closed for as long as their agent declares',
  due: (db, at) =>
    dueIn(
      db,
      at,
      dueAfter('deleteTextsAfterDays', at.agents),
      // Whatever is written of a closed one later, as a late answer to a question, is deleted in its turn.
      sql<boolean>`talk.phase = 'closed' and talk.texts_deleted_ms is null`,
    ),
  async run(db, at) {
    await requireClock(db, at);
    const ids: string[] = [];
    let failed: string | undefined;
    for (const { id } of (await deleteTexts.due(db, at)).slice(0, at.limit)) {
      at.beat();
      try {
        if (await deleteTextsOf(db, id, at)) ids.push(id);
      } catch (error) {
        // The others are not to wait for it.
        failed ??= `${id}: ${sentenceOf(error)}`;
      }
    }
    return { done: ids.length, ids, ...(failed === undefined ? {} : { failed }) };
  },
};

const MAY_BE_IDLE = sql<boolean>`talk.phase in ('open', 'stopped')`;

/** False where it is open again in some way: the function of the database looks for itself. */
async function deleteTextsOf(db: Db, id: string, { nowMs, by }: RunAt): Promise<boolean> {
  return db.transaction().execute(async (tx) => {
    const { rows } = await sql<{ readonly deleted: boolean }>`
      select countersign.delete_texts(${id}, ${nowMs}::bigint) as deleted`.execute(tx);
    const deleted = rows[0]?.deleted === true;
    if (deleted) await noteDone(tx, { task: DELETE_TEXTS, done: 1, conversationIds: [id], nowMs, by });
    return deleted;
  });
}

const IS_OPEN = sql<boolean>`(
  exists (select from countersign.approvals where conversation_id = talk.id and end_state = 'open')
  or exists (select from countersign.actions
    where conversation_id = talk.id and (stage <> 'settled' or outcome_kind = 'unknown'))
  or exists (select from countersign.claims where conversation_id = talk.id and receipt_ms is null))`;

async function dueIn(
  db: Db,
  { nowMs, limit, conversationId }: DueAt & { readonly conversationId?: string },
  after: readonly DueAfter[],
  which: RawBuilder<boolean>,
): Promise<readonly DueOne[]> {
  if (after.length === 0) return [];
  const { rows } = await sql<{ readonly id: string; readonly due_ms: number }>`
    select talk.id, talk.updated_ms + declared."afterMs" as due_ms
    from json_to_recordset(${JSON.stringify(after)}::json) as declared(agent text, "afterMs" bigint)
    join countersign.conversations as talk
      on talk.agent = declared.agent and talk.updated_ms <= ${nowMs}::bigint - declared."afterMs"
    where ${which} and not ${IS_OPEN} and coalesce(talk.id = ${conversationId ?? null}::text, true)
    order by due_ms, talk.id
    -- One more than is told tells that there is more.
    limit ${limit + 1}`.execute(db);
  return rows.map(({ id, due_ms: dueMs }) => ({ id, dueMs }));
}
