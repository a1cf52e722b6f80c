import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cutWhenStalled } from '../../api/mount.ts';
import { LEDGER_READS } from '../../domain/ids.ts';
import { linesOf } from '../../trust/ledger-file.ts';
import { fromBase64, checkpointText, openNote, parseCheckpoint } from '../../trust/note.ts';
import { verifyExport } from '../../trust/verify-ledger.ts';
import { noted } from '../store/builders.ts';
import { type Answered, problem } from './support/answers.ts';
import { MEMORY_ORIGIN } from './support/memory-ledger.ts';
import { NOW_MS, serve, type Served } from './support/served.ts';

const write = async ({ store }: Served, count: number): Promise<void> => {
  for (let at = 0; at < count; at++) await store.record([noted('c', `entry ${store.entries.length}`)]);
};

/** A checkpoint over all entries so far. Resolves to its note. */
async function checkpoint({ store, ledger }: Served): Promise<string> {
  const sign = (tree: { readonly size: number; readonly root: Buffer }) =>
    ledger.sign(checkpointText({ origin: MEMORY_ORIGIN, ...tree }));
  return (await store.checkpoints.make({ from: 'last_checkpoint', sign, nowMs: NOW_MS - 5_000 }))?.note ?? '';
}

const reads = async ({ store }: Served) => (await store.ledger.ofSubject(LEDGER_READS)).map(({ fact }) => fact);
const pull = ({ call }: Served, query = ''): Promise<Answered> => call('auditor', 'GET', `/v1/ledger/entries${query}`);
const seqs = ({ body }: Answered) => (body['entries'] as { seq: number }[]).map(({ seq }) => seq);

async function exported({ server, keys }: Served, query = ''): Promise<string> {
  const headers = { authorization: `Bearer ${keys.auditor}` };
  const response = await fetch(`${server.url}/v1/ledger/export${query}`, { headers });
  assert.equal(response.headers.get('content-type'), 'application/x-ndjson');
  return response.text();
}

test('the last checkpoint is a signed note, and the key that verifies it comes with it', async (t) => {
  const served = await serve(t);
  await write(served, 3);
  const none = await served.call('auditor', 'GET', '/v1/ledger/checkpoint');
  assert.equal(problem(none), '404 no_checkpoint');
  const note = await checkpoint(served);
  const { status, headers, body } = await served.call('auditor', 'GET', '/v1/ledger/checkpoint');
  assert.deepEqual([status, body.text], [200, note]);
  assert.match(headers.get('content-type') ?? '', /^text\/plain/);
  const key = headers.get('countersign-verifier-key') ?? '';
  assert.equal(parseCheckpoint(openNote(body.text, key)).size, 3);
  assert.deepEqual(await reads(served), [], 'it holds no entry');
});

test('entries are pulled page by page, each with its exact text and the hash of its leaf', async (t) => {
  const served = await serve(t);
  await write(served, 5);
  const first = await pull(served, '?limit=2');
  assert.deepEqual([seqs(first), first.body.next], [[1, 2], 2]);
  const rest = await pull(served, '?after=2&limit=3');
  assert.deepEqual(seqs(rest), [3, 4, 5]);
  const hashed = await served.store.ledger.hashed(0, 2);
  const expected = hashed.map(({ seq, leaf, text }) => ({ seq, leaf: leaf.toString('base64'), entry: text }));
  assert.deepEqual(first.body['entries'], expected);
  assert.equal(fromBase64(expected[0]?.leaf ?? '')?.length, 32);
  assert.deepEqual(seqs(await pull(served, '?limit=2')), [1, 2], 'asked again, they come again');
});

