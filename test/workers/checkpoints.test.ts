import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import { readPublished } from '../../trust/ledger-file.ts';
import { checkpointText, createNoteSigner } from '../../trust/note.ts';
import { generateSigningKey } from '../../trust/signing.ts';
import { createWebhook, openCheckpointFile, type Place } from '../../workers/checkpoint-places.ts';
import { CHECKPOINT_EVERY_ENTRIES, CHECKPOINT_EVERY_MS, keepCheckpoints } from '../../workers/checkpoints.ts';
import { MEMORY_ORIGIN } from '../api/support/memory-ledger.ts';
import { createMemoryStore, type MemoryStore } from '../api/support/memory-store.ts';
import { atEnd, temporaryFolder } from '../start/support.ts';
import { noted } from '../store/builders.ts';

const KEY = generateSigningKey();

const write = (store: MemoryStore, count = 1, what = 'x'): Promise<void> =>
  store.record(Array.from({ length: count }, () => noted('c', `${what} ${store.entries.length} ${Math.random()}`)));

interface Given {
  readonly folder?: string;
  readonly store?: MemoryStore;
  readonly key?: string;
  readonly origin?: string;
  readonly others?: readonly Place[];
  readonly withFile?: boolean;
}

/** A process with the duty; its clock is moved by hand. */
async function aProcess(t: TestContext, given: Given = {}) {
  const { store = createMemoryStore(), key = KEY, origin = MEMORY_ORIGIN, others = [], withFile = true } = given;
  const path = join(given.folder ?? temporaryFolder(t), 'outside', 'checkpoints.txt');
  const signer = createNoteSigner(origin, key);
  const logged: string[] = [];
  const note = (level: string) => (first: unknown, second?: string) =>
    void logged.push(`${level}: ${second ?? String(first)}`);
  const log = { info: note('info'), warn: note('warn'), error: note('error') };
  const clock = { ms: 1_000_000 };
  const file = withFile ? { file: await openCheckpointFile(path, signer.verifierKey) } : {};
  const duty = await keepCheckpoints({ store, signer, ...file, others, nowMs: () => clock.ms, log });
  atEnd(t, () => duty.stop());
  const sizes = () =>
    existsSync(path) ? [...readPublished(readFileSync(path, 'utf8'), duty.verifierKey).roots.keys()] : [];
  return { store, duty, path, logged, clock, sizes };
}

test('the first entry is soon in a published checkpoint, and its key lies beside it', async (t) => {
  const { store, duty, path, sizes } = await aProcess(t);
  await duty.round();
  assert.equal(readFileSync(path, 'utf8'), '', 'an empty ledger has nothing to publish');
  await write(store);
  await duty.round();
  assert.deepEqual(sizes(), [1]);
  assert.equal(readFileSync(`${path}.key`, 'utf8'), `${duty.verifierKey}\n`);
  assert.deepEqual((await store.checkpoints.stats()).unpublished, 0);
});

test('a checkpoint is made every thousand entries or every minute, and none where nothing is new', async (t) => {
  const { store, duty, clock, sizes } = await aProcess(t);
  await write(store);
  await duty.round();
  await write(store);
  await duty.round();
  assert.deepEqual(sizes(), [1]);
  clock.ms += CHECKPOINT_EVERY_MS;
  await duty.round();
  assert.deepEqual(sizes(), [1, 2]);
  await write(store, CHECKPOINT_EVERY_ENTRIES - 1);
  await duty.round();
  assert.deepEqual(sizes(), [1, 2]);
  await write(store);
  await duty.round();
  assert.deepEqual(sizes(), [1, 2, 1_002]);
  clock.ms += CHECKPOINT_EVERY_MS;
  await duty.round();
  assert.deepEqual(sizes(), [1, 2, 1_002]);
});

test('a restart goes on in the file and compares it', async (t) => {
  const folder = temporaryFolder(t);
  const { store, duty } = await aProcess(t, { folder });
  await write(store);
  await duty.round();
  const again = await aProcess(t, { folder, store });
  assert.equal(again.duty.disagreement(), undefined);
  await write(store);
  again.clock.ms += CHECKPOINT_EVERY_MS;
  await again.duty.round();
  assert.deepEqual(again.sizes(), [1, 2]);
  assert.deepEqual(again.logged, []);
});

