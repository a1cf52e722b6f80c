// API keys: `cs_<id>_<secret>`. Only the hash is ever stored; the text is shown once. May import trust.
import { randomBytes } from 'node:crypto';
import { sha256Hex } from '../trust/digest.ts';

export interface ApiKey {
  /** 8 hex digits: names the key in lists and logs. */
  readonly id: string;
  readonly text: string;
  /** SHA-256, hex, of the whole text. */
  readonly hash: string;
}

/** A fresh key with 32 random bytes. */
export function newApiKey(): ApiKey {
  const id = randomBytes(4).toString('hex');
  const text = `cs_${id}_${randomBytes(32).toString('base64url')}`;
  return { id, text, hash: sha256Hex(text) };
}
