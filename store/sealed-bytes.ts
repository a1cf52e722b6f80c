// What is about a conversation and lies elsewhere (Temporal keeps the histories of Workflows), under the same key as its
// words here: with the key it is gone there too. May import trust.
import { randomBytes } from 'node:crypto';
import { sha256Hex } from '../trust/digest.ts';
import { decrypt, encrypt, markUnder } from '../trust/encrypting.ts';
import type { SealedBytes } from './bytes-port.ts';
import { keyringOf } from './keyring.ts';
import type { Db } from './schema.ts';

// 10,000 conversations whose key is known: it never changes. Beyond that they are looked up again.
const MAX_KNOWN = 10_000;
// 16 hex digits, 64 bits: the texts that are told apart are one sender's few tries under one key.
const MARK_DIGITS = 16;

export function createSealedBytes(db: Db): SealedBytes {
  const keyring = keyringOf(db);
  const known = new Map<string, string>();
  const keyIdOf = async (conversationId: string): Promise<string | undefined> => {
    const before = known.get(conversationId);
    if (before !== undefined) return before;
    const query = db.selectFrom('conversations').select('key_id').where('id', '=', conversationId);
    const keyId = (await query.executeTakeFirst())?.key_id ?? undefined;
    if (keyId === undefined) return undefined;
    if (known.size >= MAX_KNOWN) known.clear();
    known.set(conversationId, keyId);
    return keyId;
  };
  return {
    async seal(conversationId, bytes) {
      const keyId = keyring && (await keyIdOf(conversationId));
      if (keyring === undefined || keyId === undefined) return { kind: 'plain' };
      const key = await keyring.key(db, keyId);
      if (key === undefined) return { kind: 'erased' };
      return { kind: 'sealed', keyId, bytes: encrypt(key, bytes, placeOf(keyId)) };
    },
    async mark(conversationId, text) {
      const keyId = keyring && (await keyIdOf(conversationId));
      if (keyring === undefined || keyId === undefined) return sha256Hex(text).slice(0, MARK_DIGITS);
      const key = await keyring.key(db, keyId);
      // Of what was erased nothing is kept, and so nothing is told apart.
      if (key === undefined) return randomBytes(MARK_DIGITS / 2).toString('hex');
      return markUnder(key, Buffer.from(text), `mark/${conversationId}`).slice(0, MARK_DIGITS);
    },
    async open(keyId, bytes) {
      if (keyring === undefined) throw new Error('it is encrypted; set COUNTERSIGN_MASTER_KEY to the key of the store');
      const key = await keyring.key(db, keyId);
      return key && decrypt(key, bytes, placeOf(keyId));
    },
  };
}

const placeOf = (keyId: string): string => `payload/${keyId}`;
