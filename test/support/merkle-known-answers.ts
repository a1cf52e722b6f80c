// The known answers of RFC 6962 trees in test/unit/rfc6962-known-answers.json, each beside what trust/merkle.ts makes of it.
// Node built-ins only.
import {
  appendLeaf,
  createProver,
  EMPTY_FRONTIER,
  type Frontier,
  leafHash,
  rootOf,
  verifyConsistency,
  verifyInclusion,
} from '../../trust/merkle.ts';
import { readSource } from './sources.ts';

interface Answers {
  readonly leaves_hex: readonly string[];
  readonly roots_hex: readonly string[];
  readonly inclusion: readonly { readonly index: number; readonly size: number; readonly path: readonly string[] }[];
  readonly consistency: readonly { readonly from: number; readonly to: number; readonly proof: readonly string[] }[];
}

export interface KnownAnswer {
  readonly kind: 'root' | 'inclusion' | 'consistency';
  readonly name: string;
  /** The root, or the hashes of the proof with a space between; and that it verifies. */
  readonly expected: string;
  readonly actual: string;
}

export function knownAnswers(): readonly KnownAnswer[] {
  const answers = JSON.parse(readSource('test/unit/rfc6962-known-answers.json')) as Answers;
  const leaves = answers.leaves_hex.map((hex) => leafHash(Buffer.from(hex, 'hex')));
  const prover = createProver(leaves);
  const frontiers = leaves.reduce<readonly Frontier[]>(
    (all, leaf) => [...all, appendLeaf(all.at(-1) ?? EMPTY_FRONTIER, leaf)],
    [EMPTY_FRONTIER],
  );
  const asText = (path: readonly Buffer[], verifies: boolean) =>
    `${path.map((one) => one.toString('hex')).join(' ')} ${verifies}`;
  const bytes = (path: readonly string[]) => path.map((hex) => Buffer.from(hex, 'hex'));
  const root = (size: number) => Buffer.from(answers.roots_hex[size]!, 'hex');
  return [
    ...answers.roots_hex.flatMap((expected, size): readonly KnownAnswer[] => [
      { kind: 'root', name: `of ${size} leaves, proven`, expected, actual: prover.root(size).toString('hex') },
      { kind: 'root', name: `of ${size} leaves, appended`, expected, actual: rootOf(frontiers[size]!).toString('hex') },
    ]),
    ...answers.inclusion.map(({ index, size, path }): KnownAnswer => {
      const claim = { leaf: leaves[index]!, index, size, path: bytes(path), root: root(size) };
      const actual = asText(prover.inclusion(index, size), verifyInclusion(claim));
      return { kind: 'inclusion', name: `of leaf ${index} in ${size}`, expected: asText(claim.path, true), actual };
    }),
    ...answers.consistency.map(({ from, to, proof }): KnownAnswer => {
      const claim = { from, to, fromRoot: root(from), toRoot: root(to), path: bytes(proof) };
      const actual = asText(prover.consistency(from, to), verifyConsistency(claim));
      return { kind: 'consistency', name: `of ${from} with ${to}`, expected: asText(claim.path, true), actual };
    }),
  ];
}
