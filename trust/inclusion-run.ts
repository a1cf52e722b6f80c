// The inclusion proofs of many neighbours in one tree. Neighbours share all but the lowest part of their proofs, so what
// was proven for one is not hashed again for the next: about two hashes an entry instead of twenty at a million entries.
// May import trust. Guarantees: a proof holds here exactly when trust/merkle.ts verifies it and every hash in it is in the
// one spelling of its base64.
import { type Frontier, HASH_BYTES, nodeHash } from './merkle.ts';
import { fromBase64 } from './note.ts';

export interface InclusionRun {
  /** That the leaf is at `index`, counted from 0, by this path of base64 hashes. Fastest in the order of the indexes. */
  holds(index: number, leaf: Buffer, path: readonly string[]): boolean;
  /**
   * The tree of all leaves before the last one whose proof held: the siblings to its left. Whoever trusts the root may
   * trust it, and go on from there.
   */
  before(): Frontier;
}

/** What is known of the last leaf that held. */
interface Proven {
  readonly index: number;
  readonly path: readonly string[];
  /** The hash of what it is part of on each level, from the leaf up to below the root. */
  readonly nodes: readonly Buffer[];
}

/** A run over one tree of at least one leaf. */
export function createInclusionRun(size: number, root: Buffer): InclusionRun {
  let proven: Proven | undefined;
  return {
    holds(index, leaf, path) {
      const nodes: Buffer[] = [];
      let node = leaf;
      let used = 0;
      let place = index;
      let known = proven?.index ?? 0;
      let knownUsed = 0;
      for (let last = size - 1; last > 0; last = half(last)) {
        if (proven !== undefined && place === known) {
          // From here up both go one way. Where they do not, the rest is hashed, and fails or not by itself.
          const sameNode = proven.nodes[nodes.length]?.equals(node) === true;
          if (sameNode && sameFrom(path, used, proven.path, knownUsed)) {
            proven = { index, path, nodes: [...nodes, ...proven.nodes.slice(nodes.length)] };
            return true;
          }
        }
        nodes.push(node);
        const isRight = place % 2 === 1;
        if (known % 2 === 1 || known < last) knownUsed += 1;
        if (isRight || place < last) {
          const sibling = fromBase64(path[used] ?? '');
          if (sibling?.length !== HASH_BYTES) return false;
          node = isRight ? nodeHash(sibling, node) : nodeHash(node, sibling);
          used += 1;
        }
        place = half(place);
        known = half(known);
      }
      if (used !== path.length || !node.equals(root)) return false;
      proven = { index, path, nodes };
      return true;
    },
    before() {
      if (proven === undefined) return { size: 0, hashes: [] };
      const hashes: Buffer[] = [];
      let used = 0;
      let place = proven.index;
      for (let last = size - 1; last > 0; last = half(last)) {
        const sibling = fromBase64(proven.path[used] ?? '');
        if (place % 2 === 1 && sibling !== undefined) hashes.unshift(sibling);
        if (place % 2 === 1 || place < last) used += 1;
        place = half(place);
      }
      return { size: proven.index, hashes };
    },
  };
}

/** That one list from a place on is the other from its place on. */
function sameFrom(one: readonly string[], at: number, other: readonly string[], otherAt: number): boolean {
  const count = one.length - at;
  if (count !== other.length - otherAt) return false;
  for (let step = 0; step < count; step++) {
    if (one[at + step] !== other[otherAt + step]) return false;
  }
  return true;
}

const half = (count: number): number => Math.floor(count / 2);
