// API keys: `cs_<id>_<secret>`. The store has only the SHA-256 of the whole text; 32 random bytes need no slow hash.
// May import trust.
import { randomBytes } from 'node:crypto';
import { sha256Hex } from '../trust/digest.ts';

/** What a key may be allowed to do. */
export const SCOPES = [
  'conversations:write',
  'conversations:read',
  'approvals:decide',
  'operate',
  'ledger:read',
  'erase',
  'histories:read',
] as const;
export type Scope = (typeof SCOPES)[number];

const API_KEY = /^cs_([a-z0-9]{12})_[A-Za-z0-9_-]{43}$/;

/** A fresh key. `text` is shown once; only `id` and `hash` are kept. */
export function newApiKey(): { readonly id: string; readonly text: string; readonly hash: string } {
  const id = randomBytes(6).toString('hex');
  const text = `cs_${id}_${randomBytes(32).toString('base64url')}`;
  return { id, text, hash: sha256Hex(text) };
}

/** The hash by which the store knows a key; undefined when the text cannot be one. */
export function hashOfApiKey(text: string): string | undefined {
  return API_KEY.test(text) ? sha256Hex(text) : undefined;
}

/** The id that a key says itself; undefined when the text cannot be one. */
export const idOfApiKey = (text: string): string | undefined => API_KEY.exec(text)?.[1];
