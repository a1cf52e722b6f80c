// What a PostgreSQL role may do of maintenance on a real server, past our code: the workflows role deletes the texts of what
// is closed, by the one function that does, and erases facts that are over; nobody else does either.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import pg from 'pg';
import { openStore } from '../../store/store.ts';
import type { Store } from '../../store/ports.ts';
import { ada, aConversationId, aMessage, anEntry, BY_ITSELF } from '../store/builders.ts';
import type { TestPostgres } from '../support/postgres.ts';
import { ROLE_NAMES, type RoleName, startGranted, urlOf } from './granted.ts';

let server: TestPostgres;
let owner: Store;
let logins: Readonly<Record<RoleName, pg.Client>>;

before(async () => {
  server = await startGranted();
  owner = await openStore({ pool: { connectionString: server.url } });
  const opened = await Promise.all(
    ROLE_NAMES.map(async (role) => {
      const client = new pg.Client({ connectionString: urlOf(server, role) });
      await client.connect();
      return [role, client] as const;
    }),
  );
  logins = Object.fromEntries(opened) as Record<RoleName, pg.Client>;
});

after(async () => {
  for (const client of Object.values(logins ?? {})) await client.end();
  await owner?.close();
  await server?.stop();
});

async function aTalk(isClosed: boolean): Promise<string> {
  const id = aConversationId();
  const opened = {
    kind: 'conversation_opened',
    agent: 'desk',
    tenant: ada.tenant,
    owner: 'olga',
    principal: ada,
  } as const;
  const closed = { kind: 'phase', phase: 'closed', by: 'olga', reason: 'a test' } as const;
  await owner.record([
    anEntry(id, id, 'opened', opened, 1),
    ...(isClosed ? [anEntry(id, id, 'phase:1', closed, 2)] : []),
  ]);
  await owner.items.append([aMessage(id, 'm-1')]);
  return id;
}

const deletes = async (role: RoleName, id: string): Promise<unknown> =>
  (await logins[role].query('select countersign.delete_texts($1, 9) as deleted', [id])).rows[0]?.deleted;

test('the workflows role alone deletes texts, and of closed conversations alone', async () => {
  const [open, closed] = [await aTalk(false), await aTalk(true)];
  for (const role of ['api', 'assistant', 'actor'] as const)
    await assert.rejects(deletes(role, closed), /permission denied for function delete_texts/, role);
  assert.equal(await deletes('workflows', open), false);
  assert.equal(await deletes('workflows', closed), true);
  assert.deepEqual(
    [(await owner.items.page(open, 0, 9)).length, (await owner.items.page(closed, 0, 9)).length],
    [1, 0],
  );
});

test('all of maintenance runs with the rights of the workflows role, and is looked at with those of the API', async () => {
  const id = await aTalk(true);
  const idle = await aTalk(false);
  const open = async (role: RoleName) => openStore({ pool: { connectionString: urlOf(server, role) }, migrate: false });
  const [workflows, api] = [await open('workflows'), await open('api')];
  try {
    const agents = [{ name: 'desk', retention: { closeIdleAfterDays: 1, deleteTextsAfterDays: 1 } }];
    const at = { agents, nowMs: Date.now(), limit: 10 };
    const isDue = (await api.maintenance.due(at)).flatMap(({ due }) => due.map((one) => one.id));
    assert.ok(isDue.includes(id) && isDue.includes(idle));
    const works = await workflows.maintenance.run({ ...at, ...BY_ITSELF, rows: 10 });
    assert.deepEqual(
      works.flatMap(({ failed = [] }) => failed),
      [],
    );
    assert.ok(works.some(({ ids }) => ids.includes(id)) && works.some(({ ask }) => ask.includes(idle)));
    assert.equal(await workflows.maintenance.isIdle({ ...at, movedMs: 0, conversationId: idle }), true);
    assert.ok((await api.maintenance.runs()).every(({ lastMs }) => lastMs === at.nowMs));
    assert.ok((await api.ledger.ofSubject('maintenance')).length > 0);
  } finally {
    await Promise.all([workflows.close(), api.close()]);
  }
});

test('no role deletes items or seals by itself, blanks a cell, or says when texts were deleted', async () => {
  const id = await aTalk(true);
  for (const role of ROLE_NAMES) {
    for (const statement of [
      `delete from countersign.items where conversation_id = '${id}'`,
      'delete from countersign.ledger_seals',
      `update countersign.conversations set texts_deleted_ms = 1 where id = '${id}'`,
      `update countersign.actions set proposal = countersign.blanked(proposal, '{}', '{}')`,
    ])
      await assert.rejects(logins[role].query(statement), /permission denied/, `${role}: ${statement}`);
  }
});

test('what maintenance did is counted by the workflows role, and seen by the API', async () => {
  const count = `insert into countersign.maintenance_runs (task, done) values ('a', 1)`;
  for (const role of ['api', 'assistant', 'actor'] as const)
    await assert.rejects(logins[role].query(count), /permission denied/, role);
  await logins.workflows.query(count);
  assert.equal(
    (await logins.api.query('select * from countersign.maintenance_runs where task = $1', ['a'])).rowCount,
    1,
  );
});
