// Another master key: at any moment of the change everything can be read, and afterwards with the new one alone.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, beforeEach, test } from 'node:test';
import type pg from 'pg';
import { setTimeout } from 'node:timers/promises';
import { createKeyring, keyringOf } from '../../store/keyring.ts';
import { createPool } from '../../store/pool.ts';
import type { Store } from '../../store/ports.ts';
import { rotateKeys } from '../../store/rotation.ts';
import { createDb } from '../../store/schema.ts';
import { openStore } from '../../store/store.ts';
import { masterKeysOf, nameOfKey } from '../../trust/encrypting.ts';
import { MASTER_KEY as OLD, NEW_MASTER_KEY as NEW, NEWEST_MASTER_KEY as NEWEST } from '../support/master-key.ts';
import { aConversationId, ada, aMessage, anEntry, opened } from './builders.ts';
import { type Database, startDatabase } from './databases.ts';
import { addKeys } from './keys-of-many.ts';

let database: Database;
let pool: pg.Pool;
let conversations: readonly string[];
before(async () => {
  database = await startDatabase('postgres');
  pool = createPool(database.poolConfig);
  await over(OLD, async () => {});
});
after(async () => {
  await pool?.end();
  await database?.stop();
});

const nameOf = (key: string): string => nameOfKey(masterKeysOf(key)[0]);

async function over<T>(masterKey: string, work: (store: Store) => Promise<T>): Promise<T> {
  const store = await openStore({ pool: database.poolConfig, masterKey });
  try {
    return await work(store);
  } finally {
    await store.close();
  }
}

/** A conversation of somebody new, with one message. */
async function talk(store: Store, text: string): Promise<string> {
  const id = aConversationId();
  const who = { ...ada, id: `cus_${id}` };
  await store.record([opened(id, 10, who)]);
  await store.items.append([{ ...aMessage(id, 'm1'), body: { kind: 'message', text, from: who } }]);
  return id;
}

const said = async (store: Store): Promise<readonly (string | undefined)[]> =>
  Promise.all(conversations.map(async (id) => (await store.items.page(id, 0, 10))[0]?.body.text));

const rotate = (masterKey: string, more: Partial<Parameters<typeof rotateKeys>[1]> = {}) =>
  rotateKeys(database.poolConfig, { masterKey, by: 'olga', nowMs: Date.now(), dryRun: false, ...more });

async function underEach(): Promise<Readonly<Record<string, number>>> {
  const counted =
    'select master, count(*)::int as keys from countersign.subject_keys where wrapped is not null group by 1';
  const { rows } = await pool.query<{ master: string; keys: number }>(counted);
  return Object.fromEntries(rows.map(({ master, keys }) => [master, keys]));
}

// More than one batch.
const PEOPLE = 1_100;
const TOLD = 3;

beforeEach(async () => {
  await pool.query(
    'truncate countersign.conversations, countersign.items, countersign.subject_keys, countersign.retired_masters cascade',
  );
  conversations = await over(OLD, async (store) => {
    const told = [];
    for (let nth = 0; nth < TOLD; nth++) told.push(await talk(store, `words ${nth}`));
    return told;
  });
  // The others have said nothing yet.
  await addKeys(pool, OLD, PEOPLE - TOLD);
});

test('all keys are wrapped anew in batches; what was said can be read throughout, and then with the new key alone', async () => {
  const lefts: number[] = [];
  const isReadBy = async (masterKey: string) => assert.deepEqual(await over(masterKey, said), TEXTS);
  const counted = await rotate(`${NEW},${OLD}`, { dryRun: true });
  assert.deepEqual(counted, { master: nameOf(NEW), done: 0, left: PEOPLE });
  await isReadBy(OLD);
  const onBatch = async (left: number) => {
    lefts.push(left);
    if (lefts.length > 1) return;
    assert.deepEqual(Object.keys(await underEach()).toSorted(), [nameOf(NEW), nameOf(OLD)].toSorted(), 'half of it');
    await isReadBy(`${OLD},${NEW}`);
    await isReadBy(`${NEW},${OLD}`);
    for (const alone of [OLD, NEW])
      await assert.rejects(over(alone, said), /does not open with COUNTERSIGN_MASTER_KEY/);
  };
  assert.deepEqual(await rotate(`${NEW},${OLD}`, { onBatch }), { master: nameOf(NEW), done: PEOPLE, left: 0 });
  assert.deepEqual(lefts, [600, 100, 0]);
  assert.deepEqual(await underEach(), { [nameOf(NEW)]: PEOPLE });
  await isReadBy(NEW);
  await assert.rejects(over(OLD, said), /does not open with COUNTERSIGN_MASTER_KEY/);
  assert.deepEqual(await rotate(NEW), { master: nameOf(NEW), done: 0, left: 0 }, 'nothing is left to do');
});

