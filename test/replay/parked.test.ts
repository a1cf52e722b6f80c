// An approval that waits over a deploy: state folders in which an older build was stopped while conversations of it waited
// for people. Today's build is started on each, as an operator would, and the people answer.
//
// Each folder was left behind by the older build itself, run out of git by park.ts: the database of its Temporal server, the
// tables of its store as SQL, its keys, and the checkpoint of its ledger that was published then. So this needs no history
// of git, and the older build need not run any more. Replay alone is held by replay.test.ts; here what was replayed goes on:
// signatures, digests and warrants of the older build are verified, its rows are migrated, and the ledger goes on from what
// was published of it.
import { deepEqual, equal, match } from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { startEmbeddedPostgres } from '../../store/embedded.ts';
import { KEPT } from '../support/kept.ts';
import { readPublished } from '../../trust/ledger-file.ts';
import { verifyExport } from '../../trust/verify-ledger.ts';
import { type Answer, createStack, type Stack } from '../support/stack.ts';
import { eventually } from '../support/system.ts';
import {
  AGENTS,
  approvalOf,
  type Conversation,
  CONVERSATIONS,
  decide,
  type Outside,
  PARKED,
  PUBLISHED,
  say,
  startOutside,
  STORE_SQL,
  unpack,
} from './parked/world.ts';

/** The last ones of the commits e1932fb, 8cb49bf, 6654852, 5c1c6cc, bf13520, f9f321e. Each is in use: none may go. */
const VERSIONS = ['0.4.0', '0.5.0', '0.6.0', '0.7.0', '0.8.0', '0.9.0', '0.10.0'];
// 60 s: a busy machine; seconds on a quiet one.
const SETTLE_LIMIT_MS = 60_000;
const LOOK_MS = 1_000;
// 1 h: by the clock of that start a checkpoint is due at once, and not after a minute.
const LATER_MS = 3_600_000;

let outside: Outside;

before(async () => {
  outside = await startOutside();
});
after(async () => {
  await outside?.stop();
});

test('every state folder that was ever parked is still here', () => {
  const found = readdirSync(PARKED).filter((name) => /^\d/.test(name));
  deepEqual(found.toSorted(), VERSIONS.toSorted());
});

for (const version of VERSIONS) {
  test(`what waited when ${version} was stopped is decided on today's build, runs once, and is on record`, async () => {
    const stack = await createStack({ ...outside.env, DATABASE_URL: '' }, { agents: AGENTS });
    try {
      unpack(version, stack.state);
      const older = readFileSync(join(stack.state, PUBLISHED), 'utf8');
      await restore(stack);
      const done = outside.far.requests.length;
      await stack.start({ COUNTERSIGN_CHECKPOINT_FILE: join(stack.state, PUBLISHED) });
      await waitsAsBefore(stack);
      equal(outside.far.requests.length, done);
      await answered(stack);
      await finished(stack);
      deepEqual(effects(done), ['note 50', 'pay 60000', 'pay 7200']);
      for (const action of ['untouched:1:0', 'untouched:1:1', 'half-approved:1:0']) await tellsAll(stack, action);
      await verified(stack, older);
    } finally {
      await stack.stop();
      await stack.remove();
    }
  });
}

/** Into an embedded store, as a restored backup would be; the start then migrates it. */
async function restore({ state }: Stack): Promise<void> {
  const postgres = await startEmbeddedPostgres({ dataDir: join(state, 'store'), freshIn: KEPT });
  const client = new pg.Client(postgres.poolConfig);
  try {
    await client.connect();
    await client.query(readFileSync(join(state, STORE_SQL), 'utf8'));
  } finally {
    await client.end();
    await postgres.stop();
  }
}

async function waitsAsBefore(stack: Stack): Promise<void> {
  const { body } = await stack.request('finn', 'GET', '/v1/approvals');
  const rows = body['rows'] as { readonly id: string; readonly approvals: number }[];
  deepEqual(
    rows.map(({ id, approvals }) => `${id} ${approvals}`).toSorted(),
    CONVERSATIONS.map((one) => `${approvalOf(one)} ${one === 'half-approved' ? 1 : 0}`).toSorted(),
  );
  // The conversation goes on, on a history that the older build began, and what waits still waits.
  match(replyOf(await say(stack, 'untouched', 'Is anybody there?')), /Is anybody there/);
}

