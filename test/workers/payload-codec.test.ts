import { deepEqual, equal, notDeepEqual, rejects } from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { defaultPayloadConverter, type Payload, type SerializationContext } from '@temporalio/common';
import type { Store } from '../../store/ports.ts';
import { openStore } from '../../store/store.ts';
import { createPayloadCodec, decodeWire, PayloadErased } from '../../workers/payload-codec.ts';
import { ada, aConversationId, anEntry, opened } from '../store/builders.ts';
import { type Database, startDatabase } from '../store/databases.ts';
import { MASTER_KEY } from '../support/master-key.ts';
import { rawText } from '../support/raw-text.ts';

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

const payload = (value: unknown): Payload => defaultPayloadConverter.toPayload(value);
const of = (workflowId: string): SerializationContext => ({ type: 'workflow', namespace: 'default', workflowId });
const plainOf = (payloads: readonly Payload[]) => payloads.map((one) => defaultPayloadConverter.fromPayload(one));

async function aConversation(who: string = ada.id): Promise<string> {
  const id = aConversationId();
  await store.record([opened(id, 10, { ...ada, id: who })]);
  return id;
}

test('payloads of a conversation, its actions, procedures and questions are encrypted, and come back', async () => {
  const codec = createPayloadCodec(store.sealedBytes);
  const id = await aConversation();
  for (const workflowId of [`conversation/${id}`, `action/${id}:1:0`, `procedure/${id}:1:0`, `question/${id}:1:0`]) {
    const values = [{ text: 'a canary' }, null, 'ü\u0000', undefined];
    const plain = values.map(payload);
    const encoded = await codec.encode(plain, of(workflowId));
    notDeepEqual(encoded, plain);
    equal(rawText(encoded).includes('canary'), false);
    deepEqual(plainOf(await codec.decode(encoded)), values);
    const again = await codec.encode(plain, of(workflowId));
    notDeepEqual(again, encoded, 'the same twice looks different');
  }
});

test('what is no conversation’s, and what was never encrypted, passes as it is', async () => {
  const codec = createPayloadCodec(store.sealedBytes);
  const plain = [payload({ a: 1 })];
  for (const context of [undefined, of('somebody-elses'), of('conversation/unknown-one')])
    deepEqual(await codec.encode(plain, context), plain);
  deepEqual(await codec.decode(plain), plain);
});

test('an altered payload does not open', async () => {
  const codec = createPayloadCodec(store.sealedBytes);
  const [encoded] = await codec.encode([payload('words')], of(`conversation/${await aConversation()}`));
  const data = Buffer.from(encoded?.data ?? []);
  data[data.length - 1] = (data.at(-1) ?? 0) ^ 1;
  await rejects(codec.decode([{ ...encoded, data }]), /authenticate/);
});

test('with the key of a person all payloads of their conversations are gone, and nothing new is kept', async () => {
  const codec = createPayloadCodec(store.sealedBytes);
  const [gone, stays] = [await aConversation('cus_gone'), await aConversation('cus_stays')];
  const lost = await codec.encode([payload('words')], of(`conversation/${gone}`));
  const kept = await codec.encode([payload('words')], of(`conversation/${stays}`));
  await store.record([anEntry(gone, gone, 'closed', { kind: 'phase', phase: 'closed', by: '', reason: '' })]);
  const erased = await store.erasures.erase({ tenant: 'default', subject: 'cus_gone', by: 'olga', nowMs: 1 });
  equal(erased.kind, 'erased');
  await rejects(codec.decode(lost), PayloadErased);
  deepEqual(plainOf(await codec.decode(kept)), ['words']);
  const late = await codec.encode([payload('late words')], of(`action/${gone}:1:0`));
  equal(rawText(late).includes('late'), false);
  await rejects(codec.decode(late), PayloadErased);
});

test('a codec server gives what was encrypted, says what was erased, and names the keys that were read', async () => {
  const codec = createPayloadCodec(store.sealedBytes);
  const [gone, stays] = [await aConversation('cus_read'), await aConversation('cus_still')];
  const wire = (one: Payload | undefined) => ({
    metadata: Object.fromEntries(
      Object.entries(one?.metadata ?? {}).map(([name, value]) => [name, Buffer.from(value).toString('base64')]),
    ),
    data: Buffer.from(one?.data ?? []).toString('base64'),
  });
  const [lost] = await codec.encode([payload('words')], of(`conversation/${gone}`));
  const [kept] = await codec.encode([payload('other words')], of(`conversation/${stays}`));
  await store.record([anEntry(gone, gone, 'closed', { kind: 'phase', phase: 'closed', by: '', reason: '' })]);
  await store.erasures.erase({ tenant: 'default', subject: 'cus_read', by: 'olga', nowMs: 1 });
  const { payloads, keyIds } = await decodeWire(store.sealedBytes, [lost, kept, payload('plain')].map(wire));
  const texts = payloads.map(({ data = '' }) => JSON.parse(Buffer.from(data, 'base64').toString()));
  deepEqual(texts, ['[erased]', 'other words', 'plain']);
  equal(keyIds.length, 2);
});
