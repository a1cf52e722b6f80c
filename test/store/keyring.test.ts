// The keys under which words lie, and what is made of them.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Store } from '../../store/ports.ts';
import { openStore } from '../../store/store.ts';
import { sha256Hex } from '../../trust/digest.ts';
import { MASTER_KEY } from '../support/master-key.ts';
import { ada, aConversationId, anEntry, opened } from './builders.ts';
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
  const plain = await openStore({ pool: database.poolConfig });
  t.after(() => plain.close());
  const id = await aConversation('cus_plain', plain);
  assert.equal(await plain.sealedBytes.mark(id, TEXT), sha256Hex(TEXT).slice(0, 16));
});
