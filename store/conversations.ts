// The read model of conversations. Written by projections only. May import domain.
import { type Selectable, sql } from 'kysely';
import { HELD_PHASES } from '../domain/retention.ts';
import { decodeCursor, pageOf } from './cursor.ts';
import type { ConversationRow, Store } from './ports.ts';
import type { Db, Tables } from './schema.ts';
import { openRow, openRows } from './words.ts';

export function createConversations(db: Db): Store['conversations'] {
  return {
    async get(id) {
      const row = await db.selectFrom('conversations').selectAll().where('id', '=', id).executeTakeFirst();
      return row && fromRow(await openRow(db, 'conversations', row));
    },
    async list({ tenant, principalId, agents, archived, cursor, limit }) {
      const after = decodeCursor(cursor);
      // By creation, not by last change: a row that moves while somebody pages would be shown twice or never.
      const rows = await db
        .selectFrom('conversations')
        .selectAll()
        .where('tenant', '=', tenant)
        .$if(principalId !== '', (query) => query.where('principal_id', '=', principalId))
        .$if(agents.length > 0, (query) => query.where('agent', 'in', [...agents]))
        .$if(archived.length > 0, (query) => query.where(isHiddenBy(archived), '=', false))
        .where((eb) => eb(eb.refTuple('created_ms', 'id'), '<', eb.tuple(after.atMs, after.id)))
        .orderBy('created_ms', 'desc')
        .orderBy('id', 'desc')
        .limit(limit + 1)
        .execute();
      return pageOf(
        await openRows(db, 'conversations', rows),
        limit,
        (row) => ({ atMs: row.created_ms, id: row.id }),
        fromRow,
      );
    },
  };
}

/** Idle for as long as its agent declares; whatever a person holds is shown. */
const isHiddenBy = (archived: readonly { readonly agent: string; readonly beforeMs: number }[]) => sql<boolean>`
  (conversations.phase not in (${sql.join(HELD_PHASES)}) and exists (
    select from json_to_recordset(${JSON.stringify(archived)}::json) as declared(agent text, "beforeMs" bigint)
    where declared.agent = conversations.agent and conversations.updated_ms <= declared."beforeMs"))`;

function fromRow(row: Selectable<Tables['conversations']>): ConversationRow {
  return {
    id: row.id,
    agent: row.agent,
    tenant: row.tenant,
    owner: row.owner,
    principal: row.principal,
    phase: row.phase,
    createdMs: row.created_ms,
    updatedMs: row.updated_ms,
    channel: row.channel,
    intake: row.intake,
    textsDeletedMs: row.texts_deleted_ms,
  };
}