test('who reads is on record, with what and how; a reader of nothing but that leaves no record', async (t) => {
  const served = await serve(t);
  await write(served, 3);
  await pull(served, '?after=1');
  const reading = { kind: 'ledger_read', by: 'auditor', from: 2, to: 3, how: 'entries' };
  assert.deepEqual(await reads(served), [reading]);
  const [, , , entry] = served.store.entries;
  assert.deepEqual([entry?.subject, entry?.conversationId, entry?.atMs], [LEDGER_READS, '', NOW_MS]);
  const polled = await pull(served, '?after=3');
  assert.deepEqual(seqs(polled), [4]);
  const empty = await pull(served, '?after=4');
  assert.deepEqual([seqs(empty), empty.body.next], [[], 4]);
  assert.deepEqual(await reads(served), [reading]);
});

test('what cannot be put on record is not shown', async (t) => {
  const served = await serve(t);
  await write(served, 3);
  await checkpoint(served);
  const away = Object.assign(new Error('gone'), { name: 'StoreUnavailable' });
  served.store.record = async () => Promise.reject(away);
  assert.equal(problem(await pull(served)), '503 unavailable');
  assert.equal(problem(await served.call('auditor', 'GET', '/v1/ledger/export')), '503 unavailable');
});

for (const [what, query, [from, to]] of [
  ['all of it', '', [1, 1_100]],
  ['a part of it', '?from=1000&to=1050', [1_000, 1_050]],
  ['its end', '?from=1090', [1_090, 1_100]],
] as const) {
  test(`an export of ${what} verifies against the checkpoint, and is on record before it leaves`, async (t) => {
    const served = await serve(t);
    await write(served, 1_100);
    const note = await checkpoint(served);
    const bytes = await exported(served, query);
    assert.deepEqual(await reads(served), [{ kind: 'ledger_read', by: 'auditor', from, to, how: 'export' }]);
    const verified = await verifyExport(linesOf(chunks(bytes)), note, served.ledger.verifierKey);
    const proven = { kind: 'holds', entries: to - from + 1, from, to, checkpoints: 1, upTo: to };
    assert.deepEqual(verified, proven);
    assert.doesNotMatch(bytes, /(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
  });
}

test('an export asks for entries that the checkpoint covers', async (t) => {
  const served = await serve(t);
  const ask = (query: string) => served.call('auditor', 'GET', `/v1/ledger/export${query}`);
  assert.equal(problem(await ask('')), '404 no_checkpoint');
  await write(served, 3);
  await checkpoint(served);
  await write(served, 1);
  for (const query of ['?from=0', '?to=4', '?from=3&to=2', '?from=x']) {
    assert.equal(problem(await ask(query)), '400 bad_request', query);
  }
  assert.match((await ask('?to=4')).body.detail, /covers the entries 1 to 3/);
});

test('what people wrote cannot end a line or turn it around', async (t) => {
  const served = await serve(t);
  const evil = 'a\u2028b \u202e \u001b[2J \u0085';
  const fact = { kind: 'message_refused', messageId: 'm', reason: evil } as const;
  await served.store.record([{ ...noted('c', 'evil'), fact }]);
  await checkpoint(served);
  const { server, keys } = served;
  const headers = { authorization: `Bearer ${keys.auditor}` };
  const page = await (await fetch(`${server.url}/v1/ledger/entries`, { headers })).text();
  for (const text of [page, await exported(served)]) assert.doesNotMatch(text, /(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
  const { entries } = JSON.parse(page) as { entries: { entry: string }[] };
  const { fact: read } = JSON.parse(entries[0]?.entry ?? '') as { fact: { reason: string } };
  assert.equal(read.reason, evil);
});

test('a client that leaves ends its export, and gives its place to another', async (t) => {
  const served = await serve(t);
  await write(served, 2_000);
  await checkpoint(served);
  const { store, server, keys } = served;
  const { hashed } = store.ledger;
  let asked = 0;
  let goOn: () => void = () => undefined;
  const held = new Promise<void>((resolve) => (goOn = resolve));
  store.ledger.hashed = async (after, limit) => {
    asked += 1;
    await held;
    return hashed(after, limit);
  };
  const headers = { authorization: `Bearer ${keys.auditor}` };
  const open = () => fetch(`${server.url}/v1/ledger/export`, { headers });
  const [one, other] = [await open(), await open()];
  const third = await served.call('auditor', 'GET', '/v1/ledger/export');
  assert.equal(problem(third), '429 too_many_exports');
  await Promise.all([one.body?.cancel(), other.body?.cancel()]);
  // Both connections are closed before a place is free again.
  let again = await open();
  for (; again.status === 429; again = await open()) await again.body?.cancel();
  const before = asked;
  goOn();
  assert.equal((await again.text()).trimEnd().split('\n').length, 2_001);
  assert.ok(asked - before <= Math.ceil(2_000 / 128) + 2, `those that left asked for more: ${asked - before}`);
});

test('an export is cut where its client takes nothing, and not while the ledger is still read', () => {
  let silence: () => void = () => undefined;
  let cut = 0;
  const answer = (waits: { readonly writableNeedDrain: boolean; readonly writableEnded: boolean }) => {
    const setTimeout = (_ms: number, then: () => void) => (silence = then);
    cutWhenStalled({ ...waits, setTimeout, destroy: () => (cut += 1) } as unknown as Parameters<
      typeof cutWhenStalled
    >[0]);
    silence();
    return cut;
  };
  assert.equal(answer({ writableNeedDrain: false, writableEnded: false }), 0);
  assert.equal(answer({ writableNeedDrain: true, writableEnded: false }), 1);
  assert.equal(answer({ writableNeedDrain: false, writableEnded: true }), 2);
});

test('an export that cannot be finished breaks off, and never looks whole', async (t) => {
  const served = await serve(t);
  await write(served, 200);
  await checkpoint(served);
  const { hashed } = served.store.ledger;
  served.store.ledger.hashed = async (after, limit) => (after >= 128 ? [] : hashed(after, limit));
  await assert.rejects(exported(served), /terminated|aborted|ECONNRESET|other side closed/i);
  assert.match(served.logged.join(), /an export of the ledger broke off/);
});

test('an export breaks off before the first entry that is not there, and the log names it', async (t) => {
  const served = await serve(t);
  await write(served, 200);
  await checkpoint(served);
  const { hashed } = served.store.ledger;
  served.store.ledger.hashed = async (after, limit) =>
    (await hashed(after, limit + 1)).filter(({ seq }) => seq !== 150).slice(0, limit);
  await assert.rejects(exported(served), /terminated|aborted|ECONNRESET|other side closed/i);
  assert.match(served.logged.join(), /entry 150 of the ledger is missing/);
});

test('the ledger is for auditors of the house', async (t) => {
  const { call } = await serve(t);
  for (const path of ['/v1/ledger/checkpoint', '/v1/ledger/entries', '/v1/ledger/export']) {
    assert.equal(problem(await call('nobody', 'GET', path)), '401 unauthenticated');
    for (const who of ['customer', 'approver', 'operator'] as const) {
      assert.equal(problem(await call(who, 'GET', path)), '403 missing_scope', `${who} ${path}`);
    }
    const other = await call('auditor@other', 'GET', path);
    assert.equal(problem(other), '403 ledger_refused');
    assert.match(other.body.detail, /of the tenant "other".*use a key of "default"/);
  }
});

test('the metrics say how old the last checkpoint is, what it covers, what waits, and whether the ledger is another', async (t) => {
  const served = await serve(t);
  await write(served, 3);
  await checkpoint(served);
  await write(served, 1);
  served.disagree('the ledger is not the one that was published');
  const { body } = await served.call('nobody', 'GET', '/metrics');
  const numbers = Object.fromEntries(
    [...body.text.matchAll(/^countersign_ledger_(\w+) (.*)$/gm)].map(([, name, value]) => [name, Number(value)]),
  );
  assert.deepEqual(numbers, {
    entries: 4,
    checkpoint_size: 3,
    checkpoint_age_seconds: 5,
    checkpoints_unpublished: 1,
    disagrees: 1,
  });
});

async function* chunks(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text);
}
