// The keys under which words lie, and what is made of them.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Store } from '../../store/ports.ts';
import { openRebuilding } from '../../store/rebuild.ts';
import { openStore } from '../../store/store.ts';
import { sha256Hex } from '../../trust/digest.ts';
import { MASTER_KEY } from '../support/master-key.ts';
import { ada, aConversationId, aMessage, anEntry, opened, proposed } from './builders.ts';
import { type Database, startDatabase } from './databases.ts';

let database: Database;
let store: Store;
before(async () => {
  database = await startDatabase('postgres');
  store = await openStore({ pool: database.poolConfig, masterKey: MASTER_KEY });
});
after(async () => {
  await store?.close();
  await database?.stop();
});

async function aConversation(who: string = ada.id, on = store): Promise<string> {
  const id = aConversationId();
  await on.record([opened(id, 10, { ...ada, id: who })]);
  return id;
}

const TEXT = 'the very words';

test('the mark of a text is the same in every process, another of another text and conversation, and no digest of it', async (t) => {
  const id = await aConversation();
  const process = await openStore({ pool: database.poolConfig, masterKey: MASTER_KEY });
  t.after(() => process.close());
  const mark = await store.sealedBytes.mark(id, TEXT);
  assert.match(mark, /^[0-9a-f]{16}$/);
  assert.equal(await process.sealedBytes.mark(id, TEXT), mark);
  const others = [await store.sealedBytes.mark(id, `${TEXT}.`)];
  others.push(await store.sealedBytes.mark(await aConversation(), TEXT), sha256Hex(TEXT).slice(0, 16));
  assert.equal(others.includes(mark), false);
});

test('with the key of a person the marks of their texts are gone: nobody can make one again', async () => {
  const id = await aConversation('cus_marked');
  const mark = await store.sealedBytes.mark(id, TEXT);
  await store.record([anEntry(id, id, 'closed', { kind: 'phase', phase: 'closed', by: '', reason: '' })]);
  await store.erasures.erase({ tenant: 'default', subject: 'cus_marked', by: 'olga', nowMs: 1 });
  const marks = [await store.sealedBytes.mark(id, TEXT), await store.sealedBytes.mark(id, TEXT)];
  assert.notEqual(marks[0], marks[1]);
  assert.equal(
    [mark, sha256Hex(TEXT).slice(0, 16)].some((one) => marks.includes(one)),
    false,
  );
});

test('where words can be read as they are, so can their digest', async (t) => {
  const own = await startDatabase('postgres');
  const plain = await openStore({ pool: own.poolConfig });
  t.after(() => plain.close().then(() => own.stop()));
  const id = await aConversation('cus_plain', plain);
  assert.equal(await plain.sealedBytes.mark(id, TEXT), sha256Hex(TEXT).slice(0, 16));
});

test('without the master key no process begins over a store that has keys, and one that was begun before writes nothing', async (t) => {
  const own = await startDatabase('postgres');
  const plain = await openStore({ pool: own.poolConfig });
  t.after(() => own.stop());
  t.after(() => plain.close());
  const words = /encrypted.*set COUNTERSIGN_MASTER_KEY/;
  const sealing = await openStore({ pool: own.poolConfig, masterKey: MASTER_KEY });
  t.after(() => sealing.close());
  const id = await aConversation('cus_first', sealing);
  for (const migrate of [true, false]) await assert.rejects(openStore({ pool: own.poolConfig, migrate }), words);
  const rebuilding = openRebuilding(own.poolConfig);
  t.after(() => rebuilding.close());
  await assert.rejects(rebuilding.assertMasters(), words);
  const messages = [ada, { ...ada, id: 'cus_first' }].map((from, at) => ({
    ...aMessage(id, `m${at}`),
    body: { kind: 'message', text: TEXT, from } as const,
  }));
  for (const message of messages) await assert.rejects(plain.items.append([message]), words);
  await assert.rejects(aConversation('cus_second', plain), words);
  await assert.rejects(plain.record([proposed(id)]), words);
  assert.deepEqual(await sealing.items.page(id, 0, 10), []);
});
