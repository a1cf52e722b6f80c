// The read model of actions: what is known of each so far. Written by projections only. May import domain types.
import { type Selectable, sql } from 'kysely';
import { QUESTION } from '../domain/ids.ts';
import type { ActionRow, Store } from './ports.ts';
import type { Db, Tables } from './schema.ts';
import { openRow, openRows } from './words.ts';

// 500: people who have denied that much in one conversation have long ended it.
const MAX_DENIED = 500;

export function createActions(db: Db): Store['actions'] {
  return {
    async get(id) {
      const row = await db.selectFrom('actions').selectAll().where('id', '=', id).executeTakeFirst();
      return row && fromRow(await openRow(db, 'actions', row));
    },
    async some(ids) {
      if (ids.length === 0) return [];
      const rows = await db.selectFrom('actions').selectAll().where('id', 'in', ids).execute();
      const opened = await openRows(db, 'actions', rows);
      const found = new Map(opened.map((row) => [row.id, fromRow(row)]));
      return ids.flatMap((id) => found.get(id) ?? []);
    },
    async ofConversation(conversationId, limit) {
      const rows = await db
        .selectFrom('actions')
        .selectAll()
        .where('conversation_id', '=', conversationId)
        .orderBy('created_ms', 'desc')
        .orderBy('id', 'desc')
        .limit(limit)
        .execute();
      return (await openRows(db, 'actions', rows)).map(fromRow);
    },
    ...earlierCalls(db),
    async unasked(beforeMs, limit) {
      const rows = await db
        .selectFrom('actions')
        .innerJoin('conversations', 'conversations.id', 'actions.conversation_id')
        .selectAll('actions')
        .select('conversations.tenant')
        .where('outcome_kind', '=', 'unknown')
        .where('actions.updated_ms', '<', beforeMs)
        .where((eb) =>
          eb.not(
            eb.exists(
              eb
                .selectFrom('approvals')
                .select('approvals.id')
                .whereRef('approvals.conversation_id', '=', 'actions.conversation_id')
                .where('approvals.id', 'like', sql<string>`actions.id || ${`${QUESTION}%`}`),
            ),
          ),
        )
        .orderBy('actions.updated_ms')
        .limit(limit)
        .execute();
      const opened = await openRows(db, 'actions', rows);
      return opened.map(({ tenant, ...row }) => ({ ...fromRow(row), tenant }));
    },
    async counts() {
      const byOutcome = await db
        .selectFrom('actions')
        .select((eb) => ['outcome_kind', eb.fn.countAll<number>().as('count')])
        .where('outcome_kind', 'is not', null)
        .groupBy('outcome_kind')
        .execute();
      const { claimed } = await db
        .selectFrom('claims')
        .select((eb) => eb.fn.countAll<number>().as('claimed'))
        .where('receipt_ms', 'is', null)
        .executeTakeFirstOrThrow();
      return { ...Object.fromEntries(byOutcome.map((row) => [row.outcome_kind ?? '', row.count])), claimed };
    },
  };
}

/** What code must know of earlier calls of one tool in one conversation. */
function earlierCalls(db: Db): Pick<Store['actions'], 'openWrites' | 'deniedByPeople'> {
  return {
    async openWrites(conversationId, tool) {
      const rows = await db
        .selectFrom('actions')
        .selectAll()
        .where('conversation_id', '=', conversationId)
        .where((eb) => eb.or([eb('outcome_kind', 'is', null), eb('outcome_kind', '=', 'unknown')]))
        .orderBy('created_ms', 'desc')
        .execute();
      // Here, not in SQL: PostgreSQL reads no field out of a json that holds a NUL somewhere.
      const opened = await openRows(db, 'actions', rows);
      return opened.map(fromRow).filter((row) => row.tool === tool && row.effect !== 'read');
    },
    async deniedByPeople(conversationId, tool) {
      const rows = await db
        .selectFrom('actions')
        .innerJoin('approvals', 'approvals.id', 'actions.approval_id')
        .selectAll('actions')
        .where('actions.conversation_id', '=', conversationId)
        .where('approvals.end_state', '=', 'denied')
        .orderBy('actions.created_ms', 'desc')
        .limit(MAX_DENIED)
        .execute();
      return (await openRows(db, 'actions', rows)).map(fromRow).filter((row) => row.tool === tool);
    },
  };
}

function fromRow(row: Selectable<Tables['actions']>): ActionRow {
  const { agent, tool, effect, args, digest, summary, principal, editors } = row.proposal;
  return {
    id: row.id,
    conversationId: row.conversation_id,
    agent,
    tool,
    effect,
    args,
    digest,
    summary,
    principal,
    ...(editors === undefined ? {} : { editors }),
    evidence: row.evidence,
    verdict: row.verdict,
    approvalId: row.approval_id,
    stage: row.stage,
    outcome: row.outcome,
    createdMs: row.created_ms,
    updatedMs: row.updated_ms,
  };
}
