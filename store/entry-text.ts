// The one text of a ledger entry, and the hash of its leaf. What is hashed is what is kept and exported, byte for byte;
// nothing is made canonical again when it is verified. May import trust and domain types.
import type { Json } from '../domain/json.ts';
import { canonicalJson } from '../trust/digest.ts';
import { leafHash } from '../trust/merkle.ts';
import type { RecordedEntry } from './ports.ts';

/** The form of the text; another form is another number. */
const VERSION = 1;

/** Canonical JSON (RFC 8785) with the members atMs, conversationId, fact, kind, seq, step, subject, v. */
export function entryText({ seq, subject, step, conversationId, atMs, fact }: RecordedEntry): string {
  // As JSON keeps it: a fact may hold `undefined`, which JSON leaves out.
  const kept = JSON.parse(JSON.stringify(fact)) as Json;
  return canonicalJson(
    wellFormed({ v: VERSION, seq, subject, step, conversationId, atMs, kind: fact.kind, fact: kept }),
  );
}

export const leafOf = (text: string): Buffer => leafHash(Buffer.from(text, 'utf8'));

/** The entry behind its text. */
export function readEntry(text: string): RecordedEntry {
  const { seq, subject, step, conversationId, atMs, fact } = JSON.parse(text) as RecordedEntry;
  return { seq, subject, step, conversationId, atMs, fact };
}

/** Half a surrogate pair is no text: a receipt must be kept all the same, whatever a far side has sent. */
function wellFormed(value: Json): Json {
  if (typeof value === 'string') return value.toWellFormed();
  if (Array.isArray(value)) return value.map(wellFormed);
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).map(([name, member]) => [name.toWellFormed(), wellFormed(member)]);
  return Object.fromEntries(members) as Json;
}
