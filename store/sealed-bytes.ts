// What is about a conversation and lies elsewhere (Temporal keeps the histories of Workflows), under the same key as its
// words here: with the key it is gone there too. May import trust.
import { randomBytes } from 'node:crypto';
import { sha256Hex } from '../trust/digest.ts';
import { decrypt, encrypt, markUnder } from '../trust/encrypting.ts';
import type { SealedBytes } from './bytes-port.ts';
import { keyringOf } from './keyring.ts';
import type { Db } from './schema.ts';
import { HOUSE } from './subjects.ts';

// 10,000 conversations whose key is known: it never changes. Beyond that they are looked up again.
const MAX_KNOWN = 10_000;
// 16 hex digits, 64 bits: the texts that are told apart are one sender's few tries under one key.
const MARK_DIGITS = 16;

export function createSealedBytes(db: Db): SealedBytes {
  const keyring = keyringOf(db);
  const known = new Map<string, string>();
  const keyIdOf = keysOf(db, known);
  let houseKeyId: string | undefined;
  return {
    async seal(conversationId, bytes) {
      if (keyring === undefined) return { kind: 'plain' };
      const keyId = await keyIdOf(conversationId);
      if (keyId === undefined) throw unknownConversation(conversationId);
      if (keyId === null) return { kind: 'plain' };
      const key = await keyring.key(db, keyId);
      if (key === undefined) return { kind: 'erased' };
      return { kind: 'sealed', keyId, bytes: encrypt(key, bytes, placeOf(keyId, conversationId)) };
    },
    async sealForHouse(bytes) {
      if (keyring === undefined) return { kind: 'plain' };
      houseKeyId ??= await db.transaction().execute((tx) => keyring.of(tx, HOUSE));
      const key = await keyring.key(db, houseKeyId);
      if (key === undefined) throw new Error('the key of the house was destroyed, which nothing of ours does');
      return { kind: 'sealed', keyId: houseKeyId, bytes: encrypt(key, bytes, placeOf(houseKeyId, '')) };
    },
    async mark(conversationId, text) {
      const keyId = keyring && (await keyIdOf(conversationId));
      if (keyring === undefined || keyId === null) return sha256Hex(text).slice(0, MARK_DIGITS);
      const key = keyId && (await keyring.key(db, keyId));
      // Of what was erased nothing is kept, and so nothing is told apart.
      if (!key) return randomBytes(MARK_DIGITS / 2).toString('hex');
      return markUnder(key, Buffer.from(text), `mark/${conversationId}`).slice(0, MARK_DIGITS);
    },
    async open(keyId, bytes, conversationId) {
      if (keyring === undefined) throw new Error('it is encrypted; set COUNTERSIGN_MASTER_KEY to the key of the store');
      const key = await keyring.key(db, keyId);
      const read = key && decrypt(key, bytes, placeOf(keyId, conversationId));
      // Whoever was told something of a conversation can answer, also while the store is away.
      if (read !== undefined && conversationId) note(known, conversationId, keyId);
      return read;
    },
  };
}

/** null: of before there were keys; undefined: the store does not know the conversation. */
function keysOf(db: Db, known: Map<string, string>): (conversationId: string) => Promise<string | null | undefined> {
  return async (conversationId) => {
    const before = known.get(conversationId);
    if (before !== undefined) return before;
    const query = db.selectFrom('conversations').select('key_id').where('id', '=', conversationId);
    const row = await query.executeTakeFirst();
    if (row === undefined || row.key_id === null) return row?.key_id;
    note(known, conversationId, row.key_id);
    return row.key_id;
  };
}

function note(known: Map<string, string>, conversationId: string, keyId: string): void {
  if (known.size >= MAX_KNOWN) known.clear();
  known.set(conversationId, keyId);
}

const unknownConversation = (id: string): Error =>
  new Error(
    `the store does not know the conversation ${id}, so what is said in it cannot be encrypted, and is not written; where the ` +
      'store was restored from a backup, run: countersign rebuild',
  );

const placeOf = (keyId: string, conversationId: string | undefined): string =>
  conversationId === undefined ? `payload/${keyId}` : JSON.stringify(['payload', keyId, conversationId]);