/** What stands where the ledger was that was published. */
const OTHERS: readonly (readonly [what: string, given: (store: MemoryStore) => Promise<Given>, says: RegExp])[] = [
  [
    'a restored database that lacks what was published',
    async () => ({ store: await aStore(2) }),
    /the database holds 2 entries, and 3 were published/,
  ],
  [
    'a database with other entries',
    async () => ({ store: await aStore(5, 'other') }),
    /the first 3 entries in the database are not those that were published/,
  ],
  [
    'the database of another ledger',
    async (store) => ({ store, origin: 'countersign/ledger/other' }),
    /the last checkpoint is not of this ledger and key/,
  ],
  ['another signing key', async (store) => ({ store, key: generateSigningKey() }), /is not of this ledger and key/],
];

for (const [what, given, says] of OTHERS) {
  test(`${what} is told loudly, and gets no checkpoint until an operator says so`, async (t) => {
    const folder = temporaryFolder(t);
    const first = await aProcess(t, { folder });
    await write(first.store, 3);
    await first.duty.round();
    const now = { folder, ...(await given(first.store)) };
    const { duty, store, clock, logged, path } = await aProcess(t, now);
    assert.match(duty.disagreement() ?? '', says);
    assert.match(
      logged.join('\n'),
      /^error: the ledger is not the one that was published: .* put an empty one in its place/,
    );
    const { kind, text: told } = await duty.check();
    assert.deepEqual([kind, told], ['problem', duty.disagreement()]);
    const before = await store?.checkpoints.stats();
    await write(store, 4);
    clock.ms += CHECKPOINT_EVERY_MS;
    await duty.round();
    assert.equal((await store.checkpoints.stats()).size, before?.size);
    assert.ok(logged.every((line) => line.startsWith('error: ')));

    // What docs/operating.md says: keep the file as evidence, begin an empty one, start again.
    writeFileSync(path, '');
    const anew = await aProcess(t, { ...now, store });
    assert.equal(anew.duty.disagreement(), undefined);
    await anew.duty.round();
    assert.deepEqual(anew.sizes().at(-1), store.entries.length);
    assert.equal(readFileSync(`${path}.key`, 'utf8'), `${anew.duty.verifierKey}\n`);
  });
}

test('a database that is swapped under a running process is seen at the next checkpoint', async (t) => {
  const { store, duty, clock, logged, sizes } = await aProcess(t);
  await write(store, 3);
  await duty.round();
  const other = await aStore(9, 'other');
  store.checkpoints.stats = other.checkpoints.stats;
  store.checkpoints.rootAt = other.checkpoints.rootAt;
  clock.ms += CHECKPOINT_EVERY_MS;
  await duty.round();
  assert.match(duty.disagreement() ?? '', /the first 3 entries .* \(published by this process\)/);
  assert.equal(logged.filter((line) => line.startsWith('error')).length, 1);
  assert.deepEqual(sizes(), [3]);
});

test('a stored checkpoint that its note does not sign is not gone on from', async (t) => {
  const { store, duty, clock, sizes } = await aProcess(t);
  await write(store, 3);
  await duty.round();
  const { last, make } = store.checkpoints;
  const altered = async () => ({ ...(await last())!, root: Buffer.alloc(32) });
  await write(store);
  store.checkpoints.make = async (request) =>
    make({ ...request, sign: (tree, one) => request.sign(tree, one && { ...one, root: Buffer.alloc(32) }) });
  clock.ms += CHECKPOINT_EVERY_MS;
  await duty.round();
  assert.match((await duty.check()).text, /the stored checkpoint of 3 entries is not the one that was signed/);
  store.checkpoints.last = altered;
  clock.ms += CHECKPOINT_EVERY_MS;
  await duty.round();
  assert.match(duty.disagreement() ?? '', /the stored checkpoint of 3 entries is not the one that was signed/);
  assert.deepEqual(sizes(), [3]);
});

test('a note that somebody put among the stored checkpoints is told and not published, though nothing new is to be made', async (t) => {
  const { store, duty, logged, sizes } = await aProcess(t, { store: await aStore(3) });
  await duty.round();
  await write(store);
  await store.checkpoints.make({ from: 'last_checkpoint', sign: () => 'any words\n', nowMs: 0 });
  await duty.round();
  assert.match(duty.disagreement() ?? '', /the stored checkpoint of 4 entries does not hold/);
  assert.deepEqual([logged.length, sizes()], [1, [3]]);
});

test('a note that waits under the key of before does not come into the new file', async (t) => {
  const store = await aStore(3);
  const { name: origin, sign } = createNoteSigner(MEMORY_ORIGIN, generateSigningKey());
  const anew = { from: 'first_entry', nowMs: 0 } as const;
  await store.checkpoints.make({ ...anew, sign: (tree) => sign(checkpointText({ origin, ...tree })) });
  const { duty, logged, sizes } = await aProcess(t, { store });
  await duty.round();
  await duty.round();
  await write(store);
  await duty.round();
  assert.deepEqual([logged.filter((line) => line.includes('it is not published')).length, sizes()], [1, [4]]);
});

