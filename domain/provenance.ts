// Where each value of a proposal comes from, traced by value through what the model call showed. Deterministic and linear.
// The model is never asked, and cannot say. Pure. May import domain only.
import { accountsIn, atomsOf, hostsIn, normalTexts, normalValue, withoutAccounts } from './atoms.ts';
import type { JsonObject } from './json.ts';
import { type FreeName, scalarsOf } from './leaves.ts';
import { createFinder, createMask } from './occurrences.ts';
import { type Origin, type Shown, type Source, type Sources, sourcesOf, worstOf } from './sources.ts';
import { datesIn, numberIn, timesIn } from './spellings.ts';
import { type Found, type Looked, originOf, phrasesOf, type Wanted, wantedOf } from './wanted.ts';

/** Where one leaf of the arguments comes from. */
export interface TracedValue {
  /** As in `leavesOf`: "lines.0.sku". */
  readonly path: string;
  /** The argument that it belongs to. */
  readonly name: string;
  readonly origin: Origin;
  /** An item in which it stands, and what that is for people; absent where it stands nowhere. */
  readonly itemId?: string;
  readonly source?: string;
  readonly match?: Found['match'];
  /** Where it stands only in something remembered, and in nothing that was said or read. */
  readonly factId?: string;
  /** It is the name of the member at that path, which was free to choose. */
  readonly isName?: true;
}

/** Where the values of a proposal come from. */
export interface Provenance {
  /** `clean`: everything that can have moved the model is the requester's own or the house's. */
  readonly context: 'clean' | 'untrusted';
  /** In the order of `leavesOf`, without what is empty. */
  readonly values: readonly TracedValue[];
  /** Not every value was traced: one that is not listed is unknown. */
  readonly isCut?: true;
}

// 64: more than a card lists on a phone; each travels through history with its proposal.
export const MAX_TRACED_VALUES = 64;
// 1,000,000 characters: 60 items of 16 KB, which take a quarter of a second; past it nobody has looked, and so nobody knows.
export const MAX_TRACED_CHARS = 1_000_000;

/** `names`: those of members that were free to choose. */
export type Tracer = (args: JsonObject, names?: readonly FreeName[]) => Provenance;

/** Traces the calls of one answer of the model: what it was shown is read once. What stands nowhere the model made up. */
export const createTracer = (shown: Shown): Tracer => createTracerIn(sourcesOf(shown), { origin: 'model' });

/**
 * Traces values in the texts that whoever wrote them had. `elsewhere`: what is said of a value that stands in none, and
 * `by` which code it was worked out then, if by any.
 */
export function createTracerIn(
  { sources, isClean }: Sources,
  elsewhere: { readonly origin: Origin; readonly by?: string },
): Tracer {
  const read = readSources(sources);
  return (args, names = []) => {
    const leaves = withNames(args, names);
    const wanted = leaves.slice(0, MAX_TRACED_VALUES).map((leaf) => ({ leaf, wanted: wantedOf(leaf.value) }));
    const look = lookIn(read, {
      wanted: wanted.map((one) => one.wanted),
      nowhere: read.isWhole ? elsewhere.origin : 'unknown',
    });
    const values = wanted.map(({ leaf, wanted: one }) => {
      const value = {
        ...tracedAs(leaf, originOf(one, look), read.ranked),
        ...(leaf.isName ? ({ isName: true } as const) : {}),
      };
      if (value.source !== undefined || elsewhere.by === undefined) return value;
      return { ...value, source: elsewhere.by, match: 'worked_out' } as const;
    });
    return {
      context: isClean && read.isWhole ? 'clean' : 'untrusted',
      values,
      ...(leaves.length > values.length ? { isCut: true } : {}),
    };
  };
}

/** All that says anything, argument by argument: what names say in front of the values. */
function withNames(args: JsonObject, names: readonly FreeName[]) {
  const leaves = scalarsOf(args).map((leaf) => ({ ...leaf, isName: false }));
  const tops = [...new Set(leaves.map(({ top }) => top))];
  return tops
    .flatMap((top) => [
      ...names.filter((one) => one.top === top).map((one) => ({ ...one, isName: true })),
      ...leaves.filter((one) => one.top === top),
    ])
    .filter(({ value }) => saysAnything(value));
}

