import { deepEqual, equal, match, notDeepEqual, rejects } from 'node:assert/strict';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  ApplicationFailure,
  CancelledFailure,
  defaultPayloadConverter,
  type FailureConverter,
  type Payload,
  type SerializationContext,
} from '@temporalio/common';
import { createKeyring, KEPT_MS } from '../../store/keyring.ts';
import { createPool } from '../../store/pool.ts';
import type { Store } from '../../store/ports.ts';
import { createDb } from '../../store/schema.ts';
import { openStore } from '../../store/store.ts';
import { isStoreUnavailable } from '../../store/unavailable.ts';
import { encrypt, masterKeysOf } from '../../trust/encrypting.ts';
import { createPayloadCodec, decodeWire, PayloadErased } from '../../workers/payload-codec.ts';
import { ada, aConversationId, anEntry, opened } from '../store/builders.ts';
import { type Database, startDatabase } from '../store/databases.ts';
import { MASTER_KEY } from '../support/master-key.ts';
import { startPrivatePostgres } from '../support/postgres.ts';
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

const { failureConverter } = createRequire(import.meta.url)('../../workers/failure-converter.cjs') as {
  readonly failureConverter: FailureConverter;
};
const payload = (value: unknown): Payload => defaultPayloadConverter.toPayload(value);
const of = (workflowId: string): SerializationContext => ({ type: 'workflow', namespace: 'default', workflowId });
const plainOf = (payloads: readonly Payload[]) => payloads.map((one) => defaultPayloadConverter.fromPayload(one));

/** As Temporal's UI sends it. */
const wire = (one: Payload | undefined) => ({
  metadata: Object.fromEntries(
    Object.entries(one?.metadata ?? {}).map(([name, value]) => [name, Buffer.from(value).toString('base64')]),
  ),
  data: Buffer.from(one?.data ?? []).toString('base64'),
});

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
  for (const context of [undefined, of('somebody-elses')]) deepEqual(await codec.encode(plain, context), plain);
  deepEqual(await codec.decode(plain), plain);
});

test('words of a conversation that the store does not know, as after a loss, are not written as they are', async () => {
  const codec = createPayloadCodec(store.sealedBytes);
  const encoded = codec.encode([payload('words')], of('conversation/unknown-one'));
  await rejects(encoded, /does not know the conversation unknown-one.*run: countersign rebuild/);
});

test('what a failure says is left out where it cannot be encrypted, since a Worker that cannot tell of one ends', async () => {
  const codec = createPayloadCodec(store.sealedBytes);
  const failure = failureConverter.errorToFailure(new Error('a canary'), defaultPayloadConverter);
  const words = failure.encodedAttributes ?? {};
  const [lost] = await codec.encode([words], of('conversation/unknown-one'));
  const said = failureConverter.failureToError({ ...failure, encodedAttributes: lost ?? {} }, defaultPayloadConverter);
  match(said.message, /^what it says could not be encrypted, so it is left out: the store does not know/);
  equal(rawText(lost).includes('canary'), false);

  const known = of(`conversation/${await aConversation('fay')}`);
  const [encoded] = await codec.encode([words], known);
  equal(rawText(encoded).includes('canary'), false);
  const [read] = await codec.decode([encoded ?? {}], known);
  const back = failureConverter.failureToError({ ...failure, encodedAttributes: read ?? {} }, defaultPayloadConverter);
  equal(back.message, 'a canary');
  deepEqual(Object.keys(read?.metadata ?? {}), ['encoding']);
});

test('so are the details of a failure, and of what caused it', async () => {
  const codec = createPayloadCodec(store.sealedBytes);
  const ofModel = () => ApplicationFailure.create({ message: 'refused', details: [{ said: 'a canary' }] });
  const error = new ApplicationFailure('failed', 'Failed', false, [{ said: 'a canary' }], ofModel());
  const cancelled = new CancelledFailure('cancelled', [{ said: 'a canary' }], ofModel());
  // As a Workflow hands on what an Activity failed of: Temporal has told it, and the codec has read it.
  const told = failureConverter.errorToFailure(error, defaultPayloadConverter);
  const known = of(`conversation/${await aConversation('fay')}`);
  for (const one of [told, told.cause ?? {}]) {
    const payloads = one.applicationFailureInfo?.details?.payloads ?? [];
    payloads.splice(0, 1, ...(await codec.decode(await codec.encode(payloads, known), known)));
  }
  const handedOn = failureConverter.failureToError(told, defaultPayloadConverter);
  for (const one of [error, cancelled, handedOn]) {
    const { cause, ...failure } = failureConverter.errorToFailure(one, defaultPayloadConverter);
    for (const { applicationFailureInfo, canceledFailureInfo } of [failure, cause ?? {}]) {
      const details = (applicationFailureInfo ?? canceledFailureInfo)?.details?.payloads ?? [];
      equal(details.length, 1);
      const lost = await codec.encode(details, of('conversation/unknown-one'));
      match(rawText(lost), /could not be encrypted/);
      equal(rawText(lost).includes('canary'), false);
      deepEqual(plainOf(await codec.decode(await codec.encode(details, known), known)), [{ said: 'a canary' }]);
    }
  }
});

