// The part of the proof `ledger` under fire: four processes append to one ledger at once, each as the PostgreSQL role
// that it has in production, and are killed at every moment of an append and of a checkpoint. The others go on, another
// process takes over; afterwards the ledger has no gap and no fork, and each batch that a writer was told is committed is
// there once.
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { grantRights } from '../../../store/grants.ts';
import { migrateStore } from '../../../store/migrations/migrate.ts';
import { generateSigningKey } from '../../../trust/signing.ts';
import { FROM_SOURCE } from '../../support/children.ts';
import { ROOT } from '../../support/sources.ts';
import { makeRoleLogins } from '../rig/logins.ts';
import { type ProcessGroup, type ProofContext, type ProofResult, spawnGroup, waitFor } from '../support.ts';
import { conversationOf, type WriterRole } from './batches.ts';
import { wrongWith } from './whole.ts';
import type { Told } from './writer.ts';

/** What every append passes. */
const APPEND = [
  ...['begin|before', 'begin|after', 'take the lock|before', 'take the lock|after'],
  ...['read the head and what is known|before', 'read the head and what is known|after'],
  ...['insert entries|before', 'insert entries|after'],
  ...['insert seals|before', 'insert seals|after', 'project|before', 'project|after'],
  ...['commit entries|before', 'commit entries|sent', 'commit entries|after'],
];
const CHECKPOINT = [
  ...['be the only maker|before', 'be the only maker|after', 'read leaves|before', 'read leaves|after'],
  ...['insert the checkpoint|before', 'insert the checkpoint|after', 'commit the checkpoint|before'],
  ...['commit the checkpoint|sent', 'commit the checkpoint|after', 'write the note|before', 'write the note|half'],
  ...['sync the note|before', 'sync the note|after', 'mark as published|before', 'mark as published|after'],
];
const POINTS: Readonly<Record<WriterRole, readonly string[]>> = {
  workflows: APPEND,
  assistant: APPEND,
  actor: APPEND,
  api: CHECKPOINT,
};
// Quickly two writers, and two moments of each.
const QUICK_ROLES: readonly WriterRole[] = ['workflows', 'api'];
const QUICK_POINTS = 2;
const SENT = 'commit entries|sent';
// The first to the fifth time: not always the first append of a process.
const MOST_TIMES = 5;
// 60 s: a process from source is up in two on a quiet machine; there are five, and others.
const STEP_LIMIT_MS = 60_000;
// 50 ms: what a dead process has sent is done by the server, or rolled back.
const COMMIT_MS = 50;
const LAST_CHARS = 600;

interface Shared {
  readonly url: URL;
  readonly file: string;
  readonly signingKey: string;
  readonly pointsFile: (role: WriterRole) => string;
  /** The numbers that each writer was told are committed, by all its processes. */
  readonly told: ReadonlyMap<WriterRole, Set<number>>;
  /** The process that each role has now. */
  readonly present: Map<WriterRole, ProcessGroup>;
  readonly violations: string[];
}

export async function proveWriters(context: ProofContext, url: string): Promise<ProofResult> {
  const { quick, random, folder, log } = context;
  await makeRoleLogins(url, () => undefined);
  await migrateStore({ connectionString: url });
  await grantRights({ connectionString: url });
  const roles = quick ? QUICK_ROLES : (Object.keys(POINTS) as readonly WriterRole[]);
  const shared: Shared = {
    ...{ url: new URL(url), file: join(folder, 'writers.txt'), signingKey: generateSigningKey() },
    pointsFile: (role) => join(folder, `writer-${role}.jsonl`),
    told: new Map(roles.map((role) => [role, new Set<number>()])),
    present: new Map(),
    violations: [],
  };
  const plans = roles.map((role) => {
    const all = POINTS[role];
    const from = random.between(0, all.length - 1);
    const names = quick ? Array.from({ length: QUICK_POINTS }, (_, at) => all[(from + at * 5) % all.length]!) : all;
    return { role, strikes: names.map((name) => ({ name, at: random.between(1, MOST_TIMES) })) };
  });
  const client = new pg.Pool({ connectionString: url, max: 1 });
  try {
    const lives = await Promise.all(plans.map(({ role, strikes }) => live(shared, client, role, strikes)));
    for (const { role } of plans) await goOn(shared, role, told(shared, role));
    await Promise.all(lives.map(({ last }) => last.kill('SIGKILL')));
    const kills = lives.flatMap((one) => one.kills);
    log(`writers: ${plans.length} at once, killed at ${kills.length} moments, each taken over by another process`);
    const sent = kills.filter(({ name }) => name === SENT);
    log(`killed right after a commit was sent: ${sent.length}, of which were committed: ${counted(sent)}`);
    const { lines, violations } = await wrongWith(client, shared);
    for (const line of lines) log(line);
    return { cases: kills.length, violations: [...shared.violations, ...violations] };
  } finally {
    await client.end();
  }
}

