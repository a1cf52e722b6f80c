// What is due of conversations, by what their agents declare. Never due is what still waits, may have happened, or has no
// receipt. May import domain.
import { type RawBuilder, sql } from 'kysely';
import type { DueAt, DueOne } from '../../domain/maintenance.ts';
import { type DueAfter, dueAfter } from '../../domain/retention.ts';
import type { Db } from '../schema.ts';
import type { MaintenanceTask } from './task.ts';

export const closeIdle: MaintenanceTask = {
  name: 'close_idle',
  what: 'closes conversations in which nothing was said for as long as their agent declares; nobody opens them again',
  due: (db, at) =>
    dueIn(db, at, dueAfter('closeIdleAfterDays', at.agents), sql<boolean>`talk.phase in ('open', 'stopped')`),
};

export const deleteTexts: MaintenanceTask = {
  name: 'delete_texts',
  what: 'deletes the texts of conversations that have been closed for as long as their agent declares',
  due: (db, at) =>
    dueIn(db, at, dueAfter('deleteTextsAfterDays', at.agents), sql<boolean>`talk.phase = 'closed' and ${HAS_TEXTS}`),
};

const HAS_TEXTS = sql<boolean>`(
  exists (select from countersign.items where conversation_id = talk.id)
  or exists (select from countersign.ledger join countersign.ledger_seals using (seq) where conversation_id = talk.id))`;

const IS_OPEN = sql<boolean>`(
  exists (select from countersign.approvals where conversation_id = talk.id and end_state = 'open')
  or exists (select from countersign.actions
    where conversation_id = talk.id and (stage <> 'settled' or outcome_kind = 'unknown'))
  or exists (select from countersign.claims where conversation_id = talk.id and receipt_ms is null))`;

async function dueIn(
  db: Db,
  { nowMs, limit }: DueAt,
  after: readonly DueAfter[],
  which: RawBuilder<boolean>,
): Promise<readonly DueOne[]> {
  if (after.length === 0) return [];
  const { rows } = await sql<{ readonly id: string; readonly due_ms: number }>`
    select talk.id, talk.updated_ms + declared."afterMs" as due_ms
    from json_to_recordset(${JSON.stringify(after)}::json) as declared(agent text, "afterMs" bigint)
    join countersign.conversations as talk
      on talk.agent = declared.agent and talk.updated_ms <= ${nowMs}::bigint - declared."afterMs"
    where ${which} and not ${IS_OPEN}
    order by due_ms, talk.id
    -- One more than is told tells that there is more.
    limit ${limit + 1}`.execute(db);
  return rows.map(({ id, due_ms: dueMs }) => ({ id, dueMs }));
}
