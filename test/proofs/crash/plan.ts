// Which kills a proof tries: every moment that an undisturbed run reached, then pairs, the second one while the first is
// recovered from. Under --quick a sample of the first, taken from all roles. The seed chooses. Pure but for its Random.
import type { Random } from '../support.ts';
import { type Reached, ROLES, type Target } from '../rig/roles.ts';

/** The kills of one run, in order. */
export type Kills = readonly Target[];

/** The moments of undisturbed runs, each once, in the order in which the longest run reached them. */
export function momentsOf(runs: readonly (readonly Reached[])[]): readonly Target[] {
  const seen = new Map<string, Target>();
  for (const run of runs.toSorted((one, other) => other.length - one.length)) {
    for (const { role, name, at } of run) {
      const key = `${name} ${at}`;
      if (!seen.has(key)) seen.set(key, { role, name, at });
    }
  }
  return [...seen.values()];
}

/** Whether every one of these runs reached it: what is there in each cannot be there in none. */
export function isSure(runs: readonly (readonly Reached[])[], { name, at }: Target): boolean {
  return runs.every((run) => run.some((one) => one.name === name && one.at === at));
}

/** How the conversation of a run is lived. */
export type Way = 'HTTP' | 'channels';

export interface Trial {
  readonly way: Way;
  readonly kills: Kills;
}

/** All moments in a shuffled order in which the roles take turns, so that any first part of it has something of each. */
export function sampled(way: Way, moments: readonly Target[], random: Random): readonly Trial[] {
  const byRole = ROLES.map((role) => moments.filter((one) => one.role === role));
  return inTurns(byRole, random).map((target) => ({ way, kills: [target] }));
}

/** One of each role over HTTP, then channels and HTTP in turns. */
export function trialsOf(overHttp: readonly Trial[], overChannels: readonly Trial[]): readonly Trial[] {
  const rest = overHttp.slice(ROLES.length);
  const rounds = Math.max(rest.length, overChannels.length);
  const turns = Array.from({ length: rounds }, (_, at) => [
    ...overChannels.slice(at, at + 1),
    ...rest.slice(at, at + 1),
  ]);
  return [...overHttp.slice(0, ROLES.length), ...turns.flat()];
}

/** All of it, each group in a shuffled order, the groups taking turns. */
export function inTurns<T>(groups: readonly (readonly T[])[], random: Random): readonly T[] {
  const mixed = groups.map((group) => shuffled(group, random));
  const rounds = Math.max(...mixed.map((one) => one.length));
  return Array.from({ length: rounds }, (_, round) => mixed.flatMap((one) => one.slice(round, round + 1))).flat();
}

// 6: within so many moments of a role recovery is still under way; what comes later is an ordinary run again.
const MAX_SECOND = 6;

/** Pairs of kills. The second is the n-th moment of a role that has something to do after the first. */
export function pairs(moments: readonly Target[], count: number, random: Random): readonly Kills[] {
  return Array.from({ length: count }, () => {
    const first = random.between(0, moments.length - 2);
    const later = moments.slice(first + 1);
    const { role } = random.pick(later);
    const left = later.filter((one) => one.role === role).length;
    return [moments[first]!, { role, name: '', at: random.between(1, Math.min(left, MAX_SECOND)) }];
  });
}

/** What to try when the last kill of the run was not reached: an earlier one, where it is only a number. */
export function easier(kills: Kills): Kills {
  return kills.map((one) => (one.name === '' ? { ...one, at: Math.ceil(one.at / 2) } : one));
}

export const inWords = (kills: Kills): string =>
  kills.map(({ role, name, at }) => (name === '' ? `${role}|any #${at}` : `${name} #${at}`)).join(', then ') ||
  'no kill';

function shuffled<T>(from: readonly T[], random: Random): readonly T[] {
  const left = [...from];
  return from.map(() => left.splice(random.between(0, left.length - 1), 1)[0]!);
}
