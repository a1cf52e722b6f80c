// Statements that a connection has parsed before need not be parsed again: half of what PostgreSQL spends on a turn. May
// import nothing.

// 300: each text that the store asks has a name, and lists up to some length; each costs a connection some kilobytes.
const MOST_NAMES = 300;
// No such statement, and one of that name already: a pooler in between shares connections and does not know of them.
const REFUSALS: readonly unknown[] = ['26000', '42P05'];

const names = new Map<string, string>();
let isRefused = false;

/** By which it is known from its second time on; undefined where it has none. */
export function nameOf(text: string): string | undefined {
  if (isRefused) return undefined;
  const known = names.get(text);
  if (known !== undefined || names.size >= MOST_NAMES) return known;
  const name = `countersign_${names.size}`;
  names.set(text, name);
  return name;
}

/** From the first refusal on nothing has a name in this process. What was refused is tried again by whoever asked. */
export function noteRefusal(error: unknown): void {
  if (REFUSALS.includes((error as { readonly code?: unknown } | null)?.code)) isRefused = true;
}
