// Canaries: secrets that stand nowhere else, every form in which a text may hold one, and the search for any piece of any
// of them. A piece is twelve characters in a row: more than chance makes, less than a cut text leaves. Node built-ins only.
import { randomBytes } from 'node:crypto';

export interface Canary {
  /** What it was planted as. */
  readonly name: string;
  /** As it was planted. */
  readonly text: string;
  /** What is secret of it: for a key that says what it is, what comes after that. */
  readonly secret: readonly Buffer[];
}

/** Where a piece of a canary was found. */
export interface Hit {
  readonly canary: string;
  readonly form: string;
  readonly place: string;
}

const PIECE = 12;

/** Random, with characters among the letters that JSON, URLs and shells write otherwise. */
export function aCanary(name: string): Canary {
  const odd = ['"', '\\', '/', '+', ' ', '&', '%', '=', ''];
  return known(name, odd.map((one) => `${letters(5)}${one}`).join(''));
}

/** Random, of letters and digits only, so that it passes for a name or a code. */
export const aPlainCanary = (name: string): Canary => known(name, letters(40));

/** A secret that something else has made; all of it is secret. */
export const known = (name: string, text: string): Canary => ({ name, text, secret: [Buffer.from(text)] });

/** A private key in base64 of DER: its first 16 bytes are the same in every key. */
export function ofKey(name: string, text: string): Canary {
  const seed = Buffer.from(text, 'base64').subarray(16);
  return { name, text, secret: [Buffer.from(text.slice(24)), seed] };
}

/** An API key: its middle is its public name. */
export function ofApiKey(name: string, text: string): Canary {
  return { name, text, secret: [Buffer.from(text.split('_').slice(2).join('_'))] };
}

function letters(count: number): string {
  const alphabet = 'abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789';
  return Array.from(randomBytes(count), (byte) => alphabet[byte % alphabet.length]).join('');
}

/** The forms, by name. */
export function formsOf(secret: Buffer): ReadonlyMap<string, string> {
  const plain = secret.toString('latin1');
  const hex = secret.toString('hex');
  const forms = new Map([
    ['plain', plain],
    ['reversed', [...plain].toReversed().join('')],
    ['in JSON', JSON.stringify(plain).slice(1, -1)],
    ['in JSON in JSON', JSON.stringify(JSON.stringify(plain)).slice(3, -3)],
    ['in a URL', encodeURIComponent(plain)],
    ['in a form', new URLSearchParams([['', plain]]).toString().slice(1)],
    ['in a path', encodeURI(plain)],
    ['hex', hex],
    ['HEX', hex.toUpperCase()],
  ]);
  for (const encoding of ['base64', 'base64url'] as const) {
    for (const before of [0, 1, 2]) forms.set(`${encoding} after ${before}`, within(secret, before, encoding));
  }
  return forms;
}

/** Its base64 where `before` bytes of something else come first: only the characters that it alone decides. */
function within(secret: Buffer, before: number, encoding: 'base64' | 'base64url'): string {
  const text = Buffer.concat([Buffer.alloc(before), secret]).toString(encoding);
  const end = Math.floor(((before + secret.length) * 8) / 6);
  return text.slice(Math.ceil((before * 8) / 6), end);
}

/** Looks for pieces of canaries; more of them may be added. */
export interface Search {
  add(canary: Canary): void;
  readonly canaries: readonly Canary[];
  /** Every canary that a text or some bytes hold, in every form, once each. */
  find(place: string, content: string | Buffer): readonly Hit[];
}

// 2^22 bits for some 20,000 pieces: one position in two hundred is looked at a second time.
const SIEVE_BITS = 22;

export function createSearch(): Search {
  const canaries: Canary[] = [];
  const pieces = new Map<string, { readonly canary: string; readonly form: string }>();
  const sieve = new Uint8Array(2 ** SIEVE_BITS);
  const slot = (bytes: Buffer, at: number) => Math.imul(bytes.readUInt32LE(at), 0x9e3779b1) >>> (32 - SIEVE_BITS);
  return {
    canaries,
    add(canary) {
      canaries.push(canary);
      for (const [form, text] of canary.secret.flatMap((secret) => [...formsOf(secret)])) {
        for (let at = 0; at + PIECE <= text.length; at++) {
          const piece = text.slice(at, at + PIECE);
          if (!pieces.has(piece)) pieces.set(piece, { canary: canary.name, form });
          sieve[slot(Buffer.from(piece, 'latin1'), 0)] = 1;
        }
      }
    },
    find(place, content) {
      const bytes = typeof content === 'string' ? Buffer.from(content) : content;
      const hits = new Map<string, Hit>();
      for (let at = 0; at + PIECE <= bytes.length; at++) {
        if (sieve[slot(bytes, at)] === 0) continue;
        const found = pieces.get(bytes.toString('latin1', at, at + PIECE));
        if (found !== undefined) hits.set(`${found.canary} ${found.form}`, { ...found, place });
      }
      return [...hits.values()];
    },
  };
}
