// Parks a state folder: runs the build of a commit, out of git, until its conversations wait for people, stops it, and
// keeps what it leaves behind, compressed, under test/replay/parked/VERSION. parked.test.ts starts today's build on it.
//   node --conditions=source --import tsx test/replay/park.ts COMMIT
// Kept folders are never recorded again and never edited. A release that changes what a Workflow does parks one more.
//
// Needs git with that commit, and pg_dump: the older build runs on a PostgreSQL of its own, since the files of an embedded
// one take megabytes. It is that build as it was but for one bound, which is lifted: people have 30 days at most to
// answer, so that a folder that is kept could be used for a month only.
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FROM_SOURCE } from '../support/children.ts';
import { startPrivatePostgres } from '../support/postgres.ts';
import { ROOT } from '../support/sources.ts';
import { createStack, type Stack } from '../support/stack.ts';
import { eventually } from '../support/system.ts';
import {
  AGENTS,
  asks,
  CONVERSATIONS,
  decide,
  pack,
  PARKED,
  PUBLISHED,
  say,
  startOutside,
  STORE_SQL,
} from './parked/world.ts';

// 50 years: longer than anybody keeps the folder, and far below the 292 that Temporal's timers can count.
const DECADES = '50 * 365 * 86_400_000';
// 3 min: a checkpoint is published once a minute.
const PUBLISHED_LIMIT_MS = 180_000;

const commit = process.argv[2];
if (commit === undefined) throw new Error('name the commit of the older build: park.ts COMMIT');
const old = mkdtempSync(join(tmpdir(), 'countersign-parking-'));
try {
  checkOut(commit);
  const { version } = JSON.parse(readFileSync(join(old, 'package.json'), 'utf8')) as { version: string };
  if (existsSync(join(PARKED, version)))
    throw new Error(`${version} is parked already; a folder is never parked again`);
  await park(version);
} finally {
  rmSync(old, { recursive: true, force: true });
}

function checkOut(what: string): void {
  const tree = execFileSync('git', ['archive', what], { cwd: ROOT, maxBuffer: 512 * 1024 * 1024 });
  execFileSync('tar', ['-x', '-C', old], { input: tree });
  symlinkSync(join(ROOT, 'node_modules'), join(old, 'node_modules'));
  cpSync(AGENTS, join(old, 'parked-agents'), { recursive: true });
  replaceOnce('domain/rule.ts', '30 * 24 * 60 * 60 * 1000', DECADES);
  replaceOnce('parked-agents/keeper/index.ts', 'WITHIN_MS = 86_400_000', `WITHIN_MS = ${DECADES}`);
}

function replaceOnce(file: string, before: string, after: string): void {
  const path = join(old, file);
  const parts = readFileSync(path, 'utf8').split(before);
  if (parts.length !== 2) throw new Error(`${file} holds "${before}" ${parts.length - 1} times, not once`);
  writeFileSync(path, parts.join(after));
}

async function park(version: string): Promise<void> {
  const postgres = await startPrivatePostgres();
  const outside = await startOutside();
  const env = { ...outside.env, DATABASE_URL: postgres.url };
  const stack = await createStack(env, { root: old, agents: './parked-agents' });
  try {
    await stack.start({ COUNTERSIGN_CHECKPOINT_FILE: join(stack.state, PUBLISHED) });
    addOlga(stack.state, postgres.url);
    await untilAllWait(stack);
    await untilPublished(stack);
    if (outside.far.requests.length > 0) throw new Error('something was done that nobody has approved');
    await stack.stop();
    writeFileSync(join(stack.state, STORE_SQL), dumpOf(postgres.url));
    process.stdout.write(`${version}: ${pack(stack.state, version)} bytes\n`);
  } finally {
    await stack.stop();
    await stack.remove();
    await outside.stop();
    await postgres.stop();
  }
}

/** The tables as SQL that any client can run: without the lines that are for psql alone. */
function dumpOf(url: string): string {
  const options = ['--no-owner', '--no-privileges', '--inserts', '--rows-per-insert=100', url];
  return execFileSync('pg_dump', options, { encoding: 'utf8' }).replaceAll(/^\\.*\n/gm, '');
}

/** A second person who may approve; a development start has one only. */
function addOlga(state: string, databaseUrl: string): void {
  const words = ['api-key', 'add', '--principal', 'olga', '--scopes', 'conversations:read,approvals:decide'];
  // What a development start keeps since 0.9.0: words of its store are encrypted.
  const { master } = JSON.parse(readFileSync(join(state, 'keys.json'), 'utf8')) as { readonly master: string };
  const env = { ...process.env, DATABASE_URL: databaseUrl, COUNTERSIGN_MASTER_KEY: master };
  const args = [...FROM_SOURCE, 'cli/main.ts', ...words];
  const key = execFileSync(process.execPath, args, { cwd: old, env, encoding: 'utf8' }).trim();
  const file = join(state, 'identities.json');
  const identities = JSON.parse(readFileSync(file, 'utf8')) as readonly object[];
  writeFileSync(file, JSON.stringify([...identities, { principalId: 'olga', keyId: 'olga', key }]));
}

async function untilAllWait(stack: Stack): Promise<void> {
  for (const id of CONVERSATIONS) {
    await stack.request('customer-ada', 'POST', '/v1/conversations', { agent: 'keeper', id });
    const { body } = await say(stack, id, asks(id));
    process.stdout.write(`${id}: ${JSON.stringify(body['reply'])}\n`);
  }
  const receipt = await decide(stack, 'finn', 'half-approved', { answer: 'approve' });
  if (receipt.body['end'] !== 'open') throw new Error(`the first of two approvals: ${JSON.stringify(receipt.body)}`);
  const { body } = await stack.request('finn', 'GET', '/v1/approvals');
  const open = (body['rows'] as { readonly id: string }[]).map(({ id }) => id);
  if (open.length !== CONVERSATIONS.length) throw new Error(`these wait: ${open.join()}`);
}

/** All that was done so far is in a checkpoint outside of the database. */
async function untilPublished(stack: Stack): Promise<void> {
  const file = join(stack.state, PUBLISHED);
  const begun = Date.now();
  const published = async () => (existsSync(file) && statSync(file).mtimeMs > begun ? true : undefined);
  await eventually(published, 'a checkpoint after all of it', PUBLISHED_LIMIT_MS);
}
