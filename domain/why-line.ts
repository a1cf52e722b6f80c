// What a line of the story is, what is known beside the entries, and how both are worded. Pure. May import domain only.
import type { Item } from './item.ts';
import type { Json } from './json.ts';

/**
 * `enforced`: code of ours checked it, and it could not have been otherwise. `attributed`: on record as the word of whoever
 * is named. `unknown`: nobody can tell; it is missing, erased, or may have happened.
 */
export type Coverage = 'enforced' | 'attributed' | 'unknown';

export const PARTS_OF_STORY = [
  'asked',
  'saw',
  'proposed',
  'record',
  'rule',
  'people',
  'warrant',
  'ran',
  'came back',
  'gap',
] as const;

export interface WhyLine {
  readonly part: (typeof PARTS_OF_STORY)[number];
  /** Position in the ledger; null where the line is about what is not there. */
  readonly seq: number | null;
  readonly atMs: number | null;
  readonly text: string;
  readonly coverage: Coverage;
  /** Why it is covered so. */
  readonly because: string;
  /** What the entry says beyond the text. */
  readonly details: Json;
}

/**
 * What the signature beside an entry proves. `key_gone`: it says what the entry says, and nobody can tell who signed it.
 * `differs`: it is about something else. `wrong`: it was signed by nobody who may.
 */
export type Proof = 'holds' | 'key_gone' | 'differs' | 'wrong';

/** What is known of the action beside its entries. */
export interface Known {
  /** Items of the transcript that the entries name, by id, each with its digest as it is now. */
  readonly items: ReadonlyMap<string, { readonly item: Item; readonly digest: string }>;
  /** The digest of the action, made anew from its arguments; undefined where they are erased. */
  readonly digestNow: string | undefined;
  /** The digest of the question whether it happened; undefined where the action's own is not on record. */
  readonly questionDigest: string | undefined;
  /** By the position of the entry. */
  readonly proofs: ReadonlyMap<number, Proof>;
  /** Of the start of a procedure that goes on: what each of its open steps waits for, as a sentence. */
  readonly waitsFor?: readonly string[];
  /** The ledger has more entries of it than these. */
  readonly isCut: boolean;
}

/** A line without its place. */
export type Line = Pick<WhyLine, 'part' | 'text' | 'coverage' | 'because'> & { readonly details?: Json };

export const nameOf = ({ id, name }: { readonly id: string; readonly name?: string }): string =>
  name === undefined || name === id ? id : `${name} (${id})`;
export const words = (text: string): string => text.replaceAll('_', ' ');
export const listed = (names: readonly string[]): string => (names.length === 0 ? 'none' : names.join(', '));
export const json = (value: unknown): string => JSON.stringify(value) ?? '';
export const minutes = (ms: number): string => `${Math.round(ms / 60_000)} min`;
export const money = ({ currency, micros }: { readonly currency: string; readonly micros: number }): string =>
  `${(micros / 1_000_000).toFixed(6)} ${currency}`;
