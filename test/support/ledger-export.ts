// Exports of a ledger for tests and proofs, made from entries in the plain way of docs/ledger-format.md. Streams: a million
// entries need only their leaf hashes. Guarantees: the same entries make the same lines.
import { canonicalJson } from '../../trust/digest.ts';
import { entryLine, headerLine } from '../../trust/export-lines.ts';
import { createProver, leafHash, type Prover } from '../../trust/merkle.ts';
import { checkpointText, type NoteSigner } from '../../trust/note.ts';

export interface ExportOptions {
  readonly signer: NoteSigner;
  readonly origin: string;
  /** A checkpoint is published at each multiple of it: what comes after the last one is in no published checkpoint. */
  readonly checkpointEvery: number;
  /** The part that is exported; all of it without. */
  readonly from?: number;
  readonly to?: number;
}

export interface LedgerExport {
  /** The header, and the line of each entry. */
  lines(): Generator<string>;
  /** The text of the file of published checkpoints. */
  readonly published: string;
  readonly prover: Prover;
}

/** Export a ledger. The entries are gone through twice. */
export function buildExport(entries: Iterable<string>, options: ExportOptions): LedgerExport {
  const { signer, origin, checkpointEvery } = options;
  const leaves: Buffer[] = [];
  for (const entry of entries) leaves.push(leafHash(Buffer.from(entry)));
  const prover = createProver(leaves);
  const size = leaves.length;
  const noteOf = (at: number) => signer.sign(checkpointText({ origin, size: at, root: prover.root(at) }));
  const sizes = Array.from({ length: Math.floor(size / checkpointEvery) }, (_, at) => (at + 1) * checkpointEvery);
  const { from = 1, to = size } = options;
  return {
    *lines() {
      yield headerLine({ origin, size, from, to, checkpoint: noteOf(size) });
      let seq = 0;
      for (const entry of entries) {
        seq += 1;
        if (seq >= from && seq <= to) yield entryLine(seq, entry, prover.inclusion(seq - 1, size));
      }
    },
    published: sizes.map(noteOf).join('\n'),
    prover,
  };
}

const WORDS = [
  'refund',
  'order',
  'approved',
  'denied',
  'Ünïcode',
  'line\u2028end',
  '"quoted"',
  '\ufffd',
  '漢字',
  'unknown',
];

/** The canonical text of one entry, about `length` characters long; `salt` makes entries of different ledgers differ. */
export function anEntry(seq: number, { length = 300, salt = '' } = {}): string {
  const word = WORDS[seq % WORDS.length]!;
  const text = `${word} ${seq} `.repeat(Math.ceil(length / (word.length + 3))).slice(0, Math.max(0, length - 90));
  return canonicalJson({
    kind: 'verdict',
    seq,
    salt,
    text: text.toWellFormed(),
    tenant: 'default',
    atMs: 1_760_000_000_000 + seq,
  });
}
