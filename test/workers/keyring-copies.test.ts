// The keyring is kept and brought back by itself: wrapped keys alone, whole or not at all, and what was destroyed stays so.
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import type pg from 'pg';
import { createPool } from '../../store/pool.ts';
import { type CopiedKey, copyKeys } from '../../store/keyring-copies.ts';
import type { Store } from '../../store/ports.ts';
import { openStore } from '../../store/store.ts';
import { exportKeys, importKeys } from '../../workers/master-keys.ts';
import { ada, aConversationId, aMessage, anEntry, opened } from '../store/builders.ts';
import { masterKeysOf, nameOfKey } from '../../trust/encrypting.ts';
import { addKeys } from '../store/keys-of-many.ts';
import { MASTER_KEY, NEW_MASTER_KEY } from '../support/master-key.ts';
import { startPostgres } from '../support/postgres.ts';

let postgres: Awaited<ReturnType<typeof startPostgres>>;
let pool: pg.Pool;
let store: Store;
let folder: string;
let path: string;
before(async () => {
  postgres = await startPostgres();
  pool = createPool({ connectionString: postgres.url });
  store = await openStore({ pool: { connectionString: postgres.url }, masterKey: MASTER_KEY });
  folder = await mkdtemp(join(tmpdir(), 'countersign-keyring-'));
  path = join(folder, 'keyring');
});
after(async () => {
  await store?.close();
  await pool?.end();
  await postgres?.stop();
  await rm(folder, { recursive: true, force: true });
});
beforeEach(() => pool.query('truncate countersign.conversations, countersign.items, countersign.subject_keys cascade'));

const env = (masterKey = MASTER_KEY) => ({ DATABASE_URL: postgres.url, COUNTERSIGN_MASTER_KEY: masterKey });

async function exported(): Promise<string> {
  let text = '';
  for await (const line of exportKeys(env())) text += line;
  await writeFile(path, text);
  return text;
}

const bringBack = (masterKey = MASTER_KEY) => importKeys(path, env(masterKey));
const keys = async () =>
  (await pool.query('select id, wrapped, master, destroyed_ms from countersign.subject_keys order by id')).rows;

async function talk(): Promise<string> {
  const id = aConversationId();
  const who = { ...ada, id: `cus_${id}` };
  await store.record([opened(id, 10, who)]);
  await store.items.append([{ ...aMessage(id, 'm1'), body: { kind: 'message', text: 'the words', from: who } }]);
  return id;
}

async function erase(id: string): Promise<void> {
  await store.record([anEntry(id, id, 'closed', { kind: 'phase', phase: 'closed', by: '', reason: '' })]);
  const erased = await store.erasures.erase({ tenant: 'default', subject: `cus_${id}`, by: 'olga', nowMs: 1 });
  assert.equal(erased.kind, 'erased');
}

test('more keys than are read at once come back as they were, those that were destroyed too', async () => {
  await erase(await talk());
  await addKeys(pool, MASTER_KEY, 1_200);
  const asTheyWere = await keys();
  assert.equal((await exported()).split('\n').length, 1_201 + 3, 'a line each, its head, its end, and nothing behind');
  assert.match(await bringBack(), /^0 keys were brought back, 0 were destroyed .* 1201 were there already$/);
  await pool.query('truncate countersign.conversations, countersign.items, countersign.subject_keys cascade');
  assert.match(await bringBack(), /^1201 keys were brought back/);
  assert.deepEqual(await keys(), asTheyWere);
});

test('an erasure is never undone: neither one of before the copy nor one of after it', async () => {
  const [early, late, stays] = [await talk(), await talk(), await talk()];
  const of = async (id: string) => (await store.items.page(id, 0, 1))[0]?.body.text;
  const withKeys = await keys();
  await erase(early);
  await exported();
  await erase(late);
  assert.match(await bringBack(), /^0 keys were brought back, 0 were destroyed/);
  assert.deepEqual([await of(early), await of(late), await of(stays)], ['[erased]', '[erased]', 'the words']);
  // As a backup of before the erasure has it.
  for (const { id, wrapped } of withKeys)
    await pool.query('update countersign.subject_keys set wrapped = $2, destroyed_ms = null where id = $1', [
      id,
      wrapped,
    ]);
  assert.match(await bringBack(), /^0 keys were brought back, 1 were destroyed as the file says, and 2 were there/);
  const again = await openStore({ pool: { connectionString: postgres.url }, masterKey: MASTER_KEY });
  assert.equal((await again.items.page(early, 0, 1))[0]?.body.text, '[erased]');
  await again.close();
});

