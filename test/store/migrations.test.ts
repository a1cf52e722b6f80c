import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Kysely, sql } from 'kysely';
import type pg from 'pg';
import { createApprovals } from '../../store/approvals.ts';
import { createDeliveries } from '../../store/deliveries.ts';
import { leafOf, readEntry } from '../../store/entry-text.ts';
import { tables0001 } from '../../store/migrations/0001-tables.ts';
import { fencingAndSwitches0002 } from '../../store/migrations/0002-fencing-and-switches.ts';
import { hashedLedger0003 } from '../../store/migrations/0003-hashed-ledger.ts';
import { sealedParts0004 } from '../../store/migrations/0004-sealed-parts.ts';
import { approvalHandles0005 } from '../../store/migrations/0005-approval-handles.ts';
import { noGaps0006 } from '../../store/migrations/0006-no-gaps.ts';
import { escalation0007 } from '../../store/migrations/0007-escalation.ts';
import { channels0008 } from '../../store/migrations/0008-channels.ts';
import { claimedDeliveries0010 } from '../../store/migrations/0010-claimed-deliveries.ts';
import { createDialect, createPool } from '../../store/pool.ts';
import { createDb } from '../../store/schema.ts';
import { createSql } from '../../store/sql.ts';
import { approvalHandle } from '../../trust/digest.ts';
import { openStore } from '../../store/store.ts';
import { aConversationId, aMessage, anApproval, noted } from './builders.ts';
import { type Database, KINDS, startDatabase } from './databases.ts';

for (const kind of KINDS) {
  describe(`migrations on ${kind}`, () => {
    let database: Database;
    before(async () => {
      database = await startDatabase(kind);
    });
    after(() => database.stop());

    test('three that open one new database at once all succeed, and share it', async (t) => {
      const { poolConfig } = database;
      const stores = await Promise.all([1, 2, 3].map(() => openStore({ pool: poolConfig })));
      t.after(() => Promise.all(stores.map((store) => store.close())));
      const id = aConversationId();
      const record = (n: number) => stores[n % 3]!.record([noted(id, `${n}`), noted(id, 'shared')]);
      await Promise.all(Array.from({ length: 12 }, (_, n) => record(n)));
      const ledger = await stores[0]!.ledger.ofConversation(id, 0, 100);
      assert.deepEqual(
        ledger.map((entry) => entry.seq),
        Array.from({ length: 13 }, (_, index) => index + 1),
      );
    });

    describe('a store of before', () => ofBefore(kind));

    test('what was written is there for the next start; a database of a newer version is left alone', async () => {
      const { poolConfig } = database;
      const id = aConversationId();
      const first = await openStore({ pool: poolConfig, nowMs: () => 77 });
      const written = await first.items.append([aMessage(id, 'm1')]);
      assert.equal(written[0]?.createdMs, 77);
      await first.close();
      await first.close();
      const second = await openStore({ pool: poolConfig });
      assert.deepEqual(await second.items.page(id, 0, 10), written);
      await second.close();
      const pool = createPool(poolConfig);
      await createSql(pool).query(
        "insert into countersign_migrations.kysely_migration (name, timestamp) values ('9999_later', '2999-01-01')",
      );
      await pool.end();
      await assert.rejects(openStore({ pool: poolConfig }), /9999_later.*start that version/s);
    });
  });
}

function ofBefore(kind: (typeof KINDS)[number]): void {
  // Arguments and reasons hold what people and far sides wrote, and JSON as PostgreSQL reads it takes no NUL.
  const approval = { ...anApproval('old'), summary: 'a\0b \\u0000 "x"' };
  let old: Database;
  let pool: pg.Pool;
  before(async () => {
    old = await startDatabase(kind);
    pool = createPool({ ...old.poolConfig, max: 1 });
    const db = new Kysely<unknown>({ dialect: createDialect(pool) });
    await db.transaction().execute(async (tx) => {
      for (const migration of [tables0001, fencingAndSwitches0002]) await migration.up(tx);
      for (const seq of [1, 2]) {
        const fact = JSON.stringify(noted('old', `${seq}`).fact);
        await sql`insert into countersign.ledger (seq, subject, step, conversation_id, at_ms, kind, fact)
              values (${seq}, 'old', ${`${seq}`}, 'old', 7, 'replied', ${fact})`.execute(tx);
      }
      await sql`insert into countersign.approvals
            values (${approval.id}, 'old', 'finance', 'open', 7, ${JSON.stringify(approval)})`.execute(tx);
      for (const migration of [hashedLedger0003, sealedParts0004, approvalHandles0005]) await migration.up(tx);
    });
  });
  after(async () => {
    await pool.end();
    await old.stop();
  });

  test('its ledger is hashed entry by entry, says what it said, and is append-only again', async () => {
    const db = createDb(pool);
    const { rows } = await sql<{ entry: string; leaf: Buffer }>`
          select entry, leaf from countersign.ledger order by seq`.execute(db);
    const read = rows.map(({ entry }) => readEntry(entry, null));
    assert.deepEqual(
      read,
      [1, 2].map((seq) => ({ ...noted('old', `${seq}`), atMs: 7, seq, seal: 'none' })),
    );
    assert.deepEqual(
      rows.map(({ leaf }) => leaf),
      rows.map(({ entry }) => leafOf(entry)),
    );
    await assert.rejects(sql`update countersign.ledger set step = 'x'`.execute(db), /append-only/);
  });

  test('its approvals are found by their handles and in their batches', async () => {
    const approvals = createApprovals(createDb(pool));
    assert.deepEqual(await approvals.byHandle(approvalHandle(approval)), approval);
    assert.deepEqual(await approvals.ofBatch(approval.batchId), [approval]);
  });

  test('which replies were told, and which cards are open, is known from the deliveries of before', () =>
    deliveriesOfBefore(pool, approval.batchId));
}

async function deliveriesOfBefore(pool: pg.Pool, batchId: string): Promise<void> {
  const db = new Kysely<unknown>({ dialect: createDialect(pool) });
  await db.transaction().execute(async (tx) => {
    for (const migration of [noGaps0006, escalation0007, channels0008]) await migration.up(tx);
    for (const id of ['told', 'torn']) {
      const body = JSON.stringify({ kind: 'reply', text: id, by: 'code' });
      await sql`insert into countersign.items (id, conversation_id, key, turn, trust, kind, body, salt, created_ms)
            values (${id}, 'old', ${id}, 1, 'record', 'reply', ${body}, '', 7)`.execute(tx);
    }
    const card = `card ${batchId} 0 0 slack C1 `;
    for (const key of ['reply:told', 'reply:told/0', 'reply:torn/0', card]) {
      await sql`insert into countersign.deliveries values (${key}, 'slack', '{"to":"C1","id":"1"}', 'd', 7)`.execute(
        tx,
      );
    }
    await claimedDeliveries0010.up(tx);
  });
  const deliveries = createDeliveries(createDb(pool));
  const replies = await deliveries.replies({ conversationId: 'old', channel: 'slack', limit: 9 });
  assert.deepEqual(
    replies.map(({ id }) => id),
    ['torn'],
  );
  const kept = ['reply:told', 'reply:told/0', 'reply:torn/0'].map((key) => deliveries.get(key));
  assert.deepEqual(
    (await Promise.all(kept)).map((row) => row?.key),
    [undefined, undefined, 'reply:torn/0'],
  );
  assert.deepEqual(
    (await deliveries.ofBatch(batchId)).map(({ card }) => card),
    [{ batchId, isOpen: true }],
  );
}
