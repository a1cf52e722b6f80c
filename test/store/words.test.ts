// What people say lies encrypted in the store, each person's under their own key, and is gone with it.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import type pg from 'pg';
import { createPool } from '../../store/pool.ts';
import type { Store } from '../../store/ports.ts';
import { ERASED } from '../../store/words.ts';
import { openStore } from '../../store/store.ts';
import { MASTER_KEY } from '../support/master-key.ts';
import * as made from './builders.ts';
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

const CANARY = 'canary';
const TABLES = [
  'conversations',
  'items',
  'actions',
  'approvals',
  'claims',
  'ledger',
  'ledger_seals',
  'api_keys',
  'facts',
];

/** In which tables the word stands anywhere. */
async function tablesWith(word: string, on = pool): Promise<readonly string[]> {
  const found: string[] = [];
  for (const table of TABLES) {
    const text = `select count(*)::int as hits from countersign.${table} as t where t::text ilike $1`;
    const { rows } = await on.query<{ hits: number }>(text, [`%${word}%`]);
    if ((rows[0]?.hits ?? 0) > 0) found.push(table);
  }
  return found;
}

const person = (word: string) => ({ id: `cus_${randomUUID()}`, name: `Name ${word}`, tenant: 'default' }) as const;
type Person = ReturnType<typeof person>;

/** A conversation in which every word of theirs has the canary in it. */
async function talk(on: Store, who: Person, word: string, id = made.aConversationId()): Promise<string> {
  await on.record([made.opened(id, 10, who)]);
  const message = { ...made.aMessage(id, 'm1'), body: { kind: 'message', text: `I am ${word}`, from: who } } as const;
  const calls = [{ callId: 'c', tool: 'refund', argumentsText: `{"a":"${word}"}` }];
  const called = {
    ...made.aReply(id),
    key: 'calls:1',
    body: { kind: 'calls', text: word, calls, opaque: word },
  } as const;
  const reply = { ...made.aReply(id), body: { kind: 'reply', text: `Dear ${word}`, by: 'model' } } as const;
  await on.items.append([message, called, reply]);
  await on.facts.remember(remembered(id, who, word));
  const proposal = { ...made.aProposal(id), principal: who, args: `{"who":"${word}"}`, summary: `refund ${word}` };
  const evidence = { ...made.evidence, record: { of: word } };
  const amount = { currency: word, minorUnits: 7 };
  const verdict = { ...made.anAsk, reason: `because ${word}`, amount };
  const about = {
    ...made.anApproval(id),
    args: proposal.args,
    summary: proposal.summary,
    evidence,
    reason: word,
    amount,
  };
  const of = (step: string, fact: Parameters<typeof made.anEntry>[3]) =>
    made.anEntry(id, proposal.actionId, step, fact);
  const { digest } = proposal;
  await on.record([
    of('proposed', { kind: 'proposed', proposal }),
    of('ruled', { kind: 'ruled', digest, verdict, evidence, signed: `a.${word}.c` }),
    made.requested(id, about),
    of('settled', { kind: 'settled', outcome: { kind: 'succeeded', result: { told: word } } }),
  ]);
  return id;
}

const remembered = (conversationId: string, { id: subject, tenant }: Person, word: string) => ({
  ...({
    tenant,
    agent: 'desk',
    subject,
    kind: 'contact',
    key: word,
    value: { by: word },
    trust: 'principal',
    owner: 'olga',
  } as const),
  source: { conversationId, actionId: `${conversationId}:9:0`, items: [] },
  ...{ fromMs: 0, expiresMs: 1_000, freshUntilMs: 1_000, historyMs: 0 },
});

const factsOf = async (on: Store, { id: subject, tenant }: Person) =>
  (await on.facts.shownOf({ tenant, agent: 'desk', subject }, 1)).map(({ value }) => value);

const close = (on: Store, id: string) =>
  on.record([made.anEntry(id, id, 'closed', { kind: 'phase', phase: 'closed', by: 'olga', reason: 'erased' })]);

