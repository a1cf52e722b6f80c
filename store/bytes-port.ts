// What may be asked of the store about bytes that lie elsewhere. May import nothing.

/** Encrypts what is about a conversation under the key of its words, bound to that conversation. */
export interface SealedBytes {
  /**
   * `plain`: no key is in use for it. `erased`: the key was destroyed, so nothing is kept. Throws where the store does not
   * know the conversation: its words are not written as they are because a record is missing.
   */
  seal(conversationId: string, bytes: Uint8Array): Promise<Sealed | { readonly kind: 'plain' | 'erased' }>;
  /** What is about the deployment and no conversation, under a key of its own that is nobody's to erase. */
  sealForHouse(bytes: Uint8Array): Promise<Sealed | { readonly kind: 'plain' }>;
  /**
   * Tells what is said in a conversation apart where anybody reads it, and is gone with the key: 16 hex digits, the same for
   * the same. Where no key is in use, and the words themselves can be read, the beginning of their SHA-256.
   */
  mark(conversationId: string, text: string): Promise<string>;
  /**
   * `conversationId`: the one that they were bound to; undefined where they are of before that, '' of the house. Undefined:
   * the key was destroyed. Throws where the store has no such key, or the bytes were altered or are bound to another.
   */
  open(keyId: string, bytes: Uint8Array, conversationId: string | undefined): Promise<Uint8Array | undefined>;
}

interface Sealed {
  readonly kind: 'sealed';
  readonly keyId: string;
  readonly bytes: Uint8Array;
}
