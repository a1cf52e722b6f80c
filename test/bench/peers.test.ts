// The peers of the bench: they answer turns as ours does, what they have answered they have recorded, and none of their
// processes outlives its run. Each has processes of its own, on one PostgreSQL with fsync.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import pg from 'pg';
import type { Running, Subject, Surroundings } from '../../bench/measure.ts';
import { dbos } from '../../bench/subjects/dbos.ts';
import { langgraph } from '../../bench/subjects/langgraph.ts';
import { none } from '../../bench/subjects/none.ts';
import { restate } from '../../bench/subjects/restate.ts';
import { CALL, markIn, markOf, replyTo } from '../../bench/words.ts';
import { waitFor } from '../proofs/support.ts';
import { isAlive } from '../support/alive.ts';
import { FROM_SOURCE } from '../support/children.ts';
import { type PrivatePostgres, startPrivatePostgres } from '../support/postgres.ts';
import { ROOT } from '../support/sources.ts';

const CONVERSATIONS = ['one', 'two'];
const TURNS = 3;
// 20 s: each gets ten to end in order, and then is killed.
const GONE_LIMIT_MS = 20_000;

interface Message {
  readonly role: string;
  readonly content: string | null;
}

const folder = mkdtempSync(join(tmpdir(), 'countersign-peers-'));
const model = createServer((request, response) => {
  void answerOf(request).then((message) => response.end(JSON.stringify({ choices: [{ message }] })));
});
let postgres: PrivatePostgres;

before(async () => {
  postgres = await startPrivatePostgres();
  model.listen(0, '127.0.0.1');
  await once(model, 'listening');
});
after(async () => {
  model.close();
  model.closeAllConnections();
  await postgres.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** Asks for the tool once; its reply says who had spoken, in order, so that a caller sees what the peer remembers. */
async function answerOf(request: IncomingMessage): Promise<object> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const { messages } = JSON.parse(Buffer.concat(chunks).toString()) as { readonly messages: readonly Message[] };
  if (messages.at(-1)?.role === 'user') {
    const asked = { name: CALL.tool, arguments: JSON.stringify(CALL.arguments) };
    const call = { id: `call-${messages.length}`, type: 'function', function: asked };
    return { role: 'assistant', content: null, tool_calls: [call] };
  }
  const mark = markIn(messages.findLast(({ role }) => role === 'user')?.content ?? '');
  return { role: 'assistant', content: `${replyTo(mark)} ${messages.map(({ role }) => role).join(' ')}` };
}

const urlOfModel = (server: Server): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;

async function surroundingsOf(name: string): Promise<Surroundings> {
  const client = new pg.Client({ connectionString: postgres.url });
  await client.connect();
  try {
    await client.query(`create database ${name}`);
  } finally {
    await client.end();
  }
  const url = new URL(postgres.url);
  url.pathname = `/${name}`;
  const own = join(folder, name);
  mkdirSync(own);
  return { folder: own, modelUrl: urlOfModel(model), databaseUrl: url.href, log: () => undefined };
}

async function takeTurns(running: Running, from: number, to: number): Promise<void> {
  const take = async (conversation: string): Promise<void> => {
    for (let n = from; n < to; n += 1) {
      const earlier = Array.from({ length: n }, () => 'user assistant tool assistant');
      const wanted = [replyTo(markOf(conversation, n)), ...earlier, 'user assistant tool'].join(' ');
      assert.equal(await running.turn(conversation, n), wanted);
    }
  };
  await Promise.all(CONVERSATIONS.map(take));
}

async function untilGone(pids: readonly number[]): Promise<void> {
  await waitFor(`the end of the processes ${pids.join(', ')}`, GONE_LIMIT_MS, () => !pids.some(isAlive));
}

/** Start it, do the work, stop it: nothing of it is left. */
async function during(subject: Subject, at: Surroundings, work: (running: Running) => Promise<void>): Promise<void> {
  const running = await subject.start(at);
  const pids = Object.values(running.pids());
  assert.ok(pids.length > 0 && pids.every(isAlive));
  try {
    await work(running);
  } finally {
    await running.stop();
  }
  await untilGone(pids);
}

test('the floor answers each turn of each conversation with all of its earlier ones, and is gone once it is stopped', async () => {
  await during(none, await surroundingsOf(none.name), (running) => takeTurns(running, 0, TURNS));
});

for (const subject of [dbos, langgraph, restate])
  test(`${subject.name} has recorded a turn once it has answered it: killed at once and started again, it knows all`, async () => {
    const at = await surroundingsOf(subject.name);
    await during(subject, at, async (running) => {
      await takeTurns(running, 0, TURNS);
      for (const pid of Object.values(running.pids())) process.kill(pid, 'SIGKILL');
    });
    await during(subject, at, (running) => takeTurns(running, TURNS, TURNS + 1));
  });

test('whoever started a peer may be killed: all of its processes end', async () => {
  const at = await surroundingsOf('abandoned');
  const code = `
    import { restate } from '${ROOT}/bench/subjects/restate.ts';
    const running = await restate.start({ ...${JSON.stringify(at)}, log: () => undefined });
    process.send(Object.values(running.pids()));`;
  const stdio = ['ignore', 'inherit', 'inherit', 'ipc'] as const;
  const parent = spawn(process.execPath, [...FROM_SOURCE, '--input-type=module', '--eval', code], {
    cwd: ROOT,
    stdio: [...stdio],
  });
  const [pids] = (await once(parent, 'message')) as [readonly number[]];
  assert.ok(pids.length === 2 && pids.every(isAlive));
  parent.kill('SIGKILL');
  await untilGone(pids);
});