test('a copy of the database of exactly a checkpoint is seen by a running process at once', async (t) => {
  const { store, duty } = await aProcess(t, { store: await aStore(3) });
  await duty.round();
  store.checkpoints.stats = async () => ({ entries: 2, size: 2, madeMs: 0, unpublished: 0 });
  await duty.round();
  assert.match(duty.disagreement() ?? '', /the database holds 2 entries, and 3 were published/);
});

test('a webhook gets each note and its key, and what it did not take at the next round; the file has each once', async (t) => {
  const got: string[] = [];
  let status = 503;
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      got.push(`${request.headers['countersign-verifier-key']}\n${body}`);
      response.writeHead(status).end();
    });
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  atEnd(t, () => server.close());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/token-of-the-hook`;
  const { verifierKey } = createNoteSigner(MEMORY_ORIGIN, KEY);
  const { store, duty, clock, logged, path } = await aProcess(t, { others: [createWebhook(url, verifierKey)] });
  await write(store);
  await duty.round();
  const { kind, text: told } = await duty.check();
  assert.equal(kind, 'problem');
  assert.match(
    told,
    /the webhook at 127\.0\.0\.1:\d+ does not take checkpoints \(it answers 503\); 1 checkpoints wait/,
  );
  assert.doesNotMatch(`${told}${logged.join()}`, /token-of-the-hook/);
  await duty.round();
  assert.equal(got.length, 1, 'not before the next round is due');
  status = 204;
  clock.ms += CHECKPOINT_EVERY_MS;
  await duty.round();
  assert.equal((await duty.check()).kind, 'ok');
  const { note = '' } = (await store.checkpoints.last()) ?? {};
  assert.deepEqual(got, [`${verifierKey}\n${note}`, `${verifierKey}\n${note}`]);
  assert.equal(readFileSync(path, 'utf8'), `${note}\n`);
  assert.deepEqual((await store.checkpoints.stats()).unpublished, 0);
});

test('a webhook alone is a place, and what was published by this process is compared', async (t) => {
  const got: number[] = [];
  const place: Place = { name: 'a hook', publish: async ({ size }) => void got.push(size) };
  const { store, duty } = await aProcess(t, { withFile: false, others: [place] });
  await write(store, 2);
  await duty.round();
  assert.deepEqual(got, [2]);
  assert.match((await duty.check()).text, /^2 entries, 2 are in a checkpoint, made 0 s ago; published to a hook$/);
});

test('with the store away the duty waits, and goes on by itself', async (t) => {
  const { store, duty, clock, logged, sizes } = await aProcess(t);
  await write(store);
  store.fail(new Error('gone'));
  await duty.round();
  store.fail(undefined);
  clock.ms += CHECKPOINT_EVERY_MS;
  await duty.round();
  assert.deepEqual(sizes(), [1]);
  assert.deepEqual(logged, [
    'warn: a checkpoint of the ledger is late',
    'info: checkpoints of the ledger are made and published again',
  ]);
});

test('half a note that a crash left in the file is cut off, and what is no file of checkpoints is refused', async (t) => {
  const folder = temporaryFolder(t);
  const { store, duty, path } = await aProcess(t, { folder });
  await write(store);
  await duty.round();
  const whole = readFileSync(path, 'utf8');
  for (const half of [whole.slice(0, 40), whole.slice(0, -12)]) {
    writeFileSync(path, `${whole}${half}`);
    const again = await aProcess(t, { folder, store });
    assert.equal(again.duty.disagreement(), undefined);
    await write(store);
    again.clock.ms += store.entries.length * CHECKPOINT_EVERY_MS;
    await again.duty.round();
    assert.equal(again.sizes().at(-1), store.entries.length);
    writeFileSync(path, whole);
  }
  writeFileSync(path, 'groceries: milk\n');
  await assert.rejects(openCheckpointFile(path, 'k'), /holds no checkpoint; if it is no other file, empty it/);
  await assert.rejects(
    openCheckpointFile(join(path, 'below'), 'k'),
    /cannot be published to .* \((?:ENOTDIR|EEXIST)\); let this process write it, or name another file in COUNTERSIGN_CHECKPOINT_FILE/,
  );
});

async function aStore(entries: number, what = 'x'): Promise<MemoryStore> {
  const store = createMemoryStore();
  await write(store, entries, what);
  return store;
}
