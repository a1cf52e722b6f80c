// What stands in channels, and what one person is still to be told. May import domain types.
import { sql } from 'kysely';
import type { Deliveries, Notes } from '../domain/delivery.ts';
import { channelMessageId, messageKey } from '../domain/ids.ts';
import { appendEntries } from './entries.ts';
import { fromRow } from './items.ts';
import type { Db } from './schema.ts';

export function createDeliveries(db: Db): Deliveries {
  return {
    async get(key) {
      const row = await db.selectFrom('deliveries').selectAll().where('key', '=', key).executeTakeFirst();
      return row && { key, channel: row.channel, ref: row.ref, digest: row.digest, atMs: row.at_ms };
    },
    async put({ key, channel, ref, digest, atMs }, entries) {
      const stands = { ref: ref === null ? null : JSON.stringify(ref), digest, at_ms: atMs };
      await db.transaction().execute(async (tx) => {
        await tx
          .insertInto('deliveries')
          .values({ key, channel, ...stands })
          .onConflict((conflict) => conflict.column('key').doUpdateSet(stands))
          .execute();
        await appendEntries(tx, entries);
      });
    },
    async replies({ conversationId, channel, limit }) {
      const saidThere = messageKey(channelMessageId(channel, ''));
      const rows = await db
        .selectFrom('items')
        .selectAll()
        .where('conversation_id', '=', conversationId)
        .where('kind', 'in', ['reply', 'staff_reply'])
        .where(sql<boolean>`not starts_with(key, ${saidThere})`)
        .where((eb) =>
          eb.not(
            eb.exists(eb.selectFrom('deliveries').select('key').where('key', '=', sql<string>`'reply:' || items.id`)),
          ),
        )
        .orderBy('seq')
        .limit(limit)
        .execute();
      return rows.map(fromRow);
    },
  };
}

const NOTHING = '{}';

export function createNotes(db: Db): Notes {
  return {
    async add({ id, channel, way, note, nowMs }) {
      await db
        .insertInto('notes')
        .values({ id, channel, way: JSON.stringify(way), note: JSON.stringify(note), made_ms: nowMs, due_ms: nowMs })
        .onConflict((conflict) => conflict.doNothing())
        .execute();
    },
    async take(nowMs, holdMs) {
      const row = await db
        .updateTable('notes')
        .set((eb) => ({ due_ms: nowMs + holdMs, tries: eb('tries', '+', 1) }))
        .where('id', '=', (eb) =>
          eb
            .selectFrom('notes')
            .select('id')
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
      const { id, channel, way, note, made_ms: madeMs, tries } = row;
      return { id, channel, way, note, madeMs, tries };
    },
    async later(id, dueMs) {
      await db.updateTable('notes').set({ due_ms: dueMs }).where('id', '=', id).execute();
    },
    async over(id) {
      await db.updateTable('notes').set({ is_over: true, way: NOTHING, note: NOTHING }).where('id', '=', id).execute();
    },
    async forget(beforeMs) {
      await db.deleteFrom('notes').where('made_ms', '<', beforeMs).execute();
    },
  };
}