/** What is empty is as if it were not there. */
const saysAnything = (value: unknown): boolean =>
  value !== null &&
  value !== undefined &&
  typeof value !== 'object' &&
  !(typeof value === 'string' && value.trim() === '');

function tracedAs(
  { path, top: name }: { readonly path: string; readonly top: string },
  { origin, rank, match }: Found,
  ranked: readonly Source[],
): TracedValue {
  const source = rank === undefined ? undefined : ranked[rank];
  return {
    ...{ path, name, origin },
    ...(source === undefined ? {} : { itemId: source.itemId, source: source.name }),
    ...(match === undefined ? {} : { match }),
    ...(source?.factId === undefined ? {} : { factId: source.factId }),
  };
}

/** From the best place to find a value to the worst: nobody can take away from a better one by adding to a worse. */
const BEST_FIRST: readonly Origin[] = ['principal', 'record', 'person', 'untrusted', 'model', 'unknown'];

// The model's own words come last: what they repeat is named by where it was before. What is remembered comes after all that
// was said and records say now, so that a value is named by it where it rests on it alone.
function placeOf({ origin, isModels, factId }: Source): number {
  const place = BEST_FIRST.indexOf(origin);
  if (factId !== undefined) return Math.max(place, BEST_FIRST.indexOf('record')) * 2 + 1;
  return place * 2 + (isModels === true ? 1 : 0);
}

interface Read {
  /** Best first. What the requester said is read first, so that no flood of other texts can displace it. */
  readonly ranked: readonly Source[];
  readonly texts: readonly {
    readonly rank: number;
    readonly text: string;
    readonly atoms: readonly string[];
    /** What of it only repeats the question. */
    readonly repeated: readonly string[];
  }[];
  /** Whether everything was read. */
  readonly isWhole: boolean;
  /** The best place of each other spelling, read when the first value asks for its kind. */
  readonly forms: Map<Kind, ReadonlyMap<string, number>>;
}

type Kind = Wanted['kinds'][number];

function readSources(sources: readonly Source[]): Read {
  const ranked = sources.toSorted((one, other) => placeOf(one) - placeOf(other));
  let leftChars = MAX_TRACED_CHARS;
  const texts = ranked.flatMap((source, rank) => {
    const repeated = repeatedIn(source);
    const mask = maskOf(repeated);
    const accounts = new Set(repeated.flatMap(accountsIn));
    return source.texts.flatMap((whole) => {
      leftChars -= whole.length;
      if (leftChars < 0) return [];
      const spelt = normalTexts(whole).map((text) => withoutAccounts(text, accounts));
      return spelt.map((text) => ({ rank, text, repeated, atoms: mask(atomsOf(text)) }));
    });
  });
  return { ranked, texts, isWhole: leftChars >= 0, forms: new Map() };
}

function lookIn(
  read: Read,
  { wanted, nowhere }: { readonly wanted: readonly Wanted[]; readonly nowhere: Origin },
): Looked {
  const finder = createFinder(wanted.flatMap(phrasesOf));
  for (const { atoms, rank } of read.texts) finder.look(atoms, rank);
  const kinds = [...new Set(wanted.flatMap((one) => one.kinds))].map((kind) => formsOf(read, kind));
  return {
    phrase: (phrase) => finder.find(phrase),
    form: (form) => kinds.map((forms) => forms.get(form)).find((rank) => rank !== undefined),
    originAt: (rank) => read.ranked[rank]?.origin ?? 'unknown',
    nowhere,
  };
}

function formsOf(read: Read, kind: Kind): ReadonlyMap<string, number> {
  const known = read.forms.get(kind);
  if (known !== undefined) return known;
  const forms = new Map<string, number>();
  for (const { text, atoms, rank, repeated } of read.texts) {
    const asked = new Set(repeated.flatMap((one) => formsIn(kind, one, atomsOf(one))));
    for (const form of formsIn(kind, text, atoms)) if (!asked.has(form) && !forms.has(form)) forms.set(form, rank);
  }
  read.forms.set(kind, forms);
  return forms;
}

