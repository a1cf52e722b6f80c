// What may be asked of the store about erasing a person. May import nothing.

export interface Erasures {
  /** What an erasure of this person comes to now. */
  survey(of: { readonly tenant: string; readonly subject: string }): Promise<ErasureSurvey>;
  /** Destroy their key, and put that on record. */
  erase(erasing: {
    readonly tenant: string;
    readonly subject: string;
    readonly by: string;
    readonly nowMs: number;
  }): Promise<ErasureResult>;
}

export interface ErasureSurvey {
  /** Keys in use: 1, or 0 where there is nothing to erase. */
  readonly keys: number;
  /** That they opened, and of which something can be read. */
  readonly conversations: number;
  /** Those of them that are not encrypted. */
  readonly plain: number;
  /** Of those conversations. */
  readonly items: number;
  /** Ids of those that are not closed: bounded. */
  readonly open: readonly string[];
}

/** `open` and `plain`: nothing was changed. `nothing`: no key of theirs is in use. */
export type ErasureResult =
  | { readonly kind: 'erased'; readonly keyId: string; readonly conversations: number }
  | { readonly kind: 'open'; readonly conversationIds: readonly string[] }
  | { readonly kind: 'plain'; readonly conversations: number }
  | { readonly kind: 'nothing' };
