// The Merkle tree of the ledger: RFC 6962 section 2.1 with SHA-256. A leaf and a node are hashed with different first
// bytes, so that no node passes for an entry. Owns hashes, frontiers, proofs and their verification; knows nothing of
// entries, files or signatures. May import node:crypto. Pure. Guarantees: a proof that verifies leads from the leaf, or
// from the smaller tree, to the root; whatever cannot be a proof is false, never an exception.
import { hash } from 'node:crypto';

/** The bytes of a hash. */
export const HASH_BYTES = 32;

const LEAF = Buffer.of(0);
// What is hashed for a node, kept: a Buffer for each would take as long as the hash, and proofs make some for each entry.
const NODE = Buffer.alloc(1 + 2 * HASH_BYTES, 1);
const NO_BYTES = Buffer.alloc(0);

export function leafHash(bytes: Uint8Array): Buffer {
  return sha256(Buffer.concat([LEAF, bytes]));
}

export function nodeHash(left: Uint8Array, right: Uint8Array): Buffer {
  // What was tampered with may be of any length, and leads to no root that was signed.
  if (left.length + right.length !== 2 * HASH_BYTES) return sha256(Buffer.concat([NODE.subarray(0, 1), left, right]));
  NODE.set(left, 1);
  NODE.set(right, 1 + left.length);
  return sha256(NODE);
}

// By way of hex: twice as fast as a Buffer from `hash` itself, which is memory of its own outside the heap.
function sha256(bytes: Uint8Array): Buffer {
  return Buffer.from(hash('sha256', bytes, 'hex'), 'hex');
}

/** A tree as the roots of its perfect subtrees, the largest first: all that is needed to append and to know the root. */
export interface Frontier {
  readonly size: number;
  readonly hashes: readonly Buffer[];
}

export const EMPTY_FRONTIER: Frontier = { size: 0, hashes: [] };

/** The tree with one more leaf, given as its leaf hash. */
export function appendLeaf(frontier: Frontier, leaf: Uint8Array): Frontier {
  const hashes = [...frontier.hashes];
  let node: Buffer = Buffer.from(leaf);
  // Each odd half is a perfect subtree as large as what is to be added: the two become one.
  for (let rest = frontier.size; rest % 2 === 1; rest = half(rest)) node = nodeHash(hashes.pop() ?? NO_BYTES, node);
  return { size: frontier.size + 1, hashes: [...hashes, node] };
}

/** The root. Of the empty tree: the hash of no bytes. */
export function rootOf({ hashes }: Frontier): Buffer {
  return hashes.length === 0 ? sha256(NO_BYTES) : hashes.reduceRight((right, left) => nodeHash(left, right));
}

/** Proofs over one list of leaves. The hashes that it returns are views of its own memory: not to be written to. */
export interface Prover {
  /** The root of the tree of the first `size` leaves. */
  root(size: number): Buffer;
  /** From the leaf at `index`, counted from 0, up to the root at `size`: the sibling at each level. */
  inclusion(index: number, size: number): readonly Buffer[];
  /** That the tree at `to` begins with the tree at `from`. Nothing to show where `from` is 0 or `to`. */
  consistency(from: number, to: number): readonly Buffer[];
}

/**
 * A prover over leaf hashes. Hashes every perfect subtree once (64 bytes of memory a leaf); a proof is then O(log n).
 * Throws a RangeError when asked for what the leaves do not hold.
 */
export function createProver(leaves: readonly Uint8Array[]): Prover {
  const levels = levelsOf(leaves);
  // The subtrees that are not perfect all lie on the right edge, a few per size: those of the last size are kept, as
  // an export asks for all its proofs at one size.
  let edge = { size: 0, hashes: new Map<number, Buffer>() };

  function subtree(start: number, count: number, size: number): Buffer {
    const level = Math.log2(count);
    if (Number.isInteger(level)) return at(levels[level], start / count);
    if (edge.size !== size) edge = { size, hashes: new Map() };
    // Only one edge subtree begins at a leaf: it ends where the tree does.
    const known = edge.hashes.get(start);
    if (known !== undefined) return known;
    const left = splitOf(count);
    const made = nodeHash(subtree(start, left, size), subtree(start + left, count - left, size));
    edge.hashes.set(start, made);
    return made;
  }

  function demand(holds: boolean): void {
    if (!holds) throw new RangeError(`no such proof among ${leaves.length} leaves`);
  }

  return {
    root(size) {
      demand(isCount(size) && size <= leaves.length);
      return size === 0 ? rootOf(EMPTY_FRONTIER) : subtree(0, size, size);
    },
    inclusion(index, size) {
      demand(isCount(index) && isCount(size) && index < size && size <= leaves.length);
      const path: Buffer[] = [];
      for (let start = 0, count = size; count > 1; ) {
        const left = splitOf(count);
        const goesLeft = index < start + left;
        path.push(goesLeft ? subtree(start + left, count - left, size) : subtree(start, left, size));
        start += goesLeft ? 0 : left;
        count = goesLeft ? left : count - left;
      }
      return path.reverse();
    },
    consistency(from, to) {
      demand(isCount(from) && isCount(to) && from <= to && to <= leaves.length);
      const path: Buffer[] = [];
      let start = 0;
      let count = from === 0 ? 0 : to;
      // Down to the subtree in which the smaller tree ends.
      while (start + count > from) {
        const left = splitOf(count);
        const goesLeft = from <= start + left;
        path.push(goesLeft ? subtree(start + left, count - left, to) : subtree(start, left, to));
        start += goesLeft ? 0 : left;
        count = goesLeft ? left : count - left;
      }
      // The smaller tree itself is known to whoever verifies.
      if (start > 0) path.push(subtree(start, count, to));
      return path.reverse();
    },
  };
}

