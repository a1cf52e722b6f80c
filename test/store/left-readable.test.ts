// What an older version left readable beside encrypted words, or after they were deleted, is encrypted or gone with the next
// start; and what channels are still to tell lies encrypted too.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Kysely, PostgresDialect } from 'kysely';
import type pg from 'pg';
import { leftReadable0021 } from '../../store/migrations/0021-left-readable.ts';
import { createPool } from '../../store/pool.ts';
import type { Store } from '../../store/ports.ts';
import { openStore } from '../../store/store.ts';
import { MASTER_KEY } from '../support/master-key.ts';
import {
  ada,
  aConversationId,
  anApproval,
  anAsk,
  anEntry,
  aProposal,
  aReserve,
  evidence,
  opened,
  requested,
} from './builders.ts';
import { type Database, startDatabase } from './databases.ts';

let database: Database;
let pool: pg.Pool;
let store: Store;
before(async () => {
  database = await startDatabase('postgres');
  pool = createPool(database.poolConfig);
  store = await openStore({ pool: database.poolConfig, masterKey: MASTER_KEY });
});
after(async () => {
  await store?.close();
  await pool?.end();
  await database?.stop();
});

const amount = { currency: 'EUR', minorUnits: 7_200 };
const verdict = { ...anAsk, amount, reserves: [aReserve('EUR')] };

const remembered = (conversationId: string, subject: string, index: number, key: string) => ({
  ...({ tenant: 'default', agent: 'desk', subject, kind: 'contact', key, value: 'v', trust: 'principal' } as const),
  ...{ owner: 'olga', source: { conversationId, actionId: `${conversationId}:9:${index}`, items: [] } },
  ...{ fromMs: index, expiresMs: 1_000, freshUntilMs: 1_000, historyMs: 0 },
});

/** A conversation of somebody new in which something was remembered and asked, with an amount. */
async function talk(on = store): Promise<{ readonly id: string; readonly subject: string }> {
  const id = aConversationId();
  const subject = `cus_${id}`;
  const { actionId, digest, ...proposal } = { ...aProposal(id), principal: { ...ada, id: subject } };
  await on.record([opened(id, 10, { ...ada, id: subject })]);
  await on.facts.remember(remembered(id, subject, 0, 'by mail'));
  await on.record([
    anEntry(id, actionId, 'proposed', { kind: 'proposed', proposal: { ...proposal, actionId, digest } }),
    anEntry(id, actionId, 'ruled:1', { kind: 'ruled', digest, verdict, evidence, signed: 's' }),
    requested(id, { ...anApproval(id), amount }),
  ]);
  return { id, subject };
}

const close = (id: string) =>
  store.record([
    anEntry(id, anApproval(id).id, 'settled', {
      kind: 'approval_settled',
      approval: { ...anApproval(id), end: 'denied' },
    }),
    anEntry(id, aProposal(id).actionId, 'settled', { kind: 'settled', outcome: { kind: 'denied', reason: 'no' } }),
    anEntry(id, id, 'closed', { kind: 'phase', phase: 'closed', by: '', reason: '' }),
  ]);

/** As the version before this one wrote it. */
async function writtenBefore(id: string): Promise<void> {
  await pool.query(`update countersign.facts set key = '"by mail"' where conversation_id = $1`, [id]);
  for (const [table, column, had] of [
    ['actions', 'verdict', { amount, reserves: verdict.reserves }],
    ['approvals', 'approval', { amount }],
  ] as const) {
    await pool.query(
      `update countersign.${table} set ${column} = (${column}::jsonb || $2::jsonb)::json where conversation_id = $1`,
      [id, JSON.stringify(had)],
    );
  }
}

async function readableOf(id: string): Promise<readonly string[]> {
  const { rows } = await pool.query<{ what: string }>(
    `select 'key' as what from countersign.facts where conversation_id = $1 and key like '%by mail%'
     union all select 'verdict' from countersign.actions where conversation_id = $1 and verdict::text like '%7200%'
     union all select 'approval' from countersign.approvals where conversation_id = $1 and approval::text like '%7200%'`,
    [id],
  );
  return rows.map(({ what }) => what).toSorted();
}

test('keys of what is remembered and amounts of before are encrypted where they lie, and read as they were', async () => {
  const [stays, gone] = [await talk(), await talk()];
  assert.deepEqual(await readableOf(stays.id), []);
  const whole = async ({ id, subject }: typeof stays) => [
    await store.facts.shownOf({ tenant: 'default', agent: 'desk', subject }, 1),
    (await store.actions.ofConversation(id, 9)).map((one) => one.verdict),
    await store.approvals.ofBatch(`${id}:1:0`),
  ];
  const asItWas = await whole(stays);
  for (const { id } of [stays, gone]) await writtenBefore(id);
  assert.deepEqual(await readableOf(stays.id), ['approval', 'key', 'verdict']);
  await pool.query('update countersign.subject_keys set wrapped = null, destroyed_ms = 1 where subject = $1', [
    gone.subject,
  ]);
  for (const _ of ['first', 'again']) {
    await (await openStore({ pool: database.poolConfig, masterKey: MASTER_KEY })).close();
    assert.deepEqual([await readableOf(stays.id), await readableOf(gone.id)], [[], []]);
    assert.deepEqual(await whole(stays), asItWas);
  }
});

