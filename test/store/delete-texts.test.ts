// Deleting the texts of a conversation, with its words encrypted and as they are: every word of it goes, from every column
// that holds words, and none of another's.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import type pg from 'pg';
import type { Entry, Fact } from '../../domain/entry.ts';
import { createPool } from '../../store/pool.ts';
import type { Store } from '../../store/ports.ts';
import { openStore } from '../../store/store.ts';
import { WORDS } from '../../store/words.ts';
import { MASTER_KEY } from '../support/master-key.ts';
import { ada, aConversationId, aMessage, anApproval, anEntry, aProposal, BY_ITSELF } from './builders.ts';
import { type Database, startDatabase } from './databases.ts';

const DAY_MS = 86_400_000;
const NOW_MS = 1_000 * DAY_MS;
const retention = { deleteTextsAfterDays: 30 };
// A NUL and half a surrogate pair are what PostgreSQL cannot read in JSON.
const UNREADABLE = '\0 \ud83d';

let database: Database;
let pool: pg.Pool;

before(async () => {
  database = await startDatabase('postgres');
  pool = createPool(database.poolConfig);
});

after(async () => {
  await pool.end();
  await database.stop();
});

/** A conversation that was closed so many days ago and is full of a word, in every column that holds words. */
async function aFullTalk(store: Store, agent: string, daysAgo: number, canary: string): Promise<string> {
  const id = aConversationId();
  const atMs = NOW_MS - daysAgo * DAY_MS;
  const word = `${canary} ${UNREADABLE}`;
  const principal = { ...ada, name: word };
  const args = JSON.stringify({ to: word });
  const proposal = { ...aProposal(id), args, summary: word, forWhom: word, howMuch: canary, principal };
  const { actionId } = proposal;
  const approval = { ...anApproval(id), args, summary: word, reason: word, forWhom: canary, howMuch: word };
  const evidence = { subject: canary, asOfMs: 1, version: '1', record: { note: word } };
  const entry = (subject: string, step: string, fact: object): Entry => anEntry(id, subject, step, fact as Fact, atMs);
  await store.record([
    entry(id, 'opened', { kind: 'conversation_opened', agent, tenant: ada.tenant, owner: 'per_olga', principal }),
  ]);
  await store.items.append([{ ...aMessage(id, 'm-1'), body: { kind: 'message', text: word, from: principal } }]);
  await store.record([
    entry(actionId, 'proposed', { kind: 'proposed', proposal }),
    entry(approval.id, 'requested', { kind: 'approval_requested', approval: { ...approval, evidence } }),
    entry(approval.id, 'settled', { kind: 'approval_settled', approval: { ...approval, evidence, end: 'cancelled' } }),
    entry(actionId, 'settled', { kind: 'settled', outcome: { kind: 'succeeded', result: word } }),
    entry(id, 'phase:1', { kind: 'phase', phase: 'closed', by: 'olga', reason: word }),
  ]);
  return id;
}

/** The rows of a conversation that hold words, as they lie there. */
const rowsOf = async (id: string): Promise<readonly string[]> => {
  const tables = ['conversations', 'items', 'actions', 'approvals', 'claims', 'ledger'].map(
    (table) => `select '${table}: ' || t::text as row from countersign.${table} as t
      where ${table === 'conversations' ? 'id' : 'conversation_id'} = $1`,
  );
  const seals = `select 'seal: ' || t::text from countersign.ledger_seals as t
    join countersign.ledger using (seq) where conversation_id = $1`;
  const { rows } = await pool.query<{ row: string }>([...tables, seals].join(' union all '), [id]);
  return rows.map(({ row }) => row).sort();
};

