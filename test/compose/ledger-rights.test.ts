// What a PostgreSQL role that writes past our code can do to the ledger, on a real server: its own kinds of entry, each in
// its place, under a step of its kind, and nothing else.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import pg from 'pg';
import type { Entry, Fact } from '../../domain/entry.ts';
import { entryText, leafOf } from '../../store/entry-text.ts';
import { grantRights, RIGHTS } from '../../store/grants.ts';
import { migrateStore } from '../../store/migrations/migrate.ts';
import type { Store } from '../../store/ports.ts';
import { openStore } from '../../store/store.ts';
import { ada } from '../store/builders.ts';
import { startPrivatePostgres, type TestPostgres } from '../support/postgres.ts';

type RoleName = 'api' | 'workflows' | 'assistant' | 'actor';
const ROLES: readonly RoleName[] = ['api', 'workflows', 'assistant', 'actor'];

let server: TestPostgres;
let stores: Record<RoleName, Store>;
let logins: Record<RoleName, pg.Client>;

before(async () => {
  server = await startPrivatePostgres();
  const owner = new pg.Client({ connectionString: server.url });
  await owner.connect();
  for (const role of Object.keys(RIGHTS)) await owner.query(`create role ${role} login`);
  await owner.end();
  await migrateStore({ connectionString: server.url });
  await grantRights({ connectionString: server.url });
  const opened: [RoleName, Store, pg.Client][] = [];
  for (const role of ROLES) {
    const connectionString = server.url.replace('postgres@', `countersign_${role}@`);
    const client = new pg.Client({ connectionString });
    await client.connect();
    opened.push([role, await openStore({ pool: { connectionString }, migrate: false }), client]);
  }
  stores = Object.fromEntries(opened.map(([role, store]) => [role, store])) as typeof stores;
  logins = Object.fromEntries(opened.map(([role, , client]) => [role, client])) as typeof logins;
});

after(async () => {
  for (const client of Object.values(logins ?? {})) await client.end();
  for (const store of Object.values(stores ?? {})) await store.close();
  await server?.stop();
});

const anEntry = (subject: string, step: string, fact: Fact): Entry => {
  return { subject, step, conversationId: 'c', atMs: 1, fact };
};
/** An entry that the role may append, at that subject. */
const OWN: Readonly<Record<RoleName, (subject: string) => Entry>> = {
  api: (subject) => anEntry(subject, 'read-1', { kind: 'ledger_read', by: 'a', from: 1, to: 2, how: 'export' }),
  workflows: (subject) =>
    anEntry(subject, 'message:m:refused', { kind: 'message_refused', messageId: 'm', reason: 'x' }),
  assistant: (subject) =>
    anEntry(subject, 'replied:1', { kind: 'replied', turn: 1, itemId: 'i', itemDigest: 'd', by: 'model' }),
  actor: (subject) => anEntry(subject, 'refused:x', { kind: 'warrant_refused', reason: 'x' }),
};

async function head(): Promise<number> {
  const { rows } = await logins.api.query<{ head: string }>('select max(seq) as head from countersign.ledger');
  return Number(rows[0]?.head);
}

async function insert(role: RoleName, entry: Entry, seq: number): Promise<void> {
  const { text } = entryText({ ...entry, seq });
  await logins[role].query(
    `insert into countersign.ledger (seq, subject, step, conversation_id, at_ms, kind, entry, leaf)
     values ($1, $2, $3, $4, $5, $6, $7, $8)`,
    [seq, entry.subject, entry.step, entry.conversationId, entry.atMs, entry.fact.kind, text, leafOf(text)],
  );
}

const seal = (role: RoleName, seq: number) =>
  logins[role].query(`insert into countersign.ledger_seals (seq, salt, body) values ($1, 'aa', '{}')`, [seq]);

/** What is rolled back in the end. */
async function trying(role: RoleName, work: () => Promise<void>): Promise<void> {
  await logins[role].query('begin');
  try {
    await work();
  } finally {
    await logins[role].query('rollback');
  }
}

const REFUSED_ROW = /violates row-level security policy/;

test('no role can leave a gap in the ledger, or put an entry before others', async () => {
  for (const role of ROLES) {
    await stores.api.record([OWN.api(`before ${role}`)]);
    const next = (await head()) + 1;
    for (const seq of [next + 1, 9e15, 0, -1]) {
      await assert.rejects(
        insert(role, OWN[role](`${role} ${seq}`), seq),
        /the ledger has no gaps/,
        `${role} at ${seq}`,
      );
    }
    await insert(role, OWN[role](`${role} next`), next);
    assert.equal(await head(), next);
  }
  const made = await stores.api.checkpoints.make({ from: 'last_checkpoint', sign: () => 'signed', nowMs: 1 });
  assert.equal(made?.size, await head());
});

test('no role can take the place of a seal that is not written yet, or give another entry one', async () => {
  for (const role of ROLES) {
    await stores.api.record([OWN.api(`unsealed ${role}`)]);
    const last = await head();
    for (const seq of [last, last + 1, last + 2]) {
      await assert.rejects(seal(role, seq), REFUSED_ROW, `${role} at ${seq}`);
    }
    await trying(role, async () => {
      await insert(role, OWN[role](`${role} sealed`), last + 1);
      await seal(role, last + 1);
    });
  }
  const fact = { kind: 'conversation_opened', agent: 'a', tenant: 'default', owner: 'o', principal: ada } as const;
  await stores.api.record([anEntry('c', 'opened', fact)]);
  assert.equal((await stores.api.ledger.ofSubject('c'))[0]?.seal, 'fits');
});