test('no word that is said lies readable in a table, and all of them come back', async () => {
  const word = `${CANARY}1`;
  const who = person(word);
  const id = await talk(store, who, word);
  assert.deepEqual(await tablesWith(word), []);
  const [message, calls, reply] = await store.items.page(id, 0, 10);
  assert.deepEqual(message?.body, { kind: 'message', text: `I am ${word}`, from: who });
  assert.ok(calls?.body.kind === 'calls' && calls.body.opaque === word);
  assert.equal(reply?.body.text, `Dear ${word}`);
  assert.equal((await store.conversations.get(id))?.principal.name, who.name);
  const action = await store.actions.get(`${id}:1:0`);
  assert.equal(action?.args, `{"who":"${word}"}`);
  assert.deepEqual(action?.outcome, { kind: 'succeeded', result: { told: word } });
  const [asked] = await store.approvals.ofBatch(`${id}:1:0`);
  assert.deepEqual([asked?.summary, asked?.amount?.currency], [`refund ${word}`, word]);
  assert.ok(action?.verdict?.kind === 'ask' && action.verdict.amount?.currency === word);
  for (const { seal } of await store.ledger.ofConversation(id, 0, 50)) assert.ok(seal === 'fits' || seal === 'none');
  assert.deepEqual(await factsOf(store, who), [{ by: word }]);
  const bytes = Buffer.byteLength(JSON.stringify(reply?.body));
  assert.equal(await store.items.bytesOf(id, [reply?.id ?? '']), bytes);
});

test('words moved to another row, or read under another master key, do not open', async () => {
  const who = person('moved');
  const id = await talk(store, who, 'moved');
  const [first, , last] = await store.items.page(id, 0, 10);
  const other = openStore({ pool: database.poolConfig, masterKey: Buffer.alloc(32, 9).toString('base64') });
  await assert.rejects(other, /does not open with COUNTERSIGN_MASTER_KEY/);
  await pool.query(
    'update countersign.items set body = (select body from countersign.items where id = $1) where id = $2',
    [first?.id, last?.id],
  );
  await assert.rejects(store.items.load(id, [last?.id ?? '']), /authenticate/);
});

test('an erasure takes every word of its person and none of another, and is on record', async () => {
  const [gone, stays] = [person('goneword'), person('staysword')];
  const [own, other] = [await talk(store, gone, 'goneword'), await talk(store, stays, 'staysword')];
  // Of somebody else in their conversation, and of theirs in somebody else's.
  const says = (id: string, who: Person, text: string) =>
    store.items.append([{ ...made.aMessage(id, `by ${who.id}`), body: { kind: 'message', text, from: who } }]);
  await says(own, stays, 'my staysword');
  await says(other, gone, 'my goneword');
  const whole = await store.items.page(own, 0, 10);
  const subject = { tenant: 'default', subject: gone.id };
  const survey = await store.erasures.survey(subject);
  assert.deepEqual(survey, { keys: 1, conversations: 1, plain: 0, items: 4, open: [own] });
  const erasing = { ...subject, by: 'per_olga', nowMs: 99 };
  assert.deepEqual(await store.erasures.erase(erasing), { kind: 'open', conversationIds: [own] });
  assert.deepEqual(await store.items.page(own, 0, 10), whole, 'nothing is erased while one is open');
  await close(store, own);
  const erased = await store.erasures.erase(erasing);
  assert.ok(erased.kind === 'erased');
  assert.deepEqual(await store.erasures.erase(erasing), { kind: 'nothing' }, 'again changes nothing');
  assert.deepEqual([await factsOf(store, gone), await factsOf(store, stays)], [[], [{ by: 'staysword' }]]);
  const late = {
    ...remembered(own, gone, 'goneword'),
    source: { conversationId: own, actionId: `${own}:9:1`, items: [] },
  };
  await store.facts.remember(late);
  assert.deepEqual(await factsOf(store, gone), []);

  const items = await store.items.page(own, 0, 10);
  const texts = items.map(({ body, isErased }) => [body.text, isErased ?? false]);
  assert.deepEqual(texts, [...Array.from({ length: 3 }, () => [ERASED, true]), ['my staysword', false]]);
  assert.deepEqual((await store.items.page(other, 0, 10)).at(-1)?.body, {
    ...{ kind: 'message', text: ERASED },
    from: { ...gone, name: ERASED },
  });
  assert.equal((await store.conversations.get(own))?.principal.name, ERASED);
  const action = await store.actions.get(`${own}:1:0`);
  assert.deepEqual([action?.args, action?.summary, action?.verdict?.reason], ['{}', ERASED, ERASED]);
  assert.deepEqual(action?.outcome, { kind: 'succeeded', result: ERASED });
  assert.equal((await store.approvals.ofBatch(`${own}:1:0`))[0]?.summary, ERASED);
  const entries = await store.ledger.ofConversation(own, 0, 50);
  assert.deepEqual([...new Set(entries.map(({ seal }) => seal))].toSorted(), ['gone']);
  assert.equal(JSON.stringify([items, action, entries]).includes('goneword'), false);
  const { rows } = await pool.query('select wrapped from countersign.subject_keys where id = $1', [erased.keyId]);
  assert.deepEqual(rows, [{ wrapped: null }]);
  const [entry] = await store.ledger.ofSubject(`erasure:default:${gone.id}`);
  assert.deepEqual(entry?.fact, {
    ...{ kind: 'erased', tenant: 'default', personId: gone.id, by: 'per_olga', keyId: erased.keyId, conversations: 1 },
  });
  for (const one of await store.ledger.ofConversation(other, 0, 50)) assert.notEqual(one.seal, 'gone');
});