test('it is on record, with the name of the master key and nothing of any key', async () => {
  await rotate(`${NEW},${OLD}`);
  const { rows } = await pool.query<{ entry: string }>(
    `select entry from countersign.ledger where kind = 'master_key_changed' order by seq desc limit 1`,
  );
  const { fact } = JSON.parse(rows[0]?.entry ?? '{}') as { readonly fact?: unknown };
  assert.deepEqual(fact, { kind: 'master_key_changed', master: nameOf(NEW), keys: PEOPLE, left: 0, by: 'olga' });
  const told = await over(NEW, (store) => store.ledger.ofSubject('master-key'));
  assert.deepEqual(told.at(-1)?.fact, fact);
});

test('cut off in the middle it goes on where it was', async () => {
  const cut = () => Promise.reject(new Error('killed'));
  await assert.rejects(rotate(`${NEW},${OLD}`, { onBatch: cut }), /killed/);
  assert.deepEqual(await underEach(), { [nameOf(NEW)]: 500, [nameOf(OLD)]: PEOPLE - 500 });
  assert.deepEqual(await over(`${NEW},${OLD}`, said), TEXTS);
  const { done, left } = await rotate(`${NEW},${OLD}`);
  assert.deepEqual([done, left], [PEOPLE - 500, 0]);
  assert.deepEqual(await over(NEW, said), TEXTS);
});

test('with a wrong key for the one before nothing is lost, and it is said which one is missing', async () => {
  const wrong = await rotate(`${NEW},${NEWEST}`).then(
    () => '',
    (error: Error) => error.message,
  );
  assert.match(wrong, new RegExp(`^0 keys were wrapped anew, and ${PEOPLE} were left .*${nameOf(OLD)}.*Run it again`));
  for (const key of [OLD, NEW, NEWEST]) assert.equal(wrong.includes(key.slice(0, 20)), false);
  assert.deepEqual(await over(OLD, said), TEXTS);
  assert.equal((await rotate(`${NEW},${OLD}`)).done, PEOPLE);
});

test('of two at once the second refuses, also where they would undo each other', async () => {
  const refused: unknown[] = [];
  const onBatch = async () => {
    for (const other of [`${OLD},${NEW}`, `${NEW},${OLD}`]) {
      const answer: unknown = await rotate(other).catch((error: Error) => error.message);
      refused.push(answer);
    }
  };
  await rotate(`${NEW},${OLD}`, { onBatch });
  assert.equal(refused.length, 6);
  for (const one of refused) assert.match(String(one), /by another process just now; wait for it/);
  assert.deepEqual(await underEach(), { [nameOf(NEW)]: PEOPLE });
});

test('what is erased meanwhile stays erased, and new keys of roles that are not changed yet are wrapped anew too', async () => {
  const [id = ''] = conversations;
  await over(`${OLD},${NEW}`, async (store) => {
    let isFirst = true;
    const onBatch = async () => {
      if (!isFirst) return;
      isFirst = false;
      await store.record([anEntry(id, id, 'closed', { kind: 'phase', phase: 'closed', by: '', reason: '' })]);
      const erasing = { tenant: 'default', subject: `cus_${id}`, by: 'olga', nowMs: 1 };
      assert.equal((await store.erasures.erase(erasing)).kind, 'erased');
      conversations = [...conversations, await talk(store, 'said meanwhile')];
    };
    await rotate(`${NEW},${OLD}`, { onBatch });
  });
  assert.deepEqual(await underEach(), { [nameOf(NEW)]: PEOPLE });
  assert.deepEqual(await over(NEW, said), ['[erased]', ...TEXTS.slice(1), 'said meanwhile']);
});

