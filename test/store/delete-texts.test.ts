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
import {
  ada,
  aConversationId,
  aMessage,
  anApproval,
  anAsk,
  anEntry,
  aProposal,
  aReserve,
  BY_ITSELF,
  underWarrant,
} from './builders.ts';
import { type Database, startDatabase } from './databases.ts';

const DAY_MS = 86_400_000;
const NOW_MS = 1_000 * DAY_MS;
const retention = { deleteTextsAfterDays: 30 };
// A NUL and half a surrogate pair are what PostgreSQL cannot read in JSON.
const UNREADABLE = '\0 \ud83d';

/** A conversation that was closed so many days ago and is full of a word, in every column that holds words. */
async function aFullTalk(store: Store, agent: string, daysAgo: number, canary: string): Promise<string> {
  const id = aConversationId();
  const atMs = NOW_MS - daysAgo * DAY_MS;
  const word = `${canary} ${UNREADABLE}`;
  const principal = { ...ada, name: word };
  const args = JSON.stringify({ to: word });
  const proposal = { ...aProposal(id), agent, args, summary: word, forWhom: word, howMuch: canary, principal };
  const { actionId, digest, tenant, tool } = proposal;
  const amount = { currency: canary, minorUnits: 7 };
  const approval = { ...anApproval(id), args, summary: word, reason: word, forWhom: canary, howMuch: word, amount };
  const evidence = { subject: canary, asOfMs: 1, version: '1', record: { note: word } };
  const verdict = { ...anAsk, reason: word, amount, reserves: [aReserve('EUR')] };
  const entry = (subject: string, step: string, fact: Fact): Entry => anEntry(id, subject, step, fact, atMs);
  await store.record([
    entry(id, 'opened', { kind: 'conversation_opened', agent, tenant: ada.tenant, owner: 'per_olga', principal }),
  ]);
  await store.items.append([{ ...aMessage(id, 'm-1'), body: { kind: 'message', text: word, from: principal } }]);
  await store.record([
    entry(id, 'intake:1', anIntake(word)),
    entry(actionId, 'proposed', { kind: 'proposed', proposal }),
    entry(actionId, 'ruled:1', { kind: 'ruled', digest, verdict, evidence, signed: 's' }),
    entry(approval.id, 'requested', { kind: 'approval_requested', approval: { ...approval, evidence } }),
    entry(approval.id, 'settled', { kind: 'approval_settled', approval: { ...approval, evidence, end: 'approved' } }),
  ]);
  const claiming = { actionId, conversationId: id, digest, tenant, agent, tool, nowMs: atMs };
  const { kind } = await store.claims.claim({ claiming, ...underWarrant('ruled:1') });
  assert.equal(kind, 'claimed');
  await store.claims.receipt({ actionId, epoch: 1, outcome: { kind: 'succeeded', result: word }, nowMs: atMs });
  await store.record([entry(id, 'phase:1', { kind: 'phase', phase: 'closed', by: 'olga', reason: word })]);
  return id;
}

const anIntake = (said: string): Fact => ({
  ...({ kind: 'intake', turn: 1, version: 'v1', itemId: 'i9', priority: 2, queue: 'finance', open: [] } as const),
  ...({ next: 'goes_on', asked: {}, called: [] } as const),
  facts: [{ name: 'order', state: 'verified', why: '', quotes: [] }],
  values: { order: { said: [said], quoted: [], isUnread: false } },
});

// Keys of the API and notes belong to no conversation.
const { 'api_keys.principal': _, 'notes.note': __, ...OF_TALKS } = WORDS;
const SEALS = 'ledger_seals.body';
const CELLS = [...Object.keys(OF_TALKS), SEALS];

/** The columns of a conversation that hold words, and its entries, as they lie there. */
async function cellsOf(
  pool: pg.Pool,
  id: string,
): Promise<readonly { readonly cell: string; readonly text: string }[]> {
  const cells = [...CELLS, 'ledger.entry'].map((cell) => {
    const [table = '', column = ''] = cell.split('.');
    const from =
      cell === SEALS ? 'countersign.ledger_seals join countersign.ledger using (seq)' : `countersign.${table}`;
    return `select '${cell}' as cell, ${column}::text as text from ${from}
      where ${table === 'conversations' ? 'id' : 'conversation_id'} = $1`;
  });
  const { rows } = await pool.query<{ cell: string; text: string }>(`${cells.join(' union all ')} order by 1, 2`, [id]);
  return rows;
}

