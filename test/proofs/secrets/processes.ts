// Starts that must fail, each with its secrets in hand, and the commands of operators; what they print is a place to search.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { FROM_SOURCE } from '../../support/children.ts';
import { ROOT } from '../../support/sources.ts';
import { AGENTS, type Rig } from '../rig/rig.ts';
import { freePort, spawnGroup } from '../support.ts';
import { aPlainCanary, type Canary } from './canaries.ts';
import type { Place } from './places.ts';

/** All of them in a full proof, so many of them in a quick one: each is a process that takes a second of a processor. */
export type Choose = <T>(from: readonly T[], count: number) => readonly T[];

interface Start {
  readonly name: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
}

export interface Printed {
  readonly places: readonly Place[];
  /** What should have failed, or should not have, as sentences. */
  readonly problems: readonly string[];
  readonly canaries: readonly Canary[];
}

// 30 s: a start that fails is over in 3; one that does not fail is ended by this.
const END_LIMIT_MS = 30_000;

export function withPassword(url: string, password: string): string {
  const changed = new URL(url);
  changed.password = encodeURIComponent(password);
  return changed.href;
}

/** Start roles and commands with something wrong in their environment, one after the other. */
export async function failingStarts(rig: Rig, ownerUrl: string, wrong: Canary, choose: Choose): Promise<Printed> {
  const nonsense = aPlainCanary('secret of a wrong form');
  const other = aPlainCanary('secret of another role');
  const refused = `127.0.0.1:${await freePort()}`;
  const elsewhere = (url: string): string => Object.assign(new URL(url), { host: refused }).href;
  const run = (role: 'api' | 'workflows' | 'assistant' | 'actor', changes: NodeJS.ProcessEnv, why: string): Start => ({
    name: `${role}: ${why}`,
    args: ['run', role, AGENTS],
    env: { ...rig.envOf(role), PORT: '0', ...changes },
  });
  const urlOf = (role: 'api' | 'workflows' | 'assistant' | 'actor') => rig.envOf(role)['DATABASE_URL'] ?? '';
  const starts = [
    run('api', { DATABASE_URL: withPassword(urlOf('api'), wrong.text) }, 'wrong password'),
    run('workflows', { DATABASE_URL: elsewhere(urlOf('workflows')) }, 'no such database server'),
    run('assistant', { TEMPORAL_ADDRESS: refused }, 'no such Temporal server'),
    run('api', { COUNTERSIGN_API_SIGNING_KEY: nonsense.text }, 'a signing key that is none'),
    run('api', { DATABASE_URL: `postgres//${nonsense.text}` }, 'a URL that is none'),
    run('api', { DATABASE_URL: `postgres://u:${nonsense.text}@[bad/x` }, 'a URL that cannot be read'),
    run('assistant', { COUNTERSIGN_CHECKPOINT_URL: `http://${refused}/${other.text}` }, 'a secret of another role'),
    { name: 'migrate: wrong password', args: ['migrate'], env: { DATABASE_URL: withPassword(ownerUrl, wrong.text) } },
    { name: 'api-key: no server', args: ['api-key', 'revoke', 'x'], env: { DATABASE_URL: elsewhere(ownerUrl) } },
  ];
  const printed = await inTurn(choose(starts, 1));
  return {
    places: printed.map(({ name, output }): Place => [`output of ${name}`, output]),
    problems: printed.flatMap(({ name, code }) => (code === 0 ? [`${name}: it should have failed`] : [])),
    canaries: [nonsense, other],
  };
}

/** What operators and auditors run, and what they get. */
export async function commands(
  rig: Rig,
  folder: string,
  { auditorKey, actionId, choose }: { readonly auditorKey: string; readonly actionId: string; readonly choose: Choose },
): Promise<Printed> {
  mkdirSync(folder, { recursive: true });
  const as = (key: string) => ({ COUNTERSIGN_URL: rig.apiUrl, COUNTERSIGN_API_KEY: key });
  const { approver } = rig.keys;
  const all: readonly Start[] = [
    { name: 'doctor', args: ['doctor'], env: as(approver) },
    { name: 'report', args: ['report', '--owner', 'olga'], env: as(approver) },
    { name: 'why', args: ['why', actionId], env: as(approver) },
    { name: 'ledger export', args: ['ledger', 'export', join(folder, 'export.jsonl')], env: as(auditorKey) },
    { name: 'health', args: ['health', 'actor'], env: rig.envOf('actor') },
  ];
  const printed = await inTurn(choose(all, 1));
  return {
    places: printed.map(({ name, output }): Place => [`output of ${name}`, output]),
    // `doctor` finds something: the webhook does not take checkpoints.
    problems: printed.flatMap(({ name, code, output }) =>
      (name === 'doctor' ? output.includes('webhook') : code === 0) ? [] : [`${name} ended with ${code}: ${output}`],
    ),
    canaries: [],
  };
}

interface Ended {
  readonly name: string;
  readonly code: number | NodeJS.Signals | undefined;
  readonly output: string;
}

// 2 at once: the machine does other things too.
const AT_ONCE = 2;

async function inTurn(starts: readonly Start[]): Promise<readonly Ended[]> {
  const left = [...starts];
  const ended: Ended[] = [];
  const work = async () => {
    for (let one = left.shift(); one !== undefined; one = left.shift()) ended.push(await end(one));
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return ended;
}

async function end({ name, args, env }: Start): Promise<Ended> {
  const { PATH, HOME } = process.env;
  const group = spawnGroup(process.execPath, [...FROM_SOURCE, 'cli/main.ts', ...args], {
    cwd: ROOT,
    env: { PATH, HOME, ...env },
  });
  const limit = setTimeout(() => group.signal('SIGTERM'), END_LIMIT_MS);
  await group.gone;
  clearTimeout(limit);
  return { name, code: group.ended(), output: group.output() };
}