test('keys of before their master key was written down are read, counted, and named when they are wrapped anew', async () => {
  await pool.query(`update countersign.subject_keys set master = ''`);
  await assert.rejects(over(NEWEST, said), /does not open with COUNTERSIGN_MASTER_KEY/);
  assert.deepEqual(await over(OLD, said), TEXTS);
  assert.deepEqual(await rotate(OLD, { dryRun: true }), { master: nameOf(OLD), done: 0, left: PEOPLE });
  assert.deepEqual(await rotate(OLD), { master: nameOf(OLD), done: PEOPLE, left: 0 });
  assert.deepEqual(await underEach(), { [nameOf(OLD)]: PEOPLE });
});

test('a process that was begun with the old key alone makes no key under it any more', async () => {
  await over(OLD, async (store) => {
    await rotate(`${NEW},${OLD}`);
    await assert.rejects(talk(store, 'late'), /lies under the master key .* and given is/);
  });
  assert.deepEqual(await underEach(), { [nameOf(NEW)]: PEOPLE });
});

test('after the change a process that has both keys in the order of before makes its keys under the new one', async () => {
  await over(`${OLD},${NEW}`, async (store) => {
    await rotate(`${NEW},${OLD}`);
    await talk(store, 'late');
  });
  await over(`${OLD},${NEW}`, (store) => talk(store, 'later'));
  assert.deepEqual(await underEach(), { [nameOf(NEW)]: PEOPLE + 2 });
  await rotate(`${OLD},${NEW}`);
  await over(`${NEW},${OLD}`, (store) => talk(store, 'back again'));
  assert.deepEqual(await underEach(), { [nameOf(OLD)]: PEOPLE + 3 });
});

test('the old key alone is refused after the change, though nobody has a key yet', async () => {
  await pool.query('truncate countersign.conversations, countersign.items, countersign.subject_keys cascade');
  await over(OLD, async (store) => {
    await rotate(`${NEW},${OLD}`);
    const refusal = new RegExp(
      `${nameOf(OLD)} .* in use no more: countersign keys rotate has put ${nameOf(NEW)} in its`,
    );
    await assert.rejects(talk(store, 'late'), refusal);
    await assert.rejects(over(OLD, said), refusal);
  });
  assert.deepEqual(await underEach(), {});
});

test('a key that is being made as the change ends is wrapped anew too', async (t) => {
  const db = createDb(pool, createKeyring(masterKeysOf(`${OLD},${NEW}`), Date.now));
  const ends: { isOver: boolean } = { isOver: false };
  const rotating = await db.transaction().execute(async (tx) => {
    await keyringOf(db)?.of(tx, { tenant: 'default', subject: 'cus_meanwhile' });
    const going = rotate(`${NEW},${OLD}`).finally(() => (ends.isOver = true));
    await setTimeout(RACE_MS);
    assert.equal(ends.isOver, false, 'it waits for whoever makes a key');
    return { going };
  });
  t.diagnostic(JSON.stringify(await rotating.going));
  assert.deepEqual(await underEach(), { [nameOf(NEW)]: PEOPLE + 1 });
});

test('a third key is noticed, whatever its name', async () => {
  const [first = '', middle = '', last = ''] = [OLD, NEW, NEWEST].toSorted((one, other) =>
    nameOf(one) < nameOf(other) ? -1 : 1,
  );
  await pool.query('truncate countersign.conversations, countersign.items, countersign.subject_keys cascade');
  for (const key of [first, middle, last]) await addKeys(pool, key, 1);
  await assert.rejects(over(`${first},${last}`, said), new RegExp(`lies under the master key ${nameOf(middle)}`));
});

// 2 s: a change of some thousand keys takes less.
const RACE_MS = 2_000;
const TEXTS = ['words 0', 'words 1', 'words 2'];

test('a change whose run was cut off before it was on record is told by the next run, once', async () => {
  const fresh = randomBytes(32).toString('base64');
  await pool.query('truncate countersign.subject_keys cascade');
  await pool.query('insert into countersign.retired_masters values ($1, $2, 1)', [nameOf(OLD), nameOf(fresh)]);
  for (const _ of ['first', 'again']) assert.equal((await rotate(`${fresh},${OLD}`)).done, 0);
  const { rows } = await pool.query(
    `select entry::json->'fact'->>'keys' as keys from countersign.ledger where entry::json->'fact'->>'master' = $1`,
    [nameOf(fresh)],
  );
  assert.deepEqual(rows, [{ keys: '0' }]);
});