async function answered(stack: Stack): Promise<void> {
  const ends = [
    await decide(stack, 'finn', 'untouched', { answer: 'approve' }),
    await decide(stack, 'olga', 'half-approved', { answer: 'approve' }),
    await decide(stack, 'finn', 'unwanted', { answer: 'deny', reason: 'not any more' }),
  ];
  deepEqual(
    ends.map(({ status, body }) => `${status} ${String(body['end'])}`),
    ['200 approved', '200 approved', '200 denied'],
  );
}

interface Detail {
  readonly items: readonly { readonly kind: string; readonly turn: number }[];
  readonly actions: readonly { readonly id: string; readonly outcome: { readonly kind: string } | null }[];
}

/** The outcome came back to the conversation, and was told; then it goes on. */
async function finished(stack: Stack): Promise<void> {
  const expected: Readonly<Record<Conversation, readonly string[]>> = {
    untouched: ['succeeded', 'succeeded'],
    'half-approved': ['succeeded'],
    unwanted: ['denied'],
  };
  for (const conversation of CONVERSATIONS) {
    const told = async () => {
      const { body } = await stack.request('finn', 'GET', `/v1/conversations/${conversation}?limit=100`);
      const detail = body as unknown as Detail;
      const report = detail.items.find(({ kind }) => kind === 'report');
      return detail.items.some(({ kind, turn }) => kind === 'reply' && turn === report?.turn) ? detail : undefined;
    };
    const { actions } = await eventually(told, `the outcome in ${conversation}`, SETTLE_LIMIT_MS);
    deepEqual(
      actions.map(({ outcome }) => outcome?.kind),
      expected[conversation],
    );
    match(replyOf(await say(stack, conversation, 'Thank you!')), /Thank you/);
  }
  const { body } = await stack.request('finn', 'GET', '/v1/approvals');
  deepEqual(body['rows'], []);
}

/** What was asked of the far side since, repeated requests among them. */
function effects(since: number): readonly string[] {
  return outside.far.requests
    .slice(since)
    .map(({ tool, body }) => `${tool} ${(JSON.parse(body) as { readonly cents: number }).cents}`)
    .toSorted();
}

/** The story of an action that two builds share has no gap. */
async function tellsAll(stack: Stack, action: string): Promise<void> {
  const { status, body } = await stack.request('finn', 'GET', `/v1/actions/${action}/why`);
  equal(status, 200);
  const lines = body['lines'] as { readonly text: string; readonly coverage: string }[];
  deepEqual(
    lines.filter(({ coverage }) => coverage === 'unknown'),
    [],
  );
}

/** What the older build had published still holds; what today's build has added goes on from there, to the last entry. */
async function verified(stack: Stack, older: string): Promise<void> {
  const file = join(stack.state, PUBLISHED);
  await stack.stop();
  equal(readFileSync(file, 'utf8').startsWith(older), true, 'what was published does not go on');
  await stack.start({ COUNTERSIGN_CHECKPOINT_FILE: file, COUNTERSIGN_CLOCK_OFFSET_MS: String(LATER_MS) });
  const key = readFileSync(`${file}.key`, 'utf8').trim();
  const proven = readPublished(older, key).largest;
  const marks = ['"settled\\"', '"succeeded\\"', '"half-approved:1:0\\"'];
  // An export ends with the last checkpoint, which may have been made before the stop, or before the last outcome.
  const toTheEnd = async () => {
    const published = readFileSync(file, 'utf8');
    const text = await exported(stack);
    const { upTo, to } = await holding(text, published, key);
    const isThere = text.split('\n').some((line) => marks.every((mark) => line.includes(mark)));
    if (isThere && upTo === to && to > proven) return text;
    // Each export is an entry too.
    await sleep(LOOK_MS);
    return undefined;
  };
  const text = await eventually(
    toTheEnd,
    'a checkpoint of the outcome that goes on from the older one',
    SETTLE_LIMIT_MS,
  );
  equal((await holding(text, older, key)).upTo, proven, 'how far it is proven by what was published before');
}

async function exported(stack: Stack): Promise<string> {
  const { body } = await stack.request('auditor', 'GET', '/v1/ledger/export');
  return String(body['text']);
}

async function holding(text: string, published: string, key: string) {
  const found = await verifyExport(linesOf(text), published, key);
  if (found.kind === 'broken') throw new Error(`broken at entry ${found.seq}: ${found.reason}`);
  return found;
}

// Asynchronous, as a file is read.
async function* linesOf(text: string): AsyncGenerator<string> {
  for (const line of text.split('\n')) if (line !== '') yield line;
}

const replyOf = ({ body }: Answer): string => String((body['reply'] as { text?: string } | undefined)?.text);