interface Kill {
  readonly name: string;
  /** Whether the batch that it was at was in the ledger once the process was dead, before another took over. */
  readonly isKept: boolean;
}

const counted = (kills: readonly Kill[]): number => kills.filter(({ isKept }) => isKept).length;
const told = ({ told: all }: Shared, role: WriterRole): number => all.get(role)?.size ?? 0;

/** A role's processes, one after the other, each killed at its moment; the last one goes on. */
async function live(
  shared: Shared,
  client: pg.Pool,
  role: WriterRole,
  strikes: readonly { readonly name: string; readonly at: number }[],
): Promise<{ readonly kills: readonly Kill[]; readonly last: ProcessGroup }> {
  const kills: Kill[] = [];
  // Not waited for before another process takes over: who else was killed meanwhile would wait for this one.
  const others: Promise<void>[] = [];
  for (const { name, at } of strikes) {
    const one = await take(shared, role, { name: `${role}|${name}`, at, signal: 'SIGKILL' });
    await waitFor(`${role} to end at ${name}`, STEP_LIMIT_MS, () => one.ended() !== undefined).catch(() => undefined);
    if (one.ended() !== 'SIGKILL') {
      const how = one.ended() === undefined ? `never came to "${name}"` : `ended by itself (${one.ended()})`;
      shared.violations.push(`${role} ${how}: ${one.output().slice(-LAST_CHARS)}`);
      await one.kill('SIGKILL');
      continue;
    }
    others.push(goOn(shared, role));
    await sleep(COMMIT_MS);
    const { rows } = await client.query('select 1 from countersign.ledger where conversation_id = $1 limit 1', [
      conversationOf(role, told(shared, role) + 1),
    ]);
    kills.push({ name, isKept: rows.length > 0 });
  }
  const last = await take(shared, role, null);
  await Promise.all(others);
  return { kills, last };
}

/** Wait until a writer goes on: one of the others, or this one from a number on. */
async function goOn(shared: Shared, role: WriterRole, from?: number): Promise<void> {
  const whose = [...shared.told.keys()].filter((who) => (who === role) === (from !== undefined));
  const count = () => whose.reduce((sum, who) => sum + told(shared, who), 0);
  const before = from ?? count();
  const who = from === undefined ? `the others to go on without ${role}` : `${role} to go on`;
  await waitFor(who, STEP_LIMIT_MS, () => count() > before).catch((error: unknown) => {
    const states = whose.map((one) => [
      one,
      told(shared, one),
      shared.present.get(one)?.ended(),
      saidLast(shared, one),
    ]);
    shared.violations.push(`${String(error)}: ${JSON.stringify(states)}`);
  });
}

const saidLast = ({ present }: Shared, role: WriterRole): string =>
  present.get(role)?.output().slice(-LAST_CHARS) ?? '';

/** Start a process that goes on where the last one was told that it is, and arm it. */
async function take(shared: Shared, role: WriterRole, target: object | null): Promise<ProcessGroup> {
  const { url, file, signingKey, pointsFile } = shared;
  const own = new URL(url);
  own.username = `countersign_${role}`;
  let armed = false;
  const args = ['--import', './test/proofs/ledger/writer-points.mjs', 'test/proofs/ledger/writer.ts'];
  const maker = role === 'api' ? [file, signingKey] : [];
  const group = spawnGroup(
    process.execPath,
    [...FROM_SOURCE, ...args, role, own.href, String(told(shared, role) + 1), ...maker],
    {
      cwd: ROOT,
      env: { ...process.env, PROOF_ROLE: role, PROOF_POINTS: pointsFile(role) },
      onMessage(message) {
        const said = message as Partial<Told> & { readonly armed?: string };
        if (said.armed !== undefined) armed = true;
        if (said.committed !== undefined) shared.told.get(role)?.add(said.committed);
        if (said.trouble !== undefined) shared.violations.push(`${role}, batch ${said.committed}: ${said.trouble}`);
      },
    },
  );
  shared.present.set(role, group);
  group.send({ run: role, target });
  await waitFor(`${role} to be armed`, STEP_LIMIT_MS, () => armed || group.ended() !== undefined);
  return group;
}
