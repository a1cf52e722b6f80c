// What may be asked of the store about bytes that lie elsewhere. May import nothing.

/** Encrypts what is about a conversation under the key of its words. */
export interface SealedBytes {
  /** `plain`: no key is in use for it. `erased`: the key was destroyed, so nothing is kept. */
  seal(
    conversationId: string,
    bytes: Uint8Array,
  ): Promise<
    | { readonly kind: 'sealed'; readonly keyId: string; readonly bytes: Uint8Array }
    | { readonly kind: 'plain' | 'erased' }
  >;
  /**
   * Tells what is said in a conversation apart where anybody reads it, and is gone with the key: 16 hex digits, the same for
   * the same. Where no key is in use, and the words themselves can be read, the beginning of their SHA-256.
   */
  mark(conversationId: string, text: string): Promise<string>;
  /** Undefined: the key was destroyed. Throws where the store has no such key, or the bytes were altered. */
  open(keyId: string, bytes: Uint8Array): Promise<Uint8Array | undefined>;
}
