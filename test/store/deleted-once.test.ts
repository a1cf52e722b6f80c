// Two runs of maintenance at once, as an operator's and the Schedule's may be: each conversation is deleted by one of them,
// and is on record once.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { Kysely, sql } from 'kysely';
import type { Fact } from '../../domain/entry.ts';
import type { Store } from '../../store/ports.ts';
import { deletedIsDelivered0022 } from '../../store/migrations/0022-deleted-is-delivered.ts';
import { createDialect, createPool } from '../../store/pool.ts';
import { openStore } from '../../store/store.ts';
import { ada, aConversationId, aMessage, anEntry, aReply, BY_ITSELF } from './builders.ts';
import { type Database, startDatabase } from './databases.ts';

const DAY_MS = 86_400_000;
const NOW_MS = 1_000 * DAY_MS;

let database: Database;
let store: Store;

before(async () => {
  database = await startDatabase('postgres');
  store = await openStore({ pool: database.poolConfig });
});
after(async () => {
  await store.close();
  await database.stop();
});

/** Conversations whose texts were deleted, in order. */
const ids = Array.from({ length: 8 }, aConversationId).toSorted();

test('two runs at once delete each conversation once, and say so once', async () => {
  const agent = `agent-${randomUUID()}`;
  const atMs = NOW_MS - 40 * DAY_MS;
  for (const id of ids) {
    const entry = (step: string, fact: object) => anEntry(id, id, step, fact as Fact, atMs);
    await store.record([
      entry('opened', { kind: 'conversation_opened', agent, tenant: ada.tenant, owner: 'olga', principal: ada }),
    ]);
    await store.items.append([aMessage(id, 'm-1')]);
    await store.record([entry('phase:1', { kind: 'phase', phase: 'closed', by: 'olga', reason: 'a test' })]);
  }
  const at = { agents: [{ name: agent, retention: { deleteTextsAfterDays: 30 } }], nowMs: NOW_MS, limit: 100 };
  const runs = await Promise.all([0, 1].map(() => store.maintenance.run({ ...at, ...BY_ITSELF })));
  const done = runs.flat().filter(({ task }) => task === 'delete_texts');
  assert.deepEqual(
    done.map(({ failed }) => failed),
    [undefined, undefined],
  );
  assert.deepEqual(done.flatMap((one) => one.ids).toSorted(), ids);
  const said = (await store.ledger.ofSubject('maintenance')).flatMap(({ fact }) =>
    fact.kind === 'maintained' && fact.task === 'delete_texts' ? fact.conversationIds : [],
  );
  assert.deepEqual(said.toSorted(), ids);
});

test('what an earlier version has deleted counts as delivered too, also where words came late', async () => {
  const pool = createPool({ ...database.poolConfig, max: 1 });
  const db = new Kysely<unknown>({ dialect: createDialect(pool) });
  try {
    await sql.raw('drop trigger deleted_is_delivered on countersign.conversations').execute(db);
    await sql.raw('drop function countersign.deleted_is_delivered').execute(db);
    await sql.raw('delete from countersign.delivered_replies').execute(db);
    await store.deliveries.told({ conversationId: ids[1] ?? '', seq: 1, keys: ['reply:none'] });
    for (const id of ids.slice(0, 3)) await store.items.append([aMessage(id, 'm-2'), aReply(id)]);
    const replies = async (conversationId: string) =>
      (await store.deliveries.replies({ conversationId, channel: 'slack', limit: 9 })).length;
    assert.deepEqual(await Promise.all(ids.slice(0, 3).map(replies)), [1, 1, 1]);
    await deletedIsDelivered0022.up(db);
    assert.deepEqual(await Promise.all(ids.slice(0, 3).map(replies)), [0, 0, 0]);
    const { rows } = await sql<{ id: string }>`
      select conversation_id as id from countersign.delivered_replies`.execute(db);
    assert.deepEqual(rows.map(({ id }) => id).toSorted(), ids);
  } finally {
    await pool.end();
  }
});