for (const [how, masterKey] of [
  ['encrypted', MASTER_KEY],
  ['as they are', undefined],
] as const) {
  describe(`words that lie there ${how}`, () => {
    let store: Store;
    before(async () => void (store = await openStore({ pool: database.poolConfig, masterKey })));
    after(() => store.close());

    test('all of a conversation go, once, which is on record; the actions stay without them, and no other loses any', async () => {
      const agent = `agent-${randomUUID()}`;
      const [canary, other] = [`canary-${randomUUID()}`, `canary-${randomUUID()}`];
      const id = await aFullTalk(store, agent, 40, canary);
      const young = await aFullTalk(store, agent, 29, other);
      const isWord = (row: string) => (masterKey === undefined ? row.includes('canary-') : row.includes('~'));
      const kept = await rowsOf(young);
      assert.ok(kept.filter(isWord).length >= 7, `words in ${kept.filter(isWord).length} rows`);
      const at = {
        agents: [{ name: agent, retention }],
        nowMs: NOW_MS,
        limit: 100,
        ...BY_ITSELF,
      };
      const deleted = async () => (await store.maintenance.run(at)).find(({ task }) => task === 'delete_texts');
      assert.deepEqual(await deleted(), { task: 'delete_texts', done: 1, ids: [id], ask: [] });
      assert.deepEqual((await rowsOf(id)).filter(isWord), []);
      assert.deepEqual(await rowsOf(young), kept);
      assert.deepEqual(await deleted(), { task: 'delete_texts', done: 0, ids: [], ask: [] });
      assert.equal((await store.conversations.get(id))?.textsDeletedMs, NOW_MS);
      const said = (await store.ledger.ofSubject('maintenance')).map(({ fact }) => fact);
      assert.deepEqual(
        said.filter((fact) => fact.kind === 'maintained' && fact.conversationIds.includes(id)),
        [{ kind: 'maintained', task: 'delete_texts', done: 1, conversationIds: [id], by: '' }],
      );
      const entries = await store.ledger.ofConversation(id, 0, 100);
      assert.deepEqual(new Set(entries.map(({ seal }) => seal)), new Set(['gone']));
      const [action] = await store.actions.ofConversation(id, 9);
      assert.deepEqual([action?.args, action?.summary, action?.outcome?.kind], ['{}', '[erased]', 'succeeded']);
      assert.deepEqual([action?.digest, action?.stage], [aProposal(id).digest, 'settled']);
      // As after a Reset in Temporal, which does its turns again; and what somebody says late.
      await store.items.append([{ ...aMessage(id, 'm-2'), body: { kind: 'message', text: canary, from: ada } }]);
      assert.deepEqual((await deleted())?.ids, [id]);
      await store.record([anEntry(id, id, 'phase:2', { kind: 'phase', phase: 'closed', by: '', reason: canary }, 1)]);
      assert.deepEqual((await deleted())?.ids, [id]);
      assert.deepEqual((await rowsOf(id)).filter(isWord), []);
    });
  });
}

/** What the function of the database puts in the place of words, column by column, as its source says it. */
async function blankedByDatabase() {
  const { rows } = await pool.query<{ source: string }>(
    `select prosrc as source from pg_proc where proname = 'delete_texts'`,
  );
  const source = (rows[0]?.source ?? '').replaceAll(/\s+/g, ' ');
  const updates = [...source.matchAll(/update (\w+) set (.*?) where/g)];
  return Object.fromEntries(
    updates.flatMap(([, table = '', sets = '']) =>
      [...sets.matchAll(/(\w+) = blanked\(\1, '(.*?)', '\{(.*?)\}'\)/g)].map(
        ([, column, fillers = '{}', dropped = '']) => {
          const gone = dropped === '' ? [] : dropped.split(',').map((path) => [path, undefined] as const);
          return [`${table}.${column}`, { ...(JSON.parse(fillers) as object), ...Object.fromEntries(gone) }] as const;
        },
      ),
    ),
  );
}

test('the function of the database knows every column and path that holds words', async () => {
  await (await openStore({ pool: database.poolConfig })).close();
  // Items are deleted whole; keys of the API belong to no conversation.
  const { 'items.body': _, 'api_keys.principal': __, ...words } = WORDS;
  assert.deepEqual(await blankedByDatabase(), words);
});