test('while the store is away, what was begun under a key is still encrypted and read', async () => {
  const own = await startPrivatePostgres();
  const there = await openStore({ pool: { connectionString: own.url }, masterKey: MASTER_KEY });
  try {
    const id = aConversationId();
    await there.record([opened(id, 10, ada)]);
    const codec = createPayloadCodec(there.sealedBytes);
    const at = of(`conversation/${id}`);
    const begun = await codec.encode([payload('words')], at);
    await own.stop();
    await sleep(KEPT_MS);
    deepEqual(plainOf(await codec.decode(begun, at)), ['words']);
    deepEqual(plainOf(await codec.decode(await codec.encode([payload('more')], at), at)), ['more']);
    await rejects(codec.encode([payload('words')], of('conversation/unknown-one')), isStoreUnavailable);
  } finally {
    await there.close();
    await own.stop();
  }
});

test('what people say to a question about a budget, which is of no conversation, is encrypted too', async () => {
  const codec = createPayloadCodec(store.sealedBytes);
  const question = of(`question/budget-${'0a'.repeat(16)}-1`);
  const [encoded] = await codec.encode([payload('a canary')], question);
  equal(rawText(encoded).includes('canary'), false);
  deepEqual(plainOf(await codec.decode([encoded ?? {}], question)), ['a canary']);
  const again = createPayloadCodec(store.sealedBytes);
  const [other] = await again.encode([payload('another')], question);
  deepEqual(other?.metadata?.['key-id'], encoded?.metadata?.['key-id'], 'one key, which is nobody’s to erase');
});

test('a payload that was moved to another conversation of the same person does not open there', async () => {
  const codec = createPayloadCodec(store.sealedBytes);
  const [one, other] = [await aConversation(), await aConversation()];
  const [encoded = {}] = await codec.encode([payload('words')], of(`conversation/${one}`));
  deepEqual(plainOf(await codec.decode([encoded], of(`action/${one}:1:0`))), ['words']);
  await rejects(codec.decode([encoded], of(`conversation/${other}`)), /stands in a Workflow of/);
  const renamed = { ...encoded, metadata: { ...encoded.metadata, of: Buffer.from(other) } };
  await rejects(codec.decode([renamed], of(`conversation/${other}`)), /authenticate/);
  const { of: _, ...without } = encoded.metadata ?? {};
  await rejects(codec.decode([{ ...encoded, metadata: without }], of(`conversation/${other}`)), /authenticate/);
});

test('payloads that were written before they were bound to a conversation still open', async () => {
  const id = await aConversation();
  const codec = createPayloadCodec(store.sealedBytes);
  const [encoded] = await codec.encode([payload('words')], of(`conversation/${id}`));
  const keyId = Buffer.from(encoded?.metadata?.['key-id'] ?? []).toString();
  const pool = createPool(database.poolConfig);
  const keyring = createKeyring(masterKeysOf(MASTER_KEY), Date.now);
  const key = await keyring.key(createDb(pool, keyring), keyId);
  await pool.end();
  const open = await store.sealedBytes.open(
    keyId,
    encrypt(key ?? Buffer.alloc(0), Buffer.from('of before'), `payload/${keyId}`),
    undefined,
  );
  equal(Buffer.from(open ?? []).toString(), 'of before');
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
  const [lost] = await codec.encode([payload('words')], of(`conversation/${gone}`));
  const [kept] = await codec.encode([payload('other words')], of(`conversation/${stays}`));
  await store.record([anEntry(gone, gone, 'closed', { kind: 'phase', phase: 'closed', by: '', reason: '' })]);
  await store.erasures.erase({ tenant: 'default', subject: 'cus_read', by: 'olga', nowMs: 1 });
  const { payloads, keyIds } = await decodeWire(store.sealedBytes, [lost, kept, payload('plain')].map(wire));
  const texts = payloads.map(({ data = '' }) => JSON.parse(Buffer.from(data, 'base64').toString()));
  deepEqual(texts, ['[erased]', 'other words', 'plain']);
  equal(keyIds.length, 2);
});

test('one payload that cannot be read keeps nobody from reading the others of its page', async () => {
  const codec = createPayloadCodec(store.sealedBytes);
  const [good = {}] = await codec.encode([payload('words')], of(`conversation/${await aConversation('cus_page')}`));
  const altered = { ...good, data: Buffer.from('not what it was, by far: too short for anything') };
  const keyless = { ...good, metadata: { ...good.metadata, 'key-id': Buffer.from('no-such-key') } };
  const { payloads } = await decodeWire(
    store.sealedBytes,
    [altered, { ...good, data: Buffer.alloc(0) }, keyless, good].map(wire),
  );
  const texts = payloads.map(({ data = '' }) => JSON.parse(Buffer.from(data, 'base64').toString()));
  const unread = '[cannot be read: it was altered, or is under another master key]';
  deepEqual(texts, [unread, unread, '[cannot be read: its key is not in the store]', 'words']);
});