test('a fact is replaced and forgotten by its key, which is compared as it was said', async () => {
  const { id, subject } = await talk();
  for (const [index, key] of [
    [1, 'by mail'],
    [2, '~by.phone'],
  ] as const)
    await store.facts.remember(remembered(id, subject, index, key));
  const whose = { tenant: 'default', agent: 'desk', subject };
  const inForce = async () =>
    (await store.facts.shownOf(whose, 3)).flatMap(({ key, ended }) => (ended === null ? [key] : [])).toSorted();
  assert.deepEqual(await inForce(), ['by mail', '~by.phone']);
  assert.equal(await store.facts.forget({ ...whose, kind: 'contact', key: 'by', id: '' }, 'olga', 3), 0);
  assert.equal(await store.facts.forget({ ...whose, kind: 'contact', key: '~by.phone', id: '' }, 'olga', 3), 1);
  assert.deepEqual(await inForce(), ['by mail']);
});

test('a key that a role of an older version has written since is read as it stands', async () => {
  const { id, subject } = await talk();
  const odd = '"by mail';
  await store.facts.remember(remembered(id, subject, 1, 'by mail'));
  await pool.query(`update countersign.facts set key = $1 where subject = $2`, [odd, subject]);
  const [shown] = await store.facts.shownOf({ tenant: 'default', agent: 'desk', subject }, 3);
  assert.equal(shown?.key, odd);
});

test('amounts that a deletion of before had left are gone with the migration', async () => {
  const { id } = await talk();
  await close(id);
  const { rows } = await pool.query('select countersign.delete_texts($1, 5) as done', [id]);
  assert.deepEqual(rows, [{ done: true }]);
  await writtenBefore(id);
  await pool.query(`update countersign.facts set key = '' where conversation_id = $1`, [id]);
  assert.deepEqual(await readableOf(id), ['approval', 'verdict']);
  await pool.query('drop table countersign.retired_masters');
  await leftReadable0021.up(new Kysely<unknown>({ dialect: new PostgresDialect({ pool }) }));
  assert.deepEqual(await readableOf(id), []);
});

test('a note lies encrypted until it is told, under the key of whom it is about', async () => {
  const { id, subject } = await talk();
  const note = { kind: 'reason', answer: 'deny', handle: 'h', about: 'refund heron' } as const;
  const way = { user: 'FINN' };
  const put = (noteId: string, more: object) =>
    store.notes.add({ id: noteId, channel: 'pigeon', way, note, nowMs: 1, ...more });
  await put('of nobody', {});
  for (const one of ['first', 'second']) await put(`${one} of ${id}`, { conversationId: id });
  const { rows } = await pool.query(`select id from countersign.notes where note::text like '%heron%'`);
  assert.deepEqual(rows, []);
  const take = async () => (await store.notes.take('pigeon', 2, 1_000))?.note;
  assert.deepEqual([await take(), await take()], [note, note]);
  await pool.query('update countersign.subject_keys set wrapped = null, destroyed_ms = 1 where subject = $1', [
    subject,
  ]);
  const again = await openStore({ pool: database.poolConfig, masterKey: MASTER_KEY });
  assert.deepEqual((await again.notes.take('pigeon', 2, 1_000))?.note, { ...note, about: '[erased]' });
  await again.close();
});

test('half a surrogate pair keeps nobody from forgetting, nor from being told of asks without an amount', async (t) => {
  const own = await startDatabase('postgres');
  const [plain, ofOwn] = [await openStore({ pool: own.poolConfig }), createPool(own.poolConfig)];
  t.after(() => Promise.all([plain.close(), ofOwn.end()]).then(() => own.stop()));
  const id = aConversationId();
  const args = JSON.stringify({ contact: 'heron', odd: '\0 \ud83d' });
  const proposal = { ...aProposal(id), args };
  await plain.record([
    opened(id),
    anEntry(id, proposal.actionId, 'proposed', { kind: 'proposed', proposal }),
    requested(id, { ...anApproval(id), args }),
  ]);
  const fact = remembered(id, ada.id, 0, 'heron');
  await plain.facts.remember({ ...fact, value: 'heron', source: { ...fact.source, actionId: proposal.actionId } });
  assert.equal((await plain.reports.askedWithoutAmount({ fromMs: 0 })).length, 1);
  const which = { tenant: 'default', agent: 'desk', subject: ada.id, kind: '', key: '', id: '' };
  assert.equal(await plain.facts.forget(which, 'olga', 3), 1);
  assert.deepEqual(
    [(await plain.actions.get(proposal.actionId))?.args, (await plain.approvals.ofBatch(proposal.actionId))[0]?.args],
    ['', ''],
  );
  for (const table of ['facts', 'actions', 'approvals', 'ledger_seals']) {
    const text = `select count(*)::int as hits from countersign.${table} as t where t::text like '%heron%'`;
    assert.deepEqual((await ofOwn.query(text)).rows, [{ hits: 0 }], table);
  }
});
