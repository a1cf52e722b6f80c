// The read model of approvals: what waits for whom, and how it ended. Written by projections only. May import domain
// types.
import { sql } from 'kysely';
import type { Db } from './schema.ts';
import type { Store } from './ports.ts';
import { decodeCursor, pageOf } from './cursor.ts';
import { openRow, openRows } from './words.ts';

// 1,000: an approval id has three digits for its place in the batch; what was asked last is what counts.
const MAX_OF_BATCH = 1_000;

export function createApprovals(db: Db): Store['approvals'] {
  return {
    ...listsOf(db),
    async get(id) {
      const row = await db.selectFrom('approvals').select(['id', 'approval']).where('id', '=', id).executeTakeFirst();
      return row && (await openRow(db, 'approvals', row)).approval;
    },
    async byHandle(handle) {
      const row = await db
        .selectFrom('approvals')
        .select(['id', 'approval'])
        .where('handle', '=', handle)
        .executeTakeFirst();
      return row && (await openRow(db, 'approvals', row)).approval;
    },
    async ofBatch(batchId) {
      const newest = await db
        .selectFrom('approvals')
        .select(['id', 'approval'])
        .where('batch_id', '=', batchId)
        .orderBy('asked_ms', 'desc')
        .orderBy('id', 'desc')
        .limit(MAX_OF_BATCH)
        .execute();
      return (await openRows(db, 'approvals', newest)).map((row) => row.approval).toReversed();
    },
    async openStats(nowMs) {
      const { count, oldest } = await db
        .selectFrom('approvals')
        .select((eb) => [eb.fn.countAll<number>().as('count'), eb.fn.min('asked_ms').as('oldest')])
        .where('end_state', '=', 'open')
        .executeTakeFirstOrThrow();
      return { count, oldestAgeMs: count === 0 ? 0 : Math.max(0, nowMs - oldest) };
    },
  };
}

function listsOf(db: Db): Pick<Store['approvals'], 'list' | 'open'> {
  return {
    async list({ tenant, end, groups, nowMs, conversationId, cursor, limit }) {
      if (groups.length === 0) return { rows: [], next: '' };
      const after = decodeCursor(cursor);
      const rows = await db
        .selectFrom('approvals')
        .select(['id', 'asked_ms', 'approval'])
        // One parameter, however many people there are: an operator sees what waits for each of them.
        .where(
          sql<boolean>`(group_name = any(${[...groups]}) or exists (
            select from jsonb_to_recordset(escalation) as later("group" text, "fromMs" bigint)
            where later."group" = any(${[...groups]}) and later."fromMs" <= ${nowMs}))`,
        )
        .where((eb) =>
          eb.exists(
            eb
              .selectFrom('conversations')
              .select('conversations.id')
              .whereRef('conversations.id', '=', 'approvals.conversation_id')
              .where('conversations.tenant', '=', tenant),
          ),
        )
        .$if(end !== '', (query) => query.where('end_state', '=', end || 'open'))
        .$if(conversationId !== '', (query) => query.where('conversation_id', '=', conversationId))
        .where((eb) => eb(eb.refTuple('asked_ms', 'id'), '<', eb.tuple(after.atMs, after.id)))
        .orderBy('asked_ms', 'desc')
        .orderBy('id', 'desc')
        .limit(limit + 1)
        .execute();
      return pageOf(
        await openRows(db, 'approvals', rows),
        limit,
        (row) => ({ atMs: row.asked_ms, id: row.id }),
        (row) => row.approval,
      );
    },
    async open({ cursor, limit }) {
      const after = decodeCursor(cursor);
      const rows = await db
        .selectFrom('approvals')
        .leftJoin('conversations', 'conversations.id', 'approvals.conversation_id')
        .select(['approvals.id', 'approvals.asked_ms', 'approvals.approval', 'conversations.tenant'])
        .where('approvals.end_state', '=', 'open')
        .where((eb) => eb(eb.refTuple('approvals.asked_ms', 'approvals.id'), '<', eb.tuple(after.atMs, after.id)))
        .orderBy('approvals.asked_ms', 'desc')
        .orderBy('approvals.id', 'desc')
        .limit(limit + 1)
        .execute();
      return pageOf(
        await openRows(db, 'approvals', rows),
        limit,
        (row) => ({ atMs: row.asked_ms, id: row.id }),
        ({ approval, tenant }) => ({ approval, tenant: tenant ?? '' }),
      );
    },
  };
}
