// The kinds of facts that an intake may ask for. Each can be checked against the words it rests on, so a judgement
// ("urgent", "upset") is no fact. Each says what a model may answer, and finds by itself what a text says. Pure.
// May import domain only.
import { datesIn, isDate } from './dates-said.ts';
import type { Amount } from './entitlement.ts';
import { countsIn, type Mention, minorUnitsIn, moneyIn } from './figures-said.ts';
import type { Json, JsonObject } from './json.ts';
import { canonicalText } from './leaves.ts';
import { CURRENCY } from './principal.ts';
import { folded, isOnBorders, isWithin, MAX_OCCURRENCES, placesOf, type SaidText, type Span } from './said.ts';

export type FactValue = string | number | boolean | Amount;

/** What stands for a value, in the owner's words: `{ late: ['late', 'not arrived'] }`. */
type Phrases = Readonly<Record<string, readonly string[]>>;

export type FactKind =
  | { readonly kind: 'money' }
  | { readonly kind: 'count'; readonly units: readonly string[] }
  | { readonly kind: 'date' }
  | { readonly kind: 'one_of'; readonly words: Phrases; readonly except: readonly string[] }
  | { readonly kind: 'yes_no'; readonly words: Phrases; readonly except: readonly string[] }
  | { readonly kind: 'id'; readonly pattern: RegExp };

/** A kind whose values are of this type. The phantom field only carries the type. */
export type KindOf<Value extends FactValue> = FactKind & { readonly __value?: Value };

interface Except {
  /** Phrases that hold one of the words and mean nothing: "late evening". */
  readonly except?: readonly string[];
}

export const fact = {
  /** An amount with its currency: 72.00 EUR is `{ currency: 'EUR', minorUnits: 7200 }`. */
  money: (): KindOf<Amount> => ({ kind: 'money' }),
  /** A whole number of one of the units: `fact.count(['box', 'boxes'])`. */
  count: (units: readonly string[]): KindOf<number> => ({ kind: 'count', units }),
  /** A day, as YYYY-MM-DD. */
  date: (): KindOf<string> => ({ kind: 'date' }),
  /** One of these values, each with the phrases that say it. The longest phrase wins: "not late" holds no "late". */
  oneOf: <const Words extends Phrases>(words: Words, { except = [] }: Except = {}): KindOf<keyof Words & string> => ({
    ...{ kind: 'one_of', words, except },
  }),
  yesNo: (
    words: { readonly yes: readonly string[]; readonly no: readonly string[] },
    { except = [] }: Except = {},
  ): KindOf<boolean> => ({ kind: 'yes_no', words, except }),
  /** What the pattern finds: its first group, or all of it. Case does not matter; the value is in capitals. */
  id: (pattern: RegExp): KindOf<string> => ({ kind: 'id', pattern }),
};

// 200: more of one kind in a message is a table, which is nobody's statement of a fact.
const MAX_MENTIONS = 200;

/** Everything in the text that says a value of this kind; what is past a bound must not pass for not said. */
export function mentionsIn(kind: FactKind, text: SaidText): readonly Mention<FactValue>[] {
  const found = foundIn(kind, text);
  const isCut = found.length > MAX_MENTIONS || wordsOf(kind).some((words) => isCutShort(text.folded, words));
  return isCut ? [...found.slice(0, MAX_MENTIONS), unreadAtEnd(text)] : found;
}

const unreadAtEnd = ({ folded: { length } }: SaidText): Mention<FactValue> => {
  return { start: length, end: length, value: null };
};

/** It stands there as often as places are looked for, and perhaps more often. */
const isCutShort = (text: string, words: string): boolean => placesOf(text, folded(words)).length >= MAX_OCCURRENCES;

function wordsOf(kind: FactKind): readonly string[] {
  if (kind.kind === 'count') return kind.units;
  return kind.kind === 'one_of' || kind.kind === 'yes_no' ? [...kind.except, ...Object.values(kind.words).flat()] : [];
}

function foundIn(kind: FactKind, text: SaidText): readonly Mention<FactValue>[] {
  switch (kind.kind) {
    case 'money':
      return moneyIn(text.folded);
    case 'count':
      return countsIn(text.folded, kind.units);
    case 'date':
      return datesIn(text.folded);
    case 'one_of':
      return phrasesIn(kind, text.folded);
    case 'yes_no':
      return phrasesIn(kind, text.folded).map((one) => ({ ...one, value: one.value === 'yes' }));
    case 'id':
      return idsIn(kind.pattern, text);
    default:
      return kind satisfies never;
  }
}

