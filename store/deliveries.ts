// What stands in channels, and what one person is still to be told. May import domain types.
import { type ExpressionBuilder, type Selectable, sql } from 'kysely';
import type { Deliveries, DeliveryRow, Notes } from '../domain/delivery.ts';
import { channelMessageId, messageKey } from '../domain/ids.ts';
import { DATABASE_MS } from './claims.ts';
import { appendEntries } from './entries.ts';
import { itemsOf } from './items.ts';
import type { Db, Tables } from './schema.ts';
import { underOfConversation, underOfHouse } from './subjects.ts';
import { openRow, sealedCell } from './words.ts';

// 1,000: a batch has some hundred places at most, and cards of what was asked anew.
const MAX_OF_BATCH = 1_000;

export function createDeliveries(db: Db): Deliveries {
  return {
    async get(key) {
      const row = await db.selectFrom('deliveries').selectAll().where('key', '=', key).executeTakeFirst();
      return row && fromDelivery(row);
    },
    ...claimsOf(db),
    async put({ key, channel, ref, digest, atMs, card }, entries) {
      const stands = { ref: ref === null ? null : JSON.stringify(ref), digest, at_ms: atMs };
      const of = { batch_id: card?.batchId ?? null, is_open: card?.isOpen ?? false };
      const all = { ...stands, ...of, posting_ms: null, attempt: null };
      await db.transaction().execute(async (tx) => {
        await tx
          .insertInto('deliveries')
          .values({ key, channel, ...all })
          .onConflict((conflict) => conflict.column('key').doUpdateSet(all))
          .execute();
        await appendEntries(tx, entries);
      });
    },
    ...repliesOf(db),
    ...cardsOf(db),
    async forget(beforeMs) {
      await db
        .deleteFrom('deliveries')
        .where('at_ms', '<', beforeMs)
        .where(sql<boolean>`not starts_with(key, 'reply:')`)
        .where((eb) => eb.not(eb.exists(openOf(eb))))
        .execute();
    },
  };
}

const openOf = (eb: ExpressionBuilder<Tables, 'deliveries'>) =>
  eb
    .selectFrom('approvals')
    .select('approvals.id')
    .whereRef('approvals.batch_id', '=', 'deliveries.batch_id')
    .where('approvals.end_state', '=', 'open');

function fromDelivery(row: Selectable<Tables['deliveries']>): DeliveryRow {
  const { key, channel, ref, digest, at_ms: atMs, attempt: claimedBy, batch_id: batchId, is_open: isOpen } = row;
  const card = batchId === null ? null : { batchId, isOpen };
  return { key, channel, ref, digest, atMs, card, claimedBy };
}

// A claim is written first, so its row may say nothing but that.
const NOTHING_STANDS = '';

function claimsOf(db: Db): Pick<Deliveries, 'claim' | 'renew' | 'release'> {
  return {
    async claim({ key, channel, attempt }, heldMs) {
      const claimed = { posting_ms: DATABASE_MS, attempt };
      const row = await db
        .insertInto('deliveries')
        .values({ key, channel, ref: null, digest: NOTHING_STANDS, at_ms: DATABASE_MS, ...claimed })
        .onConflict((conflict) =>
          conflict
            .column('key')
            .doUpdateSet(claimed)
            .where((eb) =>
              eb.or([
                eb('deliveries.posting_ms', 'is', null),
                eb('deliveries.attempt', '=', attempt),
                eb('deliveries.posting_ms', '<=', sql<number>`${DATABASE_MS} - ${heldMs}`),
              ]),
            ),
        )
        .returning('key')
        .executeTakeFirst();
      return row !== undefined;
    },
    async renew({ key, attempt }) {
      await db
        .updateTable('deliveries')
        .set({ posting_ms: DATABASE_MS })
        .where('key', '=', key)
        .where('attempt', '=', attempt)
        .where('posting_ms', 'is not', null)
        .execute();
    },
    async release({ key, attempt }) {
      await db.transaction().execute(async (tx) => {
        await tx
          .deleteFrom('deliveries')
          .where('key', '=', key)
          .where('attempt', '=', attempt)
          .where('digest', '=', NOTHING_STANDS)
          .execute();
        await tx
          .updateTable('deliveries')
          .set({ posting_ms: null, attempt: null })
          .where('key', '=', key)
          .where('attempt', '=', attempt)
          .execute();
      });
    },
  };
}

