// The reference model of approvals: what one asking may have come to, given what was said and what everybody was told. It
// knows the rules and nothing of the code. Things done at once may have happened in any order, and a clock or a stop may
// have come before or after any of them: all of these are followed, and one must fit what was seen. Pure.
import { GROUPS, type PersonId } from '../agents/petitioner/people.ts';
import type { Script } from './scripts.ts';
import type { Word } from './surfaces.ts';

/** Something that was done, and what its doer was told. */
export type Done =
  | {
      readonly kind: 'said';
      readonly by: PersonId;
      readonly word: Word;
      /** On the how manieth approval of the asking. */
      readonly on: number;
      readonly counted: boolean;
      /** In which words, for whoever reads a violation. */
      readonly told: string;
    }
  | { readonly kind: 'stopped' };

/** One approval as it is thought to be. */
interface One {
  readonly end: 'open' | 'approved' | 'denied' | 'expired' | 'cancelled' | 'superseded';
  /** Whose word counts, and which. */
  readonly words: readonly string[];
  readonly authors: readonly string[];
}

interface State {
  readonly all: readonly One[];
  readonly isStopped: boolean;
}

/** How an approval was found in the end. */
export interface Found {
  readonly end: string;
  readonly words: readonly string[];
}

export const quorumOf = ({ tool }: Pick<Script, 'tool'>): number => (tool === 'transfer_two' ? 2 : 1);

/** Whether some order of what was done explains what was found. */
export function explains(script: Script, moments: readonly (readonly Done[])[], found: readonly Found[]): boolean {
  let states: readonly State[] = [{ all: [{ end: 'open', words: [], authors: [script.requester] }], isStopped: false }];
  for (const moment of moments) {
    states = distinct(orders(moment).flatMap((order) => through(script, states, order)));
    if (states.length === 0) return false;
  }
  return states.flatMap((state) => byThemselves(script, state)).some((state) => isAsFound(script, state, found));
}

const through = (script: Script, states: readonly State[], order: readonly Done[]): readonly State[] =>
  order.reduce<readonly State[]>(
    (all, done) =>
      distinct(all.flatMap((state) => byThemselves(script, state)).flatMap((state) => after(script, state, done))),
    states,
  );

/** What may have happened meanwhile without anybody doing anything: nothing, or an end that was due. */
function byThemselves({ tool }: Script, state: State): readonly State[] {
  const ended = (end: One['end']): State => ({
    ...state,
    all: state.all.map((one) => (one.end === 'open' ? { ...one, end } : one)),
  });
  return [
    state,
    ...(tool === 'transfer_soon' ? [ended('expired')] : []),
    ...(state.isStopped ? [ended('cancelled')] : []),
  ];
}

/** None where it would have been told otherwise. */
function after(script: Script, state: State, done: Done): readonly State[] {
  if (done.kind === 'stopped') return [{ ...state, isStopped: true }];
  const one = state.all[done.on];
  if (one === undefined) return [];
  const { next, counted, more } = taken(script, one, done);
  const all = [...state.all.map((each, at) => (at === done.on ? next : each)), ...(more === undefined ? [] : [more])];
  const became = { ...state, all };
  if (counted === 'either' || counted === done.counted) return [became];
  // It counted, and what ended the asking came before its answer: that is what was told.
  const isOver = ({ all: now }: State): boolean => ['cancelled', 'expired'].includes(now[done.on]?.end ?? '');
  return counted ? byThemselves(script, became).filter(isOver) : [];
}

interface Taken {
  readonly next: One;
  readonly counted: boolean | 'either';
  readonly more?: One;
}

function taken(script: Script, one: One, { by, word }: Extract<Done, { kind: 'said' }>): Taken {
  const own = `${by}:${word}`;
  const isEntitled = (GROUPS.desk as readonly string[]).includes(by) && !one.authors.includes(by);
  if (!isEntitled) return { next: one, counted: false };
  // Whoever says again what counts already is told so while the Workflow runs, and that it is over afterwards.
  if (one.words.includes(own) && word !== 'edit') return { next: one, counted: one.end === 'open' ? true : 'either' };
  if (one.end !== 'open') return { next: one, counted: false };
  const others = one.words.filter((each) => !each.startsWith(`${by}:`));
  switch (word) {
    case 'approve': {
      const words = [...one.words, own];
      const isFull = words.length >= quorumOf(script);
      return { next: { ...one, words, end: isFull ? 'approved' : 'open' }, counted: true };
    }
    case 'deny':
      return { next: { ...one, words: [...others, own], end: 'denied' }, counted: true };
    case 'edit': {
      const more: One = { end: 'open', words: [], authors: [...one.authors, by] };
      return { next: { ...one, words: [...others, own], end: 'superseded' }, counted: true, more };
    }
    case 'withdraw':
      return { next: { ...one, words: others }, counted: others.length < one.words.length };
    case 'ask_back':
      return { next: one, counted: true };
    default:
      return { next: one, counted: false };
  }
}

function isAsFound(script: Script, { all }: State, found: readonly Found[]): boolean {
  if (found.length > all.length) return false;
  return all.every((one, at) => {
    const seen = found[at];
    if (seen === undefined) return !canBeAsked(script, one) || all[at - 1] === undefined || isAfterStop(all);
    return seen.end === one.end && seen.words.toSorted().join() === one.words.toSorted().join();
  });
}

/** An edit is not asked about where too few are left who may decide it. */
const canBeAsked = (script: Script, { authors }: One): boolean =>
  GROUPS.desk.filter((id) => !authors.includes(id)).length >= quorumOf(script);

/** Nor where all was stopped before it could be. */
const isAfterStop = (all: readonly One[]): boolean => all.at(-1)?.end === 'cancelled';

/** Every order in which the things of a moment may have happened. */
function orders<T>(things: readonly T[]): readonly (readonly T[])[] {
  if (things.length <= 1) return [things];
  return things.flatMap((first, at) =>
    orders(things.filter((_, other) => other !== at)).map((rest) => [first, ...rest]),
  );
}

function distinct(states: readonly State[]): readonly State[] {
  return [...new Map(states.map((state) => [JSON.stringify(state), state])).values()];
}
