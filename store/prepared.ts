// Statements that a connection has parsed before need not be parsed again: half of what PostgreSQL spends on a turn. May
// import nothing but Node's digests.
import { createHash } from 'node:crypto';

// 300: each text that the store asks has a name, and lists up to some length; each costs a connection some kilobytes.
const MOST_NAMES = 300;
// 128 bits of SHA-256. A pooler may hand us a connection on which another process has prepared: by a name that is made of
// the text, a statement is never taken for another one.
const NAME_CHARS = 32;
// No such statement, and one of that name already: a pooler in between shares connections and does not know of them. And
// values that are none of the statement's.
const REFUSALS: readonly unknown[] = ['26000', '42P05', '08P01'];
// A migration has changed a table under it; pg gives its words no code of their own.
const OUTDATED = 'cached plan must not change result type';

const names = new Map<string, string>();
let isRefused = false;

/** By which it is known from its second time on; undefined where it has none. */
export function nameOf(text: string): string | undefined {
  if (isRefused) return undefined;
  const known = names.get(text);
  if (known !== undefined || names.size >= MOST_NAMES) return known;
  const name = `countersign_${createHash('sha256').update(text).digest('hex').slice(0, NAME_CHARS)}`;
  names.set(text, name);
  return name;
}

/** Whether it failed for its name alone: without one it would not have. From the first refusal on nothing has one here. */
export function failedByName(error: unknown): boolean {
  const isRefusal = REFUSALS.includes((error as { readonly code?: unknown } | null)?.code);
  if (isRefusal) isRefused = true;
  return isRefusal || (error instanceof Error && error.message.startsWith(OUTDATED));
}