/** Longer phrases first, each stretch of the text once. */
function phrasesIn({ words, except }: Extract<FactKind, { words: Phrases }>, text: string): readonly Mention<string>[] {
  const phrases = [
    ...except.map((phrase) => ({ phrase: folded(phrase), value: '' })),
    ...Object.entries(words).flatMap(([value, list]) => list.map((phrase) => ({ phrase: folded(phrase), value }))),
  ].toSorted((one, other) => other.phrase.length - one.phrase.length);
  const taken: (Span & { readonly value: string })[] = [];
  for (const { phrase, value } of phrases) {
    const free = placesOf(text, phrase).filter((span) =>
      taken.every((one) => span.end <= one.start || one.end <= span.start),
    );
    taken.push(...free.map((span) => ({ ...span, value })));
  }
  return taken.filter(({ value }) => value !== '');
}

function idsIn(pattern: RegExp, { plain }: SaidText): readonly Mention<string>[] {
  const flags = [...new Set(`${pattern.flags.replaceAll('y', '')}gid`)].join('');
  return [...plain.matchAll(new RegExp(pattern.source, flags))].flatMap((found): readonly Mention<string>[] => {
    const at = found.slice(1).findIndex((group) => group !== undefined) + 1;
    const [start, end] = found.indices?.[at] ?? [0, 0];
    const span = { start, end };
    return start < end && isOnBorders(plain, span) ? [{ ...span, value: plain.slice(start, end).toUpperCase() }] : [];
  });
}

/** The one value that the quote says where it stands in the text; several, or null, where it says more, or none certain. */
export function valuesQuoted(kind: FactKind, text: SaidText, quote: string): readonly (FactValue | null)[] {
  const places = placesOf(text.folded, folded(quote));
  const within = mentionsIn(kind, text).filter((mention) => places.some((place) => isWithin(mention, place)));
  return within.map(({ value }) => value);
}

export const isSameValue = (one: FactValue, other: FactValue): boolean => textOf(one) === textOf(other);
const textOf = (value: FactValue): string =>
  typeof value === 'object' ? canonicalText({ ...value }) : canonicalText(value);

/** The values, each once, in the order in which they came. */
export function distinct(values: readonly FactValue[]): readonly FactValue[] {
  return values.filter((value, at) => values.findIndex((other) => isSameValue(other, value)) === at);
}

// 100 characters: the longest order number, twice.
const MAX_ID_CHARS = 100;

/** What a model answers as the value; undefined where it is none of this kind. */
export function valueIn(kind: FactKind, answer: Json | undefined): FactValue | undefined {
  switch (kind.kind) {
    case 'money':
      return amountIn(answer);
    case 'count':
      return typeof answer === 'number' && Number.isSafeInteger(answer) && answer >= 0 ? answer : undefined;
    case 'date':
      return typeof answer === 'string' && isDate(answer) ? answer : undefined;
    case 'one_of':
      return typeof answer === 'string' && Object.hasOwn(kind.words, answer) ? answer : undefined;
    case 'yes_no':
      return typeof answer === 'boolean' ? answer : undefined;
    case 'id':
      return typeof answer === 'string' && answer !== '' && answer.length <= MAX_ID_CHARS
        ? answer.toUpperCase()
        : undefined;
    default:
      return kind satisfies never;
  }
}

function amountIn(answer: Json | undefined): Amount | undefined {
  if (typeof answer !== 'object' || answer === null || Array.isArray(answer)) return undefined;
  const { amount, currency } = answer as JsonObject;
  const minorUnits =
    typeof amount === 'string' && /^\d{1,9}(\.\d{1,2})?$/.test(amount) ? minorUnitsIn(amount) : undefined;
  if (minorUnits === undefined || typeof currency !== 'string' || !CURRENCY.test(currency)) return undefined;
  return { currency, minorUnits };
}

/** The value as a model would answer it. */
export function answered(value: FactValue): Json {
  if (typeof value !== 'object') return value;
  const { currency, minorUnits } = value;
  return { amount: `${Math.floor(minorUnits / 100)}.${String(minorUnits % 100).padStart(2, '0')}`, currency };
}

/** The JSON Schema of a value. Without bounds: providers that are strict about a schema know few words of it. */
export function schemaOf(kind: FactKind): JsonObject {
  switch (kind.kind) {
    case 'money':
      return {
        type: 'object',
        properties: {
          amount: { type: 'string', description: 'Digits with a point, as "72.00". Never rescaled.' },
          currency: { type: 'string', description: 'Three letters, as "EUR".' },
        },
        required: ['amount', 'currency'],
        additionalProperties: false,
      };
    case 'count':
      return { type: 'integer' };
    case 'date':
      return { type: 'string', description: 'YYYY-MM-DD.' };
    case 'one_of':
      return { type: 'string', enum: Object.keys(kind.words) };
    case 'yes_no':
      return { type: 'boolean' };
    case 'id':
      return { type: 'string', description: 'Exactly as it stands there.' };
    default:
      return kind satisfies never;
  }
}
