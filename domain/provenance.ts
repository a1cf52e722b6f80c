// Where each value of a proposal comes from, traced by value through what the model call showed. Deterministic and linear.
// The model is never asked, and cannot say. Pure. May import domain only.
import { accountsIn, atomsOf, hostsIn, normalTexts, normalValue } from './atoms.ts';
import type { JsonObject } from './json.ts';
import { scalarsOf } from './leaves.ts';
import { createFinder, createMask } from './occurrences.ts';
import { type Origin, type Shown, type Source, sourcesOf, worstOf } from './sources.ts';
import { datesIn, numberForm, timesIn } from './spellings.ts';
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

/** Trace the arguments. What the requester said is looked through first, so that no flood of other texts can displace it. */
export function traceArguments(args: JsonObject, shown: Shown): Provenance {
  const { sources, isClean } = sourcesOf(shown);
  const leaves = scalarsOf(args).filter(({ value }) => saysAnything(value));
  const wanted = leaves.slice(0, MAX_TRACED_VALUES).map((leaf) => ({ leaf, wanted: wantedOf(leaf.value) }));
  const { look, isWhole, ranked } = lookThrough(
    sources,
    wanted.map((one) => one.wanted),
  );
  const values = wanted.map(({ leaf, wanted: one }) => tracedAs(leaf, originOf(one, look), ranked));
  return {
    context: isClean && isWhole ? 'clean' : 'untrusted',
    values,
    ...(leaves.length > values.length ? { isCut: true } : {}),
  };
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
  };
}

/** From the best place to find a value to the worst: nobody can take away from a better one by adding to a worse. */
const BEST_FIRST: readonly Origin[] = ['principal', 'record', 'person', 'untrusted', 'model', 'unknown'];

// The model's own words come last: what they repeat is named by where it was before.
const placeOf = ({ origin, isModels }: Source): number => BEST_FIRST.indexOf(origin) * 2 + (isModels === true ? 1 : 0);

function lookThrough(sources: readonly Source[], wanted: readonly Wanted[]) {
  const ranked = sources.toSorted((one, other) => placeOf(one) - placeOf(other));
  const finder = createFinder(wanted.flatMap(phrasesOf));
  const forms = new Map<string, number>();
  const kinds = new Set(wanted.flatMap((one) => one.kinds));
  let leftChars = MAX_TRACED_CHARS;
  for (const [rank, source] of ranked.entries()) {
    const mask = maskOf(source);
    for (const text of source.texts) {
      leftChars -= text.length;
      if (leftChars < 0) break;
      for (const normal of normalTexts(text)) {
        const atoms = mask(atomsOf(normal));
        finder.look(atoms, rank);
        for (const form of formsIn(normal, atoms, kinds)) if (!forms.has(form)) forms.set(form, rank);
      }
    }
  }
  const isWhole = leftChars >= 0;
  const look: Looked = {
    phrase: (phrase) => finder.find(phrase),
    form: (form) => forms.get(form),
    originAt: (rank) => ranked[rank]?.origin ?? 'unknown',
    nowhere: isWhole ? 'model' : 'unknown',
  };
  return { look, isWhole, ranked };
}

/** What a record repeats of the model's own question is no word of the record. */
function maskOf({ origin, asked = [] }: Source): (atoms: readonly string[]) => readonly string[] {
  if (origin !== 'record' || asked.length === 0) return (atoms) => atoms;
  const repeated = asked.filter((one) => one !== 'true' && one !== 'false').map(normalValue);
  const numbers = new Set(repeated.flatMap((one) => numberForm(one) ?? []));
  const mask = createMask(repeated.map(atomsOf));
  return (atoms) => mask(atoms).map((atom) => (numbers.has(numberForm(atom) ?? '') ? '' : atom));
}

/** Numbers, dates, times, accounts and hosts, each in its one form. */
function formsIn(
  text: string,
  atoms: readonly string[],
  kinds: ReadonlySet<Wanted['kinds'][number]>,
): readonly string[] {
  const forms: string[] = [];
  const note = (kind: string, found: readonly string[]) => {
    for (const form of found) forms.push(`${kind}:${form}`);
  };
  if (kinds.has('number'))
    note(
      'number',
      atoms.flatMap((atom) => numberForm(atom) ?? []),
    );
  if (kinds.has('host')) note('host', atoms.flatMap(hostsIn));
  if (kinds.has('account')) note('account', accountsIn(text));
  if (kinds.has('moment')) {
    note('date', datesIn(text));
    note('time', timesIn(text));
  }
  return forms;
}

/** The worst origin of all values of an argument, or of one path; undefined where there is no such value. */
export function originOfArgument(provenance: Provenance | undefined, nameOrPath: string): Origin | undefined {
  if (provenance === undefined) return 'unknown';
  const values = provenance.values.filter(({ name, path }) => name === nameOrPath || path === nameOrPath);
  if (provenance.isCut && values.length === 0) return 'unknown';
  return values.length === 0 ? undefined : worstOf(values.map(({ origin }) => origin));
}