function repliesOf(db: Db): Pick<Deliveries, 'replies' | 'told'> {
  return {
    async replies({ conversationId, channel, limit }) {
      const saidThere = messageKey(channelMessageId(channel, ''));
      const rows = await db
        .selectFrom('items')
        .selectAll()
        .where('conversation_id', '=', conversationId)
        .where(
          sql<boolean>`seq > coalesce(
            (select told.seq from countersign.delivered_replies as told where told.conversation_id = ${conversationId}), 0)`,
        )
        .where('kind', 'in', ['reply', 'staff_reply'])
        .where(sql<boolean>`not starts_with(key, ${saidThere})`)
        .where((eb) =>
          eb.not(
            eb.exists(
              eb
                .selectFrom('deliveries')
                .select('key')
                .where('key', '=', sql<string>`'reply:' || items.id`)
                .where('posting_ms', 'is', null),
            ),
          ),
        )
        .orderBy('seq')
        .limit(limit)
        .execute();
      return itemsOf(db, rows);
    },
    async told({ conversationId, seq, keys }) {
      await db.transaction().execute(async (tx) => {
        await tx
          .insertInto('delivered_replies')
          .values({ conversation_id: conversationId, seq })
          .onConflict((conflict) =>
            conflict.column('conversation_id').doUpdateSet({ seq: sql`greatest(delivered_replies.seq, excluded.seq)` }),
          )
          .execute();
        await tx.deleteFrom('deliveries').where('key', 'in', keys).execute();
      });
    },
  };
}

function cardsOf(db: Db): Pick<Deliveries, 'ofBatch' | 'stale' | 'standsAt'> {
  return {
    async standsAt({ channel, ref: { to, id } }) {
      const row = await db
        .selectFrom('deliveries')
        .select('key')
        .where('channel', '=', channel)
        .where(sql<boolean>`ref ->> 'to' = ${to} and ref ->> 'id' = ${id}`)
        .limit(1)
        .executeTakeFirst();
      return row !== undefined;
    },
    async ofBatch(batchId) {
      const rows = await db
        .selectFrom('deliveries')
        .selectAll()
        .where('batch_id', '=', batchId)
        .orderBy('key')
        .limit(MAX_OF_BATCH)
        .execute();
      return rows.map(fromDelivery);
    },
    async stale({ channels, after, limit }) {
      const rows = await db
        .selectFrom('deliveries')
        .select('batch_id')
        .distinct()
        .where('is_open', '=', true)
        .where('channel', 'in', channels)
        .where('batch_id', '>', after)
        .where((eb) => eb.not(eb.exists(openOf(eb))))
        .orderBy('batch_id')
        .limit(limit)
        .execute();
      return rows.flatMap(({ batch_id: batchId }) => batchId ?? []);
    },
  };
}

const OVER = { is_over: true, way: '{}', note: '{}' } as const;

export function createNotes(db: Db): Notes {
  return {
    async add({ id, channel, way, note, conversationId, nowMs }) {
      await db.transaction().execute(async (tx) => {
        const under = await (conversationId === undefined ? underOfHouse(tx) : underOfConversation(tx, conversationId));
        const cell = await sealedCell(under, 'notes.note', id, note);
        await tx
          .insertInto('notes')
          .values({ id, channel, way: JSON.stringify(way), note: cell, made_ms: nowMs, due_ms: nowMs })
          .onConflict((conflict) => conflict.doNothing())
          .execute();
      });
    },
    async take(channel, nowMs, holdMs) {
      const row = await db
        .updateTable('notes')
        .set((eb) => ({ due_ms: nowMs + holdMs, tries: eb('tries', '+', 1) }))
        .where('id', '=', (eb) =>
          eb
            .selectFrom('notes')
            .select('id')
            .where('channel', '=', channel)
            .where('due_ms', '<=', nowMs)
            .where('is_over', '=', false)
            .orderBy('due_ms')
            .limit(1)
            .forUpdate()
            .skipLocked(),
        )
        .returningAll()
        .executeTakeFirst();
      if (row === undefined) return undefined;
      const { id, way, note, made_ms: madeMs, tries } = await openRow(db, 'notes', row);
      return { id, channel, way, note, madeMs, tries };
    },
    async later(id, dueMs) {
      await db.updateTable('notes').set({ due_ms: dueMs }).where('id', '=', id).execute();
    },
    async over(id) {
      await db.updateTable('notes').set(OVER).where('id', '=', id).execute();
    },
    async expire(beforeMs) {
      await db.updateTable('notes').set(OVER).where('made_ms', '<', beforeMs).where('is_over', '=', false).execute();
    },
    async forget(beforeMs) {
      await db.deleteFrom('notes').where('made_ms', '<', beforeMs).execute();
    },
  };
}