test('a file that is none, ends early or was altered changes nothing, and neither does another master key', async () => {
  await addKeys(pool, MASTER_KEY, 3);
  const text = await exported();
  await pool.query('truncate countersign.conversations, countersign.items, countersign.subject_keys cascade');
  const lines = text.split('\n');
  const swapped = text.replace(/"subject":"[^"]*"/, '"subject":"somebody-else"');
  const cases: readonly (readonly [text: string, problem: RegExp])[] = [
    ['', /ends too early; take another copy; nothing was changed/],
    ['pg_dump\n', /is no keyring that countersign keys export has written/],
    [lines.slice(0, 3).join('\n'), /ends too early/],
    [[...lines.slice(0, 2), ...lines.slice(3)].join('\n'), /cannot be read in line 4/],
    [text.replace('"wrapped":"', '"wrapped":"!'), /cannot be read in line 2/],
    [`${text}${lines[1]}\n`, /goes on behind its end, in line 6/],
    [swapped, /does not open with COUNTERSIGN_MASTER_KEY/],
  ];
  for (const [content, problem] of cases) {
    await writeFile(path, content);
    await assert.rejects(bringBack(), problem);
    assert.deepEqual(await keys(), [], String(problem));
  }
  await writeFile(path, text);
  await assert.rejects(bringBack(NEW_MASTER_KEY), /does not open with COUNTERSIGN_MASTER_KEY/);
  await assert.rejects(importKeys(path, { DATABASE_URL: postgres.url }), /set COUNTERSIGN_MASTER_KEY/);
  assert.deepEqual(await keys(), []);
  // What it says of the master key is not believed.
  await writeFile(
    path,
    text.replaceAll(/"master":"[^"]*"/g, `"master":"${nameOfKey(masterKeysOf(NEW_MASTER_KEY)[0])}"`),
  );
  assert.match(await bringBack(`${NEW_MASTER_KEY},${MASTER_KEY}`), /^3 keys were brought back/);
  const names = new Set((await keys()).map(({ master }) => String(master)));
  assert.deepEqual(names, new Set([nameOfKey(masterKeysOf(MASTER_KEY)[0])]));
});

test('who has got another key meanwhile keeps it, and it is said that the keys come back first', async () => {
  const id = await talk();
  await exported();
  await pool.query('truncate countersign.conversations, countersign.items, countersign.subject_keys cascade');
  await store.record([opened(aConversationId(), 10, { ...ada, id: `cus_${id}` })]);
  const asTheyWere = await keys();
  await assert.rejects(bringBack(), /has another key in use here .* before a role is started; nothing was changed/);
  assert.deepEqual(await keys(), asTheyWere);
});

test('a key that is destroyed while the keys are copied is in the copy as destroyed', async () => {
  // More than are looked at in one go.
  await addKeys(pool, MASTER_KEY, 600);
  const { rows } = await pool.query<{ id: string }>('select max(id) as id from countersign.subject_keys');
  const last = rows[0]?.id ?? '';
  const copied: CopiedKey[] = [];
  for await (const key of copyKeys({ connectionString: postgres.url })) {
    if (copied.length === 0)
      await pool.query('update countersign.subject_keys set wrapped = null, destroyed_ms = 9 where id = $1', [last]);
    copied.push(key);
  }
  assert.equal(copied.length, 600);
  assert.deepEqual(
    copied.filter(({ id }) => id === last).map(({ wrapped, destroyedMs }) => [wrapped, destroyedMs]),
    [[null, 9]],
  );
});
