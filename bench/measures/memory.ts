// The measure `memory`: what one more conversation in the cache of the workflows role keeps in memory, its garbage collected
// before each look. Of the process, as the kernel shares it out, and of its heaps, that of the Workflows' thread among them.
import { readFileSync, rmSync } from 'node:fs';
import { isCounted, usedBy } from '../../test/proofs/parked/processes.ts';
import { wordsFor } from '../../test/proofs/rig/model.ts';
import { waitFor } from '../../test/proofs/support.ts';
import type { BenchContext, Figure, Measure, Stack } from '../measure.ts';
import { createCallers, each } from './callers.ts';
import { ours } from './stack.ts';

export const memory: Measure = { name: 'memory', onStack: 'shared', run };

const SIZES = {
  quick: { before: 10, more: 20 },
  // 400 in all: fewer than a worker keeps in its cache, with any heap that Node gives itself on 2 GB and more. Half of them
  // before: by then V8's young generations have their size, up to 100 MB a thread on Node 24, which is had once.
  full: { before: 200, more: 200 },
} as const;
const AT_ONCE = 8;
// 0.5 MB: two thousand open conversations to a gigabyte.
// Of twenty quick ones it says nothing: the young generations still grow.
const LIMITS = { mb_per_cached_conversation: { atMost: 0.5 }, heap_mb_per_cached_conversation: { atMost: 0.5 } };
const LOOK_LIMIT_MS = 30_000;

async function run(context: BenchContext): Promise<readonly Figure[]> {
  if (!isCounted) throw new Error('this system does not tell what processes use; Linux does');
  const { before, more } = context.quick ? SIZES.quick : SIZES.full;
  const stack = await context.stack();
  const callers = await createCallers(stack.rig, AT_ONCE);
  const live = (what: string, count: number) =>
    each(count, AT_ONCE, async (nth) => {
      const caller = callers[nth % callers.length];
      const id = `${what}-${nth}`;
      await caller?.open(id);
      await caller?.say(id, 'first', wordsFor(id, [['page', nth]]));
    });
  await live('before', before);
  const empty = await look(stack);
  await live('more', more);
  const full = await look(stack);
  for (const caller of callers) caller.close();
  const values = {
    mb_per_cached_conversation: (full.bytes - empty.bytes) / more / MB,
    heap_mb_per_cached_conversation: (full.heaps - empty.heaps) / more / MB,
  };
  context.log(`the role had ${mb(empty.bytes)} MB, with ${more} more ${mb(full.bytes)} MB`);
  return [
    ...ours({ conversations: more }, values, context.quick ? {} : LIMITS),
    ...ours({ conversations: before }, { workflows_mb: empty.bytes / MB, workflows_heaps_mb: empty.heaps / MB }),
  ];
}

const MB = 1_000_000;
const mb = (bytes: number): string => (bytes / MB).toFixed(0);

interface Kept {
  readonly bytes: number;
  readonly heaps: number;
}

async function look({ rig: { roles }, heapsFile }: Stack): Promise<Kept> {
  const pid = roles.pid('workflows');
  rmSync(heapsFile, { force: true });
  process.kill(pid, 'SIGWINCH');
  const heaps = await waitFor('the heaps', LOOK_LIMIT_MS, () => {
    if (roles.pid('workflows') !== pid) throw new Error(`the role has ended: ${roles.surprises.join('; ')}`);
    return JSON.parse(readFileSync(heapsFile, 'utf8')) as readonly {
      readonly thread: number;
      readonly bytes: number;
    }[];
  });
  // The Workflows run in a thread of their own: without it the look has missed what it is for.
  if (heaps.length < 2) throw new Error('only one thread has told what it keeps');
  const bytes = usedBy(new Map([['workflows', pid]])).get('workflows')?.bytes ?? 0;
  return { bytes, heaps: heaps.reduce((sum, one) => sum + one.bytes, 0) };
}
