// What is known of each fact: what code finds in people's own words, and what a model quoted of it. A model's word alone
// makes no fact, and its silence takes none away. Pure. May import domain only.
import {
  answered,
  distinct,
  type FactKind,
  type FactValue,
  isSameValue,
  mentionsIn,
  schemaOf,
  valueIn,
  valuesQuoted,
} from './fact-kind.ts';
import type { Claim, FactStanding, FactState, Intake } from './intake.ts';
import type { Json, JsonObject } from './json.ts';
import type { SaidText } from './said.ts';

// 8 values of one fact: a conversation about more of them is no longer about one thing, and a person should look.
export const MAX_VALUES = 8;
// 8 quotes for one fact: a model that needs more does not know which it means.
const MAX_CLAIMS = 8;
// 500 characters: a quote is a sentence, not the message.
const MAX_QUOTE_CHARS = 500;

/** The JSON Schema of a model's answer: for each fact what it found, with the words that it rests on. */
export function answerSchema({ facts }: Pick<Intake, 'facts'>): JsonObject {
  const found = (schema: JsonObject): JsonObject => ({
    type: 'array',
    items: {
      type: 'object',
      properties: { value: schema, quote: { type: 'string', description: 'The words, copied exactly.' } },
      required: ['value', 'quote'],
      additionalProperties: false,
    },
  });
  return {
    type: 'object',
    properties: Object.fromEntries(Object.entries(facts).map(([name, kind]) => [name, found(schemaOf(kind))])),
    required: Object.keys(facts),
    additionalProperties: false,
  };
}

/** What a model claims, by the names of facts that there are; whatever else it writes is not read. Undefined: no JSON. */
export function claimsIn({ facts }: Pick<Intake, 'facts'>, text: string): readonly Claim[] | undefined {
  const answer = objectIn(text);
  if (answer === undefined) return undefined;
  return Object.keys(facts).flatMap((name) => {
    const found = Object.hasOwn(answer, name) ? answer[name] : undefined;
    if (found === undefined || found === null) return [];
    const list: readonly Json[] = Array.isArray(found) ? (found as readonly Json[]) : [found];
    return list.slice(0, MAX_CLAIMS).map((one): Claim => {
      const { value, quote } = isObject(one) ? one : { value: undefined, quote: '' };
      return { name, value, quote: typeof quote === 'string' && quote.length <= MAX_QUOTE_CHARS ? quote : '' };
    });
  });
}

/**
 * True where the answer is the form, filled in: for each fact a list that is read to its end, of values of its kind with
 * quotes. Of any other nobody knows what the model has found, so nobody has looked. What else stands in it is not read.
 */
export function isWholeForm({ facts }: Pick<Intake, 'facts'>, text: string): boolean {
  const answer = objectIn(text);
  if (answer === undefined) return false;
  return Object.entries(facts).every(([name, kind]) => {
    const list = Object.hasOwn(answer, name) ? answer[name] : undefined;
    if (!Array.isArray(list) || list.length > MAX_CLAIMS) return false;
    return (list as readonly Json[]).every(
      (one) => isObject(one) && typeof one['quote'] === 'string' && valueIn(kind, one['value']) !== undefined,
    );
  });
}

