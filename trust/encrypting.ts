// Texts under a key: AES-256-GCM with a fresh nonce, bound to the place where the text belongs. May import nothing but
// node:crypto. Guarantees: what was encrypted for one place does not open in another, and nothing opens that was altered.
import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from 'node:crypto';

export const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const CIPHER = 'aes-256-gcm';

export const newKey = (): Buffer => randomBytes(KEY_BYTES);

/** Nonce, tag and ciphertext, one after the other. */
export function encrypt(key: Buffer, bytes: Uint8Array, place: string): Buffer {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(CIPHER, key, nonce).setAAD(Buffer.from(place));
  const encrypted = Buffer.concat([cipher.update(bytes), cipher.final()]);
  return Buffer.concat([nonce, cipher.getAuthTag(), encrypted]);
}

/** Throws where it was encrypted under another key or for another place, or was altered. */
export function decrypt(key: Buffer, bytes: Uint8Array, place: string): Buffer {
  const [nonce, tag] = [bytes.subarray(0, NONCE_BYTES), bytes.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES)];
  const decipher = createDecipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES });
  decipher.setAAD(Buffer.from(place)).setAuthTag(tag);
  return Buffer.concat([decipher.update(bytes.subarray(NONCE_BYTES + TAG_BYTES)), decipher.final()]);
}

/**
 * The same for the same bytes in the same place, and told by nobody who lacks the key: to tell texts apart where anybody
 * reads. Under a key of its own, which is derived of that one. 64 hex digits.
 */
export function markUnder(key: Buffer, bytes: Uint8Array, place: string): string {
  const own = Buffer.from(hkdfSync('sha256', key, '', place, KEY_BYTES));
  return createHmac('sha256', own).update(bytes).digest('hex');
}

/** The master key that wraps what is made now, and behind it one that still opens what lies under it. */
export type MasterKeys = readonly [Buffer, ...Buffer[]];

// 2: the one in use, and while they are changed the other.
const MAX_MASTER_KEYS = 2;

/** One or two keys of 32 bytes in base64, comma-separated. Throws a sentence where they are none. */
export function masterKeysOf(text: string): MasterKeys {
  const [first, ...others] = text.split(',').map(masterKeyOf);
  if (first !== undefined && others.length < MAX_MASTER_KEYS) return [first, ...others];
  throw new Error(
    `there are ${others.length + 1} master keys; give the one in use, and one other while they are changed`,
  );
}

function masterKeyOf(text: string): Buffer {
  const key = Buffer.from(text.trim(), 'base64');
  if (key.length === KEY_BYTES) return key;
  throw new Error(
    `the master key has ${key.length} bytes; it must be ${KEY_BYTES}, in base64: openssl rand -base64 32`,
  );
}

// 16 hex digits: few keys are ever told apart, and nothing of a key can be told from its name.
const NAME_DIGITS = 16;

/** By which people tell master keys apart. */
export const nameOfKey = (key: Buffer): string => markUnder(key, Buffer.alloc(0), 'name').slice(0, NAME_DIGITS);
