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
  /** Undefined: the key was destroyed. Throws where the store has no such key, or the bytes were altered. */
  open(keyId: string, bytes: Uint8Array): Promise<Uint8Array | undefined>;
}
