// The measure `idle`: what `npm start` costs while nobody asks anything of it: its share of one processor core, and what
// each of its processes keeps in memory.
import { setTimeout as sleep } from 'node:timers/promises';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { isAlive } from '../../test/support/alive.ts';
import { familyOf, isCounted, type Member } from '../../test/proofs/parked/processes.ts';
import { freePort, type ProcessGroup, spawnGroup, waitFor } from '../../test/proofs/support.ts';
import { ROOT } from '../../test/support/sources.ts';
import type { BenchContext, Figure, Measure } from '../measure.ts';
import { ours } from './stack.ts';

export const idle: Measure = { name: 'idle', run };

const SIZES = {
  quick: { restMs: 2_000, windowMs: 4_000 },
  // 20 s: V8 still compiles and collects what the start has left. 30 s of a minute's duties are half of them.
  full: { restMs: 20_000, windowMs: 30_000 },
} as const;
// 5 min: a machine that has never started it fetches a Temporal server.
const START_LIMIT_MS = 300_000;
// 60 s: three times what the Temporal server and its guard give each other.
const END_LIMIT_MS = 60_000;
// 5 %: of one core; a laptop on battery does not notice it.
const MOST_PERCENT = { atMost: 5 };

async function run(context: BenchContext): Promise<readonly Figure[]> {
  if (!isCounted) throw new Error('this system does not tell what processes use; Linux does');
  const { restMs, windowMs } = context.quick ? SIZES.quick : SIZES.full;
  const folder = join(context.folder, 'state');
  mkdirSync(folder);
  // The first start may have to bundle the Workflows, and its heap is the larger for it.
  const first = context.quick ? [] : await whileUp(folder, async (pid) => memoryOf('first', familyOf(pid)));
  const own = await whileUp(folder, async (pid) => {
    await sleep(restMs);
    const before = familyOf(pid);
    const begunMs = performance.now();
    await sleep(windowMs);
    const tookMs = performance.now() - begunMs;
    const after = familyOf(pid);
    return [...sharesOf(before, after, tookMs), ...memoryOf(context.quick ? 'first' : 'second', after)];
  });
  return [...first, ...own];
}

/** Start it on a state folder, look at it, and stop it in good order. */
async function whileUp<T>(folder: string, look: (pid: number) => Promise<T>): Promise<T> {
  const group = await start(folder);
  try {
    return await look(group.pid);
  } finally {
    const all = familyOf(group.pid);
    await group.kill('SIGINT').catch(() => group.kill('SIGKILL'));
    // npm is gone before what it has started.
    await waitFor('the end of all', END_LIMIT_MS, () => all.every(({ pid }) => !isAlive(pid)));
  }
}

async function start(folder: string): Promise<ProcessGroup> {
  const kept = ['PATH', 'HOME', 'COUNTERSIGN_CACHE_DIR', 'NODE_EXTRA_CA_CERTS'];
  const own = Object.fromEntries(
    kept.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])),
  );
  const env = { ...own, PORT: String(await freePort()), COUNTERSIGN_STATE_DIR: folder };
  const group = spawnGroup('npm', ['start'], { cwd: ROOT, env });
  await waitFor('npm start', START_LIMIT_MS, () => {
    if (group.ended() !== undefined) throw new Error(`npm start ended:\n${group.output()}`);
    return group.output().includes('Ctrl-C stops it.');
  });
  return group;
}

const MB = 1_000_000;

/** Of one core, in percent. */
function sharesOf(before: readonly Member[], after: readonly Member[], tookMs: number): readonly Figure[] {
  const shares = after.map(({ pid, command, cpuMs }) => {
    const usedMs = cpuMs - (before.find((one) => one.pid === pid)?.cpuMs ?? 0);
    return { process: nameOf(command), value: (100 * usedMs) / tookMs };
  });
  const all = shares.reduce((sum, { value }) => sum + value, 0);
  return [
    ...ours({ process: 'all' }, { idle_core_percent: all }, { idle_core_percent: MOST_PERCENT }),
    ...shares.flatMap(({ process: name, value }) => ours({ process: name }, { idle_core_percent: value })),
  ];
}

function memoryOf(nth: string, all: readonly Member[]): readonly Figure[] {
  const mb = all.map(({ command, bytes }) => ({ process: nameOf(command), value: bytes / MB }));
  const whole = { process: 'all', value: mb.reduce((sum, { value }) => sum + value, 0) };
  return [whole, ...mb].flatMap(({ process: name, value }) =>
    ours({ start: nth, process: name }, { idle_memory_mb: value }),
  );
}

/** Each process of it by what it is for, as its command says. */
const NAMES: readonly (readonly [pattern: RegExp, name: string])[] = [
  [/^npm/, 'npm'],
  [/^sh /, 'shell of npm'],
  [/guard\.mjs/, 'guard of temporal'],
  [/server start-dev/, 'temporal'],
  [/rules/, 'rules'],
  [/esbuild/, 'esbuild'],
  [/bootstrap\.mjs/, 'bootstrap'],
  [/main\.ts/, 'countersign'],
];

const nameOf = (command: string): string =>
  NAMES.find(([pattern]) => pattern.test(command))?.[1] ?? command.slice(0, 40);
