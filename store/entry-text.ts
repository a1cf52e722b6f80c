// The one text of a ledger entry, and the hash of its leaf. What is hashed is what is kept and exported, byte for byte;
// nothing is made canonical again when it is verified. May import trust and domain types.
import { createHmac, randomBytes } from 'node:crypto';
import type { Entry, Fact, RecordedEntry } from '../domain/entry.ts';
import type { Json, JsonObject } from '../domain/json.ts';
import { joinFact, PARTS, splitFact } from '../domain/sealed.ts';
import { canonicalJson } from '../trust/digest.ts';
import { leafHash } from '../trust/merkle.ts';

/** The form of the text; another form is another number. In form 1 nothing was sealed. */
const VERSION = 2;
// 16 bytes: a sealed value cannot be guessed by trying all that it might be.
const SALT_BYTES = 16;

export interface SealedText {
  /** Hex. */
  readonly salt: string;
  /** Canonical JSON of the sealed members by their paths. */
  readonly body: string;
}

export interface EntryText {
  /** Canonical JSON (RFC 8785) with the members atMs, conversationId, fact, kind, rebuilt, sealed, seq, step, subject, v. */
  readonly text: string;
  /** What `sealed` is the digest of; null where the entry has no such member. */
  readonly sealed: SealedText | null;
}

export function entryText({
  seq,
  subject,
  step,
  conversationId,
  atMs,
  fact,
  rebuilt,
}: Entry & { readonly seq: number }): EntryText {
  // As JSON keeps it: a fact may hold `undefined`, which JSON leaves out.
  const kept = wellFormed(JSON.parse(JSON.stringify(fact)) as Json) as JsonObject;
  const { open, sealed: parts } = splitFact(fact.kind, kept);
  const sealed = Object.keys(parts).length === 0 ? null : sealOf(parts);
  const text = canonicalJson({
    ...(wellFormed({ subject, step, conversationId }) as JsonObject),
    ...{ v: VERSION, seq, atMs, kind: fact.kind, fact: open },
    ...(sealed === null ? {} : { sealed: sealDigest(sealed) }),
    ...(rebuilt ? { rebuilt } : {}),
  });
  return { text, sealed };
}

const sealOf = (parts: JsonObject): SealedText => {
  return { salt: randomBytes(SALT_BYTES).toString('hex'), body: canonicalJson(parts) };
};

/** HMAC-SHA-256 over the body, under the salt; hex. */
export const sealDigest = ({ salt, body }: SealedText): string =>
  createHmac('sha256', Buffer.from(salt, 'hex')).update(body, 'utf8').digest('hex');

export const leafOf = (text: string): Buffer => leafHash(Buffer.from(text, 'utf8'));

/**
 * The entry behind its text. `sealed` is what lies beside it; without it, or where it does not fit, the sealed members
 * are absent, whatever their type says.
 */
export function readEntry(text: string, sealed: SealedText | null): RecordedEntry {
  const { seq, subject, step, conversationId, atMs, ...rest } = JSON.parse(text) as RecordedEntry & {
    readonly sealed?: string;
  };
  const digestFits = sealed !== null && rest.sealed === sealDigest(sealed);
  const held = digestFits ? (JSON.parse(sealed.body) as JsonObject) : {};
  // What is written stands: whoever seals other members than those of its kind would have two words for one.
  const fits = digestFits && Object.keys(held).every((path) => PARTS[rest.fact.kind].sealed.includes(path));
  const parts = fits ? held : {};
  const fact = joinFact({ open: rest.fact as unknown as JsonObject, sealed: parts }) as unknown as Fact;
  const seal = rest.sealed === undefined ? 'none' : fits ? 'fits' : sealed === null ? 'gone' : 'broken';
  return { seq, subject, step, conversationId, atMs, fact, seal, ...(rest.rebuilt ? { rebuilt: true } : {}) };
}

/** Half a surrogate pair is no text: a receipt must be kept all the same, whatever a far side has sent. */
export function wellFormed(value: Json): Json {
  if (typeof value === 'string') return value.toWellFormed();
  if (Array.isArray(value)) return value.map(wellFormed);
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).map(([name, member]) => [name.toWellFormed(), wellFormed(member)]);
  return Object.fromEntries(members) as Json;
}