/** Numbers, dates and times, accounts and hosts, each in its one form. */
function formsIn(kind: Kind, text: string, atoms: readonly string[]): readonly string[] {
  switch (kind) {
    case 'number':
      return atoms.flatMap((atom) => numberIn(atom) ?? []).map((form) => `number:${form}`);
    case 'host':
      return atoms.flatMap(hostsIn).map((form) => `host:${form}`);
    case 'account':
      return accountsIn(text).map((form) => `account:${form}`);
    case 'moment':
      return [...datesIn(text).map((form) => `date:${form}`), ...timesIn(text).map((form) => `time:${form}`)];
    default:
      return kind satisfies never;
  }
}

/** What a record repeats of the model's own question is no word of the record, nor is the host of what was asked. */
function repeatedIn({ origin, asked = [] }: Source): readonly string[] {
  if (origin !== 'record') return [];
  const values = asked.filter((one) => one !== 'true' && one !== 'false').map(normalValue);
  return [...values, ...values.flatMap((one) => atomsOf(one).flatMap(hostsIn))];
}

function maskOf(repeated: readonly string[]): (atoms: readonly string[]) => readonly string[] {
  if (repeated.length === 0) return (atoms) => atoms;
  const numbers = new Set(repeated.flatMap((one) => numberIn(one) ?? []));
  const mask = createMask(repeated.map(atomsOf));
  return (atoms) => mask(atoms).map((atom) => (numbers.has(numberIn(atom) ?? '') ? '' : atom));
}

/**
 * The same arguments as an editor wrote them: what they left as it was keeps its origin, what they wrote is theirs.
 * Undefined where nobody traced them before.
 */
export function reviseProvenance(
  before: Provenance | undefined,
  { old, now, editor }: { readonly old: JsonObject; readonly now: JsonObject; readonly editor: string },
): Provenance | undefined {
  if (before === undefined) return undefined;
  const kept = new Map(scalarsOf(old).map(({ path, value }) => [path, JSON.stringify(value)]));
  const known = new Map(before.values.filter(({ isName }) => isName !== true).map((value) => [value.path, value]));
  const named = new Map(before.values.filter(({ isName }) => isName === true).map((value) => [value.path, value]));
  // Who wrote a name anew was a person, as with values.
  const there = scalarsOf(now);
  const isThere = (path: string) => there.some((leaf) => `${leaf.path}.`.startsWith(`${path}.`));
  const names = [...named.values()].map(({ path, name: top }) => ({ path, top, value: path }));
  const leaves = withNames(
    now,
    names.filter(({ path }) => isThere(path)),
  );
  const values = leaves.slice(0, MAX_TRACED_VALUES).map(({ path, top: name, value, isName }): TracedValue => {
    const isKept = kept.get(path) === JSON.stringify(value);
    const same = isName ? named.get(path) : isKept ? known.get(path) : undefined;
    if (same !== undefined) return same;
    return editor === '' ? { path, name, origin: 'unknown' } : { path, name, origin: 'person', source: editor };
  });
  const isCut = before.isCut === true || leaves.length > values.length;
  return { context: before.context, values, ...(isCut ? { isCut } : {}) };
}

/** The worst origin of all values of an argument, or at and below one path; undefined where there is no such value. */
export function originOfArgument(provenance: Provenance | undefined, nameOrPath: string): Origin | undefined {
  if (provenance === undefined) return 'unknown';
  const { values, isCut } = provenance;
  const isOf = ({ name, path }: TracedValue) => name === nameOrPath || `${path}.`.startsWith(`${nameOrPath}.`);
  const origins = values.filter(isOf).map(({ origin }) => origin);
  const last = values.at(-1);
  // Values come argument by argument: behind the last that was traced there may be more of its own.
  if (isCut && (origins.length === 0 || last === undefined || isOf(last))) return 'unknown';
  return origins.length === 0 ? undefined : worstOf(origins);
}
