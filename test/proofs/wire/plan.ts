// Which faults the proof `wire` tries on which links, and at which requests. The seed chooses. Pure but for its Random.
import { type Aim, type Fault, FAULTS } from '../rig/wire.ts';
import type { Random } from '../support.ts';

/** Every pair of processes that talk, from who asks to who answers. */
export const LINKS = [
  'client>api',
  'api>postgres',
  'api>temporal',
  'workflows>postgres',
  'workflows>temporal',
  'assistant>postgres',
  'assistant>temporal',
  'assistant>model',
  'actor>postgres',
  'actor>temporal',
  'actor>far-side',
] as const;

/** The links whose messages are whole HTTP/1.1 requests: only there can the network bring one twice. */
const OF_REQUESTS: ReadonlySet<string> = new Set(['client>api', 'assistant>model', 'actor>far-side']);

export interface Case {
  readonly link: string;
  readonly fault: Fault;
}

/** Every fault on every link where it means something. */
export const CASES: readonly Case[] = LINKS.flatMap((link) =>
  FAULTS.filter((fault) => fault !== 'duplicate' || OF_REQUESTS.has(link)).map((fault) => ({ link, fault })),
);

/** All cases in a shuffled order, as often as there are rounds. */
export function rounds(count: number, random: Random): readonly Case[] {
  return Array.from({ length: count }, () => shuffled(CASES, random)).flat();
}

/** Each link once; the first ones have each fault once, so that a slow machine tries all faults: there are fewer. */
export function sample(random: Random): readonly Case[] {
  const others = FAULTS.filter((fault) => fault !== 'duplicate');
  const twice = random.pick([...OF_REQUESTS]);
  const links = shuffled(
    LINKS.filter((link) => link !== twice),
    random,
  );
  const faults = shuffled(others, random);
  const chosen = links.map((link, at): Case => ({ link, fault: faults[at] ?? random.pick(others) }));
  const first = [{ link: twice, fault: 'duplicate' } as const, ...chosen.slice(0, others.length)];
  return [...shuffled(first, random), ...chosen.slice(others.length)];
}

/** Somewhere in the conversation: at any of the requests that an undisturbed one makes over this link. */
export function aimAt({ link, fault }: Case, requests: number, random: Random): Aim {
  return { link, fault, at: random.between(1, Math.max(1, requests)) };
}

/** What to try when the last aim was not reached: what a conversation asks varies. */
export const sooner = (aim: Aim): Aim => ({ ...aim, at: Math.ceil(aim.at / 2) });

export const inWords = (aim: Aim | undefined): string =>
  aim === undefined ? 'no fault' : `${aim.fault} at request ${aim.at} of ${aim.link}`;

function shuffled<T>(from: readonly T[], random: Random): readonly T[] {
  const left = [...from];
  return from.map(() => left.splice(random.between(0, left.length - 1), 1)[0]!);
}
