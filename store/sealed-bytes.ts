// What is about a conversation and lies elsewhere (Temporal keeps the histories of Workflows), under the same key as its
// words here: with the key it is gone there too. May import trust.
import { decrypt, encrypt } from '../trust/encrypting.ts';
import type { SealedBytes } from './bytes-port.ts';
import { keyringOf } from './keyring.ts';
import type { Db } from './schema.ts';

// 10,000 conversations whose key is known: it never changes. Beyond that they are looked up again.
const MAX_KNOWN = 10_000;

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
    async open(keyId, bytes) {
      if (keyring === undefined) throw new Error('it is encrypted; set COUNTERSIGN_MASTER_KEY to the key of the store');
      const key = await keyring.key(db, keyId);
      return key && decrypt(key, bytes, placeOf(keyId));
    },
  };
}

const placeOf = (keyId: string): string => `payload/${keyId}`;
