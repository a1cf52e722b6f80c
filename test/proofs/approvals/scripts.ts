// What people may do to one asking, in any order and at once: scripts made by fast-check from the proof's seed. Pure.
import fc from 'fast-check';
import { type Role, ROLES } from '../rig/roles.ts';
import type { PersonId } from '../agents/petitioner/people.ts';
import type { SurfaceName, Word } from './surfaces.ts';

/** One thing that somebody does. `on`: of the approvals that there are by then, for an edit makes another one. */
export type Step =
  | {
      readonly kind: 'say';
      readonly by: PersonId;
      readonly surface: SurfaceName;
      readonly word: Word;
      readonly on: 'first' | 'newest';
      /** The very same twice at once. */
      readonly isTwice: boolean;
    }
  /** Stops the conversation, or ends it for good. */
  | { readonly kind: 'stop' | 'close' }
  | { readonly kind: 'kill'; readonly role: Role }
  /** Wait until just before, or just after, the deadline; only where it is near. */
  | { readonly kind: 'deadline'; readonly offMs: number };

export interface Script {
  /** `settle`: a procedure, whose only step is a transfer. */
  readonly tool: 'transfer' | 'transfer_two' | 'transfer_soon' | 'settle';
  readonly requester: 'ada' | 'paul';
  /** Everything in one is done at once, and one comes after the other. */
  readonly moments: readonly (readonly Step[])[];
  /** What becomes of it where the script has not ended it. */
  readonly finish: 'approve' | 'deny';
}

// 4 moments of 3 steps: with all orders of a moment and both ends of a clock still few enough to try all in the model.
const MOST_MOMENTS = 4;
const MOST_AT_ONCE = 3;

const said = fc
  .record({
    by: fc.constantFrom<PersonId>('dora', 'dora', 'emil', 'emil', 'paul', 'gus', 'nora'),
    word: fc.constantFrom<Word>('approve', 'approve', 'approve', 'approve', 'deny', 'withdraw', 'edit', 'ask_back'),
    channel: fc.constantFrom<SurfaceName>('http', 'slack', 'telegram'),
    on: fc.constantFrom('newest', 'newest', 'first'),
    isTwice: fc.boolean(),
  })
  .map(({ by, word, channel, on, isTwice }): Step => {
    const surface = word === 'approve' || word === 'deny' ? channel : 'http';
    return { kind: 'say', by, surface, word, on, isTwice: isTwice && word !== 'deny' };
  });
const ends = fc.constantFrom<Step>({ kind: 'stop' }, { kind: 'close' });
const kills = fc.constantFrom(...ROLES).map((role): Step => ({ kind: 'kill', role }));
const moment = fc.array(fc.oneof({ weight: 12, arbitrary: said }, { weight: 1, arbitrary: ends }), {
  minLength: 1,
  maxLength: MOST_AT_ONCE,
});

const script: fc.Arbitrary<Script> = fc.record({
  tool: fc.constantFrom('transfer', 'transfer_two', 'transfer_two', 'transfer_soon', 'settle'),
  requester: fc.constantFrom('ada', 'ada', 'paul'),
  moments: fc.array(moment, { minLength: 1, maxLength: MOST_MOMENTS }),
  finish: fc.constantFrom('approve', 'approve', 'deny'),
});

/** Scripts, and with every `each`-th a role that dies in the middle of a moment. */
export function scriptsOf(seed: number, runs: number, each: number): readonly Script[] {
  const scripts = fc.sample(script, { seed, numRuns: runs });
  const deaths = fc.sample(kills, { seed: seed + 1, numRuns: runs });
  return scripts.map((one, at) => {
    const death = deaths[at];
    if (death === undefined || at % each !== 0) return one;
    const [first = [], ...rest] = one.moments;
    return { ...one, moments: [[...first, death], ...rest] };
  });
}

// 150 ms around the deadline: some come before it, some after, and some in its very millisecond.
const AROUND_MS = 150;

/** Approve, stop and expiry at once. */
export function racesOf(seed: number, runs: number): readonly Script[] {
  const race = fc.record({
    offMs: fc.integer({ min: -AROUND_MS, max: AROUND_MS }),
    surfaces: fc.tuple(
      fc.constantFrom<SurfaceName>('http', 'slack', 'telegram'),
      fc.constantFrom<SurfaceName>('http', 'slack'),
    ),
    end: ends,
  });
  return fc.sample(race, { seed, numRuns: runs }).map(({ offMs, surfaces: [one, other], end }): Script => {
    const approve = { kind: 'say', word: 'approve', on: 'first', isTwice: false } as const;
    const together: readonly Step[] = [
      { ...approve, by: 'dora', surface: one },
      { ...approve, by: 'emil', surface: other },
      end,
    ];
    const moments = [[{ kind: 'deadline', offMs } as const], together];
    return { tool: 'transfer_soon', requester: 'ada', moments, finish: 'deny' };
  });
}

export const wordsOf = ({ tool, requester, moments, finish }: Script): string => {
  const step = (one: Step): string => {
    switch (one.kind) {
      case 'say':
        return `${one.by} ${one.word}s the ${one.on} on ${one.surface}${one.isTwice ? ' twice' : ''}`;
      case 'kill':
        return `kill ${one.role}`;
      case 'deadline':
        return `the deadline ${one.offMs} ms`;
      default:
        return one.kind;
    }
  };
  const all = moments.map((steps) => steps.map(step).join(' + ')).join('; ');
  return `${tool} for ${requester}: ${all}; then ${finish}`;
};