/** That the leaf is at `index` in the tree of this root and size. Never throws. */
export function verifyInclusion(claim: {
  readonly leaf: Uint8Array;
  readonly index: number;
  readonly size: number;
  readonly path: readonly Uint8Array[];
  readonly root: Uint8Array;
}): boolean {
  const { leaf, index, size, path, root } = claim;
  if (!isCount(index) || !isCount(size) || index >= size || !areHashes([leaf, root, ...path])) return false;
  let node = leaf;
  // As in RFC 9162, 2.1.3.2: where we are on this level, and where the level ends.
  let place = index;
  let last = size - 1;
  for (const sibling of path) {
    if (last === 0) return false;
    if (place % 2 === 1 || place === last) {
      node = nodeHash(sibling, node);
      for (; place % 2 === 0 && place > 0; place = half(place)) last = half(last);
    } else {
      node = nodeHash(node, sibling);
    }
    place = half(place);
    last = half(last);
  }
  return last === 0 && same(node, root);
}

/** That the tree of `toRoot` begins with the tree of `fromRoot`. Every tree begins with the empty one. Never throws. */
export function verifyConsistency(claim: {
  readonly from: number;
  readonly to: number;
  readonly fromRoot: Uint8Array;
  readonly toRoot: Uint8Array;
  readonly path: readonly Uint8Array[];
}): boolean {
  const { from, to, fromRoot, toRoot, path } = claim;
  if (!isCount(from) || !isCount(to) || from > to || !areHashes([fromRoot, toRoot, ...path])) return false;
  if (from === to) return path.length === 0 && same(fromRoot, toRoot);
  if (from === 0) return path.length === 0 && same(fromRoot, rootOf(EMPTY_FRONTIER));
  // As in RFC 9162, 2.1.4.2: both roots are made again from one path.
  let place = from - 1;
  let last = to - 1;
  for (; place % 2 === 1; place = half(place)) last = half(last);
  const [first, ...rest] = place === 0 ? [fromRoot, ...path] : path;
  if (first === undefined) return false;
  let smaller = first;
  let larger = first;
  for (const sibling of rest) {
    if (last === 0) return false;
    if (place % 2 === 1 || place === last) {
      smaller = nodeHash(sibling, smaller);
      larger = nodeHash(sibling, larger);
      for (; place % 2 === 0 && place > 0; place = half(place)) last = half(last);
    } else {
      larger = nodeHash(larger, sibling);
    }
    place = half(place);
    last = half(last);
  }
  return last === 0 && same(smaller, fromRoot) && same(larger, toRoot);
}

/** Every level of perfect subtrees, each as one piece of memory: a million Buffers would be larger than the hashes. */
function levelsOf(leaves: readonly Uint8Array[]): readonly Buffer[] {
  const first = Buffer.alloc(leaves.length * HASH_BYTES);
  for (const [index, leaf] of leaves.entries()) first.set(leaf, index * HASH_BYTES);
  const levels = [first];
  for (let count = half(leaves.length); count > 0; count = half(count)) {
    const below = levels.at(-1);
    const level = Buffer.alloc(count * HASH_BYTES);
    for (let index = 0; index < count; index++) {
      level.set(nodeHash(at(below, 2 * index), at(below, 2 * index + 1)), index * HASH_BYTES);
    }
    levels.push(level);
  }
  return levels;
}

function at(level: Buffer | undefined, index: number): Buffer {
  if (level === undefined) throw new RangeError('no such level');
  return level.subarray(index * HASH_BYTES, (index + 1) * HASH_BYTES);
}

/** The largest power of two below a count of two or more: how many leaves the left subtree has. */
function splitOf(count: number): number {
  let left = 1;
  while (left * 2 < count) left *= 2;
  return left;
}

// Not by shifts: those end at 32 bits.
const half = (count: number): number => Math.floor(count / 2);
const isCount = (value: number): boolean => Number.isSafeInteger(value) && value >= 0;
const areHashes = (all: readonly Uint8Array[]): boolean => all.every((one) => one.length === HASH_BYTES);
const same = (one: Uint8Array, other: Uint8Array): boolean => Buffer.compare(one, other) === 0;