function objectIn(text: string): JsonObject | undefined {
  try {
    const value = JSON.parse(text) as Json;
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A fact with what a model claimed of it this time. */
export interface FactNow extends FactStanding {
  /** Values that were claimed and not verified: they are possible, and never certain. */
  readonly claimed: readonly FactValue[];
  /** The quotes that hold, and where they stand. */
  readonly quotes: readonly { readonly itemId: string; readonly quote: string }[];
}

interface Heard {
  /** Of the conversation so far. */
  readonly before: readonly FactStanding[];
  /** What was written since, and all that a quote may stand in. */
  readonly fresh: readonly SaidText[];
  readonly texts: readonly SaidText[];
  readonly claims: readonly Claim[];
}

/** Every fact of the intake, as it stands now. */
export function factsNow(intake: Pick<Intake, 'facts'>, heard: Heard): readonly FactNow[] {
  return Object.entries(intake.facts).map(([name, kind]) => factNow(name, kind, heard));
}

function factNow(name: string, kind: FactKind, { before, fresh, texts, claims }: Heard): FactNow {
  const then = before.find((one) => one.name === name);
  const found = fresh.flatMap((text) => mentionsIn(kind, text)).map(({ value }) => value);
  const said = distinct([...(then?.said ?? []), ...found.filter((value) => value !== null)]);
  const checked = claims.filter((one) => one.name === name).map((one) => checkedClaim(kind, texts, one));
  const held = checked.filter(({ holds }) => holds);
  const failed = checked.filter(({ holds }) => !holds);
  const quoted = distinct([...(then?.quoted ?? []), ...valuesOf(held)]).slice(0, MAX_VALUES);
  // What can be read now explains what could not be read before.
  const isUnread = found.length === 0 ? (then?.isUnread ?? false) : found.includes(null);
  const standing = { said: said.slice(0, MAX_VALUES), quoted, isUnread: isUnread || said.length > MAX_VALUES };
  const why = whyNotCertain(standing, failed.length > 0);
  const state: FactState = why !== '' ? 'unverified' : standing.said.length === 0 ? 'unsaid' : 'verified';
  const quotes = held.map(({ itemId, quote }) => ({ itemId, quote }));
  return { name, state, why, ...standing, claimed: distinct(valuesOf(failed)), quotes };
}

interface Checked {
  readonly holds: boolean;
  readonly value: FactValue | undefined;
  readonly itemId: string;
  readonly quote: string;
}

/** It holds where the quote stands in one of the texts, and says this value there and no other. */
function checkedClaim(kind: FactKind, texts: readonly SaidText[], { value: claimed, quote }: Claim): Checked {
  const value = valueIn(kind, claimed);
  const places = texts.map((text) => ({ itemId: text.itemId, values: valuesQuoted(kind, text, quote) }));
  const itemId = places.find(({ values }) => values.length > 0)?.itemId ?? '';
  const values = places.flatMap((place) => place.values);
  const isSaid = (one: FactValue | null) => one !== null && value !== undefined && isSameValue(one, value);
  return { holds: values.length > 0 && values.every(isSaid), value, itemId, quote };
}

const valuesOf = (checked: readonly Checked[]): readonly FactValue[] =>
  checked.flatMap(({ value }) => (value === undefined ? [] : [value]));

/** '' where it is certain: one value that is said and quoted, or none at all. */
function whyNotCertain(
  { said, quoted, isUnread }: Pick<FactStanding, 'said' | 'quoted' | 'isUnread'>,
  isClaimed: boolean,
): string {
  if (isUnread) return 'something is said of it that code cannot read';
  if (said.length > 1) return 'more than one value is said';
  if (isClaimed) return 'a model claims what the words do not say';
  if (said.length === 1 && quoted.length === 0) return 'it is said, and no model quoted it';
  return '';
}

/** The answer in which everything that is said is quoted, word by word: what a scripted model gives. */
export function answerFrom({ facts }: Pick<Intake, 'facts'>, texts: readonly SaidText[]): JsonObject {
  const found = Object.entries(facts).map(([name, kind]) => {
    const claims = texts.flatMap((text) =>
      mentionsIn(kind, text).flatMap(({ value, start, end }) =>
        value === null ? [] : [{ value: answered(value), quote: text.plain.slice(start, end) }],
      ),
    );
    return [name, claims.slice(0, MAX_CLAIMS)] as const;
  });
  return Object.fromEntries(found);
}

/** What was said before of the facts that the intake has today; under another declaration, what is still a value. */
export function knownOf({ facts }: Pick<Intake, 'facts'>, before: readonly FactStanding[]): readonly FactStanding[] {
  return before.flatMap((one) => {
    const kind = facts[one.name];
    if (kind === undefined) return [];
    const still = (values: readonly FactValue[]) =>
      values.filter((value) => valueIn(kind, answered(value)) !== undefined);
    return [{ ...one, said: still(one.said), quoted: still(one.quoted) }];
  });
}

/** True where somebody has now written what is no part of the standing yet: a model is to look. */
export function isNews(
  intake: Pick<Intake, 'facts'>,
  before: readonly FactStanding[],
  fresh: readonly SaidText[],
): boolean {
  return Object.entries(intake.facts).some(([name, kind]) => {
    const said = before.find((one) => one.name === name)?.said ?? [];
    const found = fresh.flatMap((text) => mentionsIn(kind, text));
    return found.some(({ value }) => value === null || !said.some((one) => isSameValue(one, value)));
  });
}
