// Inclusion proofs over a ledger that does not fit into memory. Its leaves are gone through in chunks of one size: once for
// the root of each chunk, which are kept (32 bytes for a thousand leaves), and once more, chunk by chunk, for the proofs.
// May import trust. Guarantees: the proofs are those of trust/merkle.ts over all leaves.
import { createProver } from './merkle.ts';

// 1,024 leaves: a power of two, so that a chunk is a subtree; 32 KB at a time, and 31 KB of roots for a million leaves.
export const CHUNK_LEAVES = 1_024;

/** The root of a chunk. Only the last chunk of a tree may have fewer than CHUNK_LEAVES leaves. */
export const chunkRoot = (leaves: readonly Uint8Array[]): Buffer => createProver(leaves).root(leaves.length);

export interface ChunkedProver {
  /** From the leaf at `index` of this chunk up to the root of the whole tree. Chunks and leaves are counted from 0. */
  ofChunk(chunk: number, leaves: readonly Uint8Array[]): (index: number) => readonly Buffer[];
}

/** A prover over the roots of all chunks. */
export function createChunkedProver(roots: readonly Uint8Array[]): ChunkedProver {
  // Where a tree of RFC 6962 divides lies between two chunks: the largest power of two below its size is one of chunks.
  const above = createProver(roots);
  return {
    ofChunk(chunk, leaves) {
      const within = createProver(leaves);
      const further = above.inclusion(chunk, roots.length);
      return (index) => [...within.inclusion(index, leaves.length), ...further];
    },
  };
}
