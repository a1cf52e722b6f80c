// Two runs of maintenance at once, as an operator's and the Schedule's may be: each conversation is deleted by one of them,
// and is on record once.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import type { Fact } from '../../domain/entry.ts';
import type { Store } from '../../store/ports.ts';
import { openStore } from '../../store/store.ts';
import { ada, aConversationId, aMessage, anEntry } from './builders.ts';
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

test('two runs at once delete each conversation once, and say so once', async () => {
  const agent = `agent-${randomUUID()}`;
  const ids = Array.from({ length: 8 }, aConversationId).toSorted();
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
  const runs = await Promise.all([0, 1].map(() => store.maintenance.run({ ...at, rows: 100, beat: () => undefined })));
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