for (const [how, masterKey] of [
  ['encrypted', MASTER_KEY],
  ['as they are', undefined],
] as const) {
  describe(`words that lie there ${how}`, () => {
    let database: Database;
    let pool: pg.Pool;
    let store: Store;
    before(async () => {
      database = await startDatabase('postgres');
      pool = createPool(database.poolConfig);
      store = await openStore({ pool: database.poolConfig, masterKey });
    });
    after(async () => {
      await store?.close();
      await pool?.end();
      await database?.stop();
    });

    test('all of a conversation go, once, which is on record; the actions stay without them, and no other loses any', async () => {
      const agent = `agent-${randomUUID()}`;
      const [canary, other] = [`canary-${randomUUID()}`, `canary-${randomUUID()}`];
      const id = await aFullTalk(store, agent, 40, canary);
      const young = await aFullTalk(store, agent, 29, other);
      const cellsWithWords = async (of: string) => {
        const cells = await cellsOf(pool, of);
        const isWord = ({ text }: { readonly text: string | null }) =>
          text?.includes(masterKey === undefined ? 'canary-' : '~');
        return [...new Set(cells.filter(isWord).map(({ cell }) => cell))].toSorted();
      };
      const kept = await cellsOf(pool, young);
      assert.deepEqual(await cellsWithWords(young), CELLS.toSorted());
      const isSealed = (cell: string, name: string) =>
        !kept.find((one) => one.cell === cell)?.text.includes(`"${name}":`);
      assert.equal(isSealed('actions.verdict', 'reserves'), masterKey !== undefined);
      const at = {
        agents: [{ name: agent, retention }],
        nowMs: NOW_MS,
        limit: 100,
        ...BY_ITSELF,
      };
      const deleted = async () => (await store.maintenance.run(at)).find(({ task }) => task === 'delete_texts');
      assert.deepEqual(await deleted(), { task: 'delete_texts', done: 1, ids: [id], ask: [] });
      assert.deepEqual(await cellsWithWords(id), []);
      assert.deepEqual(await cellsOf(pool, young), kept);
      assert.deepEqual(await deleted(), { task: 'delete_texts', done: 0, ids: [], ask: [] });
      assert.equal((await store.conversations.get(id))?.textsDeletedMs, NOW_MS);
      const said = (await store.ledger.ofSubject('maintenance')).map(({ fact }) => fact);
      assert.deepEqual(
        said.filter((fact) => fact.kind === 'maintained' && fact.conversationIds.includes(id)),
        [{ kind: 'maintained', task: 'delete_texts', done: 1, conversationIds: [id], by: '' }],
      );
      const entries = await store.ledger.ofConversation(id, 0, 100);
      assert.deepEqual(new Set(entries.map(({ seal }) => seal)), new Set(['gone', 'none']));
      const [action] = await store.actions.ofConversation(id, 9);
      assert.deepEqual([action?.args, action?.summary, action?.outcome?.kind], ['{}', '[erased]', 'succeeded']);
      assert.deepEqual([action?.digest, action?.stage], [aProposal(id).digest, 'settled']);
      assert.deepEqual(action?.verdict, { ...anAsk, reason: '[erased]' });
      const asked = await store.approvals.get(anApproval(id).id);
      assert.deepEqual(asked?.amount, { currency: '', minorUnits: 0 });
      // As after a Reset in Temporal, which does its turns again; and what somebody says late.
      await store.items.append([{ ...aMessage(id, 'm-2'), body: { kind: 'message', text: canary, from: ada } }]);
      assert.deepEqual((await deleted())?.ids, [id]);
      await store.record([anEntry(id, id, 'phase:2', { kind: 'phase', phase: 'closed', by: '', reason: canary }, 1)]);
      assert.deepEqual((await deleted())?.ids, [id]);
      assert.deepEqual(await cellsWithWords(id), []);
    });
  });
}

/** What the function of the database puts in the place of words, column by column, as its source says it. */
async function blankedByDatabase(pool: pg.Pool) {
  const { rows } = await pool.query<{ source: string }>(
    `select prosrc as source from pg_proc where proname = 'delete_texts'`,
  );
  const source = (rows[0]?.source ?? '').replaceAll(/\s+/g, ' ');
  const updates = [...source.matchAll(/update (\w+) set (.*?) where/g)];
  return Object.fromEntries(
    updates.flatMap(([, table = '', sets = '']) =>
      [...sets.matchAll(/(\w+) = (?:countersign\.)?blanked\(\1, '(.*?)', '\{(.*?)\}'\)/g)].map(
        ([, column, fillers = '{}', dropped = '']) => {
          const gone = dropped === '' ? [] : dropped.split(',').map((path) => [path, undefined] as const);
          return [`${table}.${column}`, { ...(JSON.parse(fillers) as object), ...Object.fromEntries(gone) }] as const;
        },
      ),
    ),
  );
}

test('the function of the database knows every column and path that holds words', async (t) => {
  const database = await startDatabase('postgres');
  const pool = createPool(database.poolConfig);
  t.after(() => pool.end().then(() => database.stop()));
  await (await openStore({ pool: database.poolConfig })).close();
  // Items are deleted whole.
  const { 'items.body': ___, ...words } = OF_TALKS;
  assert.deepEqual(await blankedByDatabase(pool), words);
});
