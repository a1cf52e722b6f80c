// Whoever waits for an answer hears of it when it is written, whichever process writes it, and again after the connection
// that it is heard on was lost.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import type { Hearing, Store } from '../../store/ports.ts';
import { openStore } from '../../store/store.ts';
import { aConversationId, aMessage, aReply } from './builders.ts';
import { type Database, startDatabase } from './databases.ts';

const NEVER = new AbortController().signal;
// 10 s: far longer than a word takes; a test that waits so long has failed.
const LONG_MS = 10_000;
// 100 ms: what is not there by then was not said.
const SHORT_MS = 100;

let database: Database;
let writer: Store;
let listener: Store;
let admin: pg.Client;

before(async () => {
  database = await startDatabase('postgres');
  writer = await openStore({ pool: database.poolConfig });
  listener = await openStore({ pool: database.poolConfig, isServer: true });
  admin = new pg.Client(database.poolConfig);
  await admin.connect();
});
after(async () => {
  await listener.close();
  await writer.close();
  await admin.end();
  await database.stop();
});

// A timer may ring a millisecond early.
const EARLY_MS = 2;

const isHeard = async (hearing: Hearing, limitMs: number): Promise<boolean> => {
  const begunMs = performance.now();
  await hearing.next(limitMs, NEVER);
  return performance.now() - begunMs < limitMs - EARLY_MS;
};

/** The backends that listen, once there is one that is not `other`. */
async function listening(other = 0): Promise<number> {
  for (;;) {
    const { rows } = await admin.query<{ pid: number }>(
      "select pid from pg_stat_activity where query like 'listen %' and state = 'idle'",
    );
    const pid = rows.map((row) => row.pid).find((one) => one !== other);
    if (pid !== undefined) return pid;
    await sleep(20);
  }
}

test('an answer of another process is heard of, in its own conversation alone; a message is none', async () => {
  const [id, other] = [aConversationId(), aConversationId()];
  const [own, others] = [listener.answers.in(id), listener.answers.in(other)];
  await listening();
  await writer.items.append([aMessage(id, 'm1')]);
  assert.equal(await isHeard(own, SHORT_MS), false);
  const heard = isHeard(own, LONG_MS);
  await writer.items.append([aReply(id)]);
  assert.equal(await heard, true);
  assert.equal(await isHeard(others, SHORT_MS), false);
  assert.equal(await isHeard(own, SHORT_MS), false, 'once');
  for (const one of [own, others]) one.end();
});

test('what is written while nobody waits is heard by who waits next', async () => {
  const id = aConversationId();
  const hearing = writer.answers.in(id);
  await writer.items.append([aReply(id)]);
  assert.equal(await isHeard(hearing, LONG_MS), true, 'its own, without a connection');
  hearing.end();
});

test('after its connection was lost it listens again', async () => {
  const id = aConversationId();
  const hearing = listener.answers.in(id);
  const pid = await listening();
  await admin.query('select pg_terminate_backend($1)', [pid]);
  await listening(pid);
  const heard = isHeard(hearing, LONG_MS);
  await writer.items.append([aReply(id)]);
  assert.equal(await heard, true);
  hearing.end();
});

test('what was rolled back is not heard of, and an aborted wait ends at once', async () => {
  const id = aConversationId();
  const hearing = listener.answers.in(id);
  await listening();
  const fails = writer.items.append([aReply(id)], () => {
    throw new Error('no');
  });
  await assert.rejects(fails, /no/);
  assert.equal(await isHeard(hearing, SHORT_MS), false);
  const aborted = new AbortController();
  const waits = hearing.next(LONG_MS, aborted.signal);
  aborted.abort();
  await waits;
  hearing.end();
});