test('what comes late into an erased conversation leaves no word, and a new conversation has a new key', async () => {
  const who = person('laterword');
  const id = await talk(store, who, 'laterword');
  await close(store, id);
  const erasing = { tenant: 'default', subject: who.id, by: 'per_olga', nowMs: 99 };
  const erased = await store.erasures.erase(erasing);
  const late = { kind: 'settled', outcome: { kind: 'failed', reason: 'laterword came late' } } as const;
  await store.record([made.anEntry(id, `${id}:1:0`, 'corrected', late)]);
  await store.items.append([{ ...made.aReply(id, 2), body: { kind: 'reply', text: 'laterword again', by: 'code' } }]);
  await store.items.append([{ ...made.aMessage(id, 'm2'), body: { kind: 'message', text: 'laterword', from: who } }]);
  assert.deepEqual(await tablesWith('laterword'), []);
  assert.ok((await store.items.page(id, 0, 10)).every(({ isErased }) => isErased));
  const anew = await talk(store, who, 'laterword');
  assert.equal((await store.items.page(anew, 0, 1))[0]?.body.text, 'I am laterword');
  await close(store, anew);
  const again = await store.erasures.erase(erasing);
  assert.ok(erased.kind === 'erased' && again.kind === 'erased' && erased.keyId !== again.keyId);
});

test('what was written before there were keys is encrypted where it lies, and nothing is erased before that', async (t) => {
  const own = await startDatabase('postgres');
  const ofOwn = createPool(own.poolConfig);
  t.after(() => ofOwn.end().then(() => own.stop()));
  const plain = await openStore({ pool: own.poolConfig });
  const who = person('plainword');
  const id = await talk(plain, who, 'plainword');
  await plain.apiKeys.add({ id: 'abcdefabcdef', hash: 'h', principal: who, scopes: [], nowMs: 1 });
  await close(plain, id);
  await plain.close();
  assert.deepEqual(
    await tablesWith('plainword', ofOwn),
    TABLES.filter((table) => table !== 'claims' && table !== 'ledger'),
  );
  const sealing = await openStore({ pool: own.poolConfig, masterKey: MASTER_KEY, migrate: false });
  const whole = [await sealing.items.page(id, 0, 10), await sealing.ledger.ofConversation(id, 0, 50)];
  const erasing = { tenant: 'default', subject: who.id, by: 'per_olga', nowMs: 99 };
  assert.deepEqual(await sealing.erasures.erase(erasing), { kind: 'plain', conversations: 1 });
  await sealing.close();
  const again = await openStore({ pool: own.poolConfig, masterKey: MASTER_KEY });
  try {
    assert.deepEqual(await tablesWith('plainword', ofOwn), []);
    assert.deepEqual([await again.items.page(id, 0, 10), await again.ledger.ofConversation(id, 0, 50)], whole);
    assert.equal((await again.apiKeys.byHash('h'))?.principal.name, who.name);
    assert.equal((await again.erasures.erase(erasing)).kind, 'erased');
    assert.equal((await again.apiKeys.byHash('h'))?.principal.name, ERASED);
  } finally {
    await again.close();
  }
});
