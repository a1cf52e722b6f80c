import { deepEqual, equal, throws } from 'node:assert/strict';
import { test } from 'node:test';
import { createInclusionRun } from '../../trust/inclusion-run.ts';
import {
  appendLeaf,
  createProver,
  EMPTY_FRONTIER,
  type Frontier,
  leafHash,
  nodeHash,
  rootOf,
  verifyConsistency,
  verifyInclusion,
} from '../../trust/merkle.ts';
import { knownAnswers } from '../support/merkle-known-answers.ts';

// 40: every shape of the right edge up to five levels.
const MOST = 40;
const leaves = Array.from({ length: MOST }, (_, index) => leafHash(Buffer.from(`leaf ${index}`)));
const prover = createProver(leaves);
const roots = Array.from({ length: MOST + 1 }, (_, size) => prover.root(size));
const other = leafHash(Buffer.from('another'));

/** MTH of RFC 6962, 2.1, word for word. */
function literally(of: readonly Buffer[]): Buffer {
  if (of.length === 1) return of[0]!;
  let left = 1;
  while (left * 2 < of.length) left *= 2;
  return nodeHash(literally(of.slice(0, left)), literally(of.slice(left)));
}

for (const kind of ['root', 'inclusion', 'consistency'] as const) {
  test(`each known answer of RFC 6962 is given and verifies: ${kind}`, () => {
    const answers = knownAnswers().filter((one) => one.kind === kind);
    equal(answers.length, kind === 'root' ? 18 : 36);
    for (const { name, expected, actual } of answers) equal(actual, expected, name);
  });
}

test('a tree grown leaf by leaf has the root of the definition at every size', () => {
  let frontier: Frontier = EMPTY_FRONTIER;
  for (const [index, leaf] of leaves.entries()) {
    frontier = appendLeaf(frontier, leaf);
    deepEqual(rootOf(frontier), literally(leaves.slice(0, index + 1)));
    deepEqual(roots[index + 1], rootOf(frontier));
    // One subtree for each one in the size, written in binary.
    equal(frontier.hashes.length, [...(index + 1).toString(2)].filter((digit) => digit === '1').length);
  }
  deepEqual(EMPTY_FRONTIER, { size: 0, hashes: [] });
});

test('every leaf is proven in every tree, and no proof holds for another leaf, place, size, root or path', () => {
  for (let size = 1; size <= MOST; size++) {
    for (let index = 0; index < size; index++) {
      const claim = { leaf: leaves[index]!, index, size, path: prover.inclusion(index, size), root: roots[size]! };
      equal(verifyInclusion(claim), true);
      equal(verifyInclusion({ ...claim, leaf: other }), false);
      equal(verifyInclusion({ ...claim, root: other }), false);
      equal(verifyInclusion({ ...claim, path: [...claim.path, other] }), false);
      for (let at = 0; at < size; at++) equal(verifyInclusion({ ...claim, index: at }), at === index);
      for (const at of claim.path.keys()) {
        equal(verifyInclusion({ ...claim, path: claim.path.toSpliced(at, 1) }), false);
        equal(verifyInclusion({ ...claim, path: claim.path.with(at, other) }), false);
      }
    }
  }
});

test('every tree is proven to begin with every smaller one, and no proof holds for other roots or another path', () => {
  for (let to = 0; to <= MOST; to++) {
    for (let from = 0; from <= to; from++) {
      const path = prover.consistency(from, to);
      const claim = { from, to, fromRoot: roots[from]!, toRoot: roots[to]!, path };
      equal(verifyConsistency(claim), true, `${from} ${to}`);
      equal(verifyConsistency({ ...claim, fromRoot: other }), false);
      if (from > 0) equal(verifyConsistency({ ...claim, toRoot: other }), false);
      equal(verifyConsistency({ ...claim, path: [...path, other] }), false);
      for (const at of path.keys()) {
        equal(verifyConsistency({ ...claim, path: path.toSpliced(at, 1) }), false);
        equal(verifyConsistency({ ...claim, path: path.with(at, other) }), false);
      }
    }
  }
});

test('what cannot be a proof is false, and a prover refuses what its leaves do not hold', () => {
  const claim = { leaf: leaves[0]!, index: 0, size: 2, path: [leaves[1]!], root: roots[2]! };
  for (const over of [
    { index: -1 },
    { index: 0.5 },
    { index: 2 },
    { size: Number.NaN },
    { size: 2 ** 60 },
    { path: [Buffer.alloc(31)] },
    { root: Buffer.alloc(0) },
  ]) {
    equal(verifyInclusion({ ...claim, ...over }), false);
  }
  const grown = { from: 1, to: 2, fromRoot: roots[1]!, toRoot: roots[2]!, path: [leaves[1]!] };
  equal(verifyConsistency(grown), true);
  for (const over of [{ from: 3 }, { from: -1 }, { to: 1.5 }, { path: [Buffer.alloc(33)] }]) {
    equal(verifyConsistency({ ...grown, ...over }), false);
  }
  throws(() => prover.root(MOST + 1), RangeError);
  throws(() => prover.inclusion(3, 3), RangeError);
  throws(() => prover.consistency(3, 2), RangeError);
});

test('places above 32 bits are told apart', () => {
  // A leaf whose tree is perfect up to it: all siblings are to its left.
  const index = 2 ** 40 - 1;
  const path = Array.from({ length: 40 }, (_, level) => leafHash(Buffer.of(level)));
  const root = path.reduce((node, sibling) => nodeHash(sibling, node), other);
  equal(verifyInclusion({ leaf: other, index, size: 2 ** 40, path, root }), true);
  equal(verifyInclusion({ leaf: other, index: index - 2 ** 32, size: 2 ** 40, path, root }), false);
});

test('a run over neighbours holds exactly where each proof verifies, in any order', () => {
  for (const size of [1, 2, 7, 33, MOST]) {
    const run = createInclusionRun(size, roots[size]!);
    const pathOf = (index: number) => prover.inclusion(index, size).map((one) => one.toString('base64'));
    const order = [...Array.from({ length: size }, (_, index) => index), size - 1, 0, Math.floor(size / 2)];
    for (const index of order) {
      const path = pathOf(index);
      equal(run.holds(index, other, path), false);
      equal(run.holds(index, leaves[index]!, [...path, other.toString('base64')]), false);
      for (const at of path.keys()) {
        equal(run.holds(index, leaves[index]!, path.with(at, other.toString('base64'))), false);
        // The same 32 bytes in another spelling: the last character of a base64 text has two bits to spare.
        const respelt = `${path[at]!.slice(0, -2)}${nextLetter(path[at]!.at(-2)!)}=`;
        deepEqual(Buffer.from(respelt, 'base64'), Buffer.from(path[at]!, 'base64'));
        equal(run.holds(index, leaves[index]!, path.with(at, respelt)), false);
        equal(run.holds(index, leaves[index]!, path.toSpliced(at, 1)), false);
      }
      equal(run.holds(index, leaves[index]!, path), true);
      deepEqual(rootOf(leaves.slice(index).slice(0, 1).reduce(appendLeaf, run.before())), roots[index + 1]);
    }
  }
});

/** The letter after one whose last two bits are zero: it differs in those only. */
function nextLetter(letter: string): string {
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
  return letters[letters.indexOf(letter) + 1]!;
}
