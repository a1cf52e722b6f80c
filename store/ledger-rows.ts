// Rows of the ledger and of its checkpoints, as the store's port has them. May import nothing.

export interface HashedEntry {
  readonly seq: number;
  /** The exact text that was hashed. */
  readonly text: string;
  /** RFC 6962: SHA-256 of a zero byte and the text in UTF-8. Leaf `seq - 1` of the ledger's tree. */
  readonly leaf: Buffer;
}

/** A signed checkpoint as it is stored: what the ledger was at that size, and where the next one goes on. */
export interface CheckpointRow {
  readonly size: number;
  /** Of the first `size` entries, by the stored frontier. */
  readonly root: Buffer;
  /** The signed note. */
  readonly note: string;
  readonly madeMs: number;
  /** null: not yet in every place where it belongs. */
  readonly publishedMs: number | null;
}
