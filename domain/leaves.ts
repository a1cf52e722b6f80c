// A JSON value as a flat list of names and texts for people: every scalar and every empty list by its path. Two different
// values never make the same list. Pure. May import domain types only.
import type { Json } from './json.ts';

export interface Leaf {
  /** "lines.0.sku"; a name that a path could be mistaken for stands in quotes. */
  readonly path: string;
  /** The first step of the path. */
  readonly top: string;
  readonly text: string;
}

/** The name of a member that was free to choose, as a text of its own: `path` and `top` are those of the member. */
export interface FreeName {
  readonly path: string;
  readonly top: string;
  readonly value: string;
}

/** Where a member of what stands at a path is. */
export function pathTo({ path, top }: Pick<Leaf, 'path' | 'top'>, name: string, isList: boolean) {
  const step = isList ? name : stepOf(name);
  return path === '' ? { path: step, top: step } : { path: `${path}.${step}`, top };
}

/** The leaves of a value in canonical order: members by their names, as RFC 8785 sorts them. */
export const leavesOf = (value: Json): readonly Leaf[] =>
  scalarsOf(value).map(({ path, top, value: scalar }) => ({ path, top, text: textOf(scalar) }));

/** The same leaves, as the values that they are. */
export function scalarsOf(value: Json): readonly (Omit<Leaf, 'text'> & { readonly value: Json })[] {
  const leaves: (Omit<Leaf, 'text'> & { readonly value: Json })[] = [];
  // Not recursive: what is nested deeply enough would end the process.
  const open: { readonly path: string; readonly top: string; readonly value: Json }[] = [{ path: '', top: '', value }];
  for (let one = open.pop(); one !== undefined; one = open.pop()) {
    const { path, top, value: within } = one;
    const members = membersOf(within);
    if (members.length === 0) {
      leaves.push({ path, top, value: within });
      continue;
    }
    for (const [name, member] of members.toReversed()) {
      open.push({ path: path === '' ? name : `${path}.${name}`, top: path === '' ? name : top, value: member });
    }
  }
  return leaves;
}

function membersOf(value: Json): readonly (readonly [name: string, member: Json])[] {
  if (typeof value !== 'object' || value === null) return [];
  if (Array.isArray(value)) return (value as readonly Json[]).map((member, at) => [`${at}`, member]);
  return inOrder(value as Readonly<Record<string, Json>>).map(([name, member]) => [stepOf(name), member]);
}

const inOrder = (object: Readonly<Record<string, Json>>): readonly (readonly [string, Json])[] =>
  Object.entries(object).toSorted(([one], [other]) => (one < other ? -1 : 1));

// Digits alone are places in a list.
const PLAIN_NAME = /^(?!\d+$)[^."\s]+$/;
const stepOf = (name: string): string => (PLAIN_NAME.test(name) ? name : JSON.stringify(name));

// What would read as a number, as a word of JSON or as an empty list, or begins or ends where nobody sees it.
const AMBIGUOUS = /^(?:|null|true|false|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|\[\]|\{\}|["\s].*|.*\s)$/su;

/** A text as it is, in quotes where it could be taken for something else; anything else as JSON writes it. */
function textOf(value: Json): string {
  if (typeof value !== 'string') return JSON.stringify(value);
  return AMBIGUOUS.test(value) ? `"${value}"` : value;
}

/** The one text of a JSON value that was parsed, as RFC 8785 has it. Throws RangeError where it is nested too deeply. */
export function canonicalText(value: Json): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${(value as readonly Json[]).map(canonicalText).join(',')}]`;
  const members = inOrder(value as Readonly<Record<string, Json>>);
  return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${canonicalText(member)}`).join(',')}}`;
}
