// The offline check of the ledger: does an export hold against the checkpoints that were published where whoever runs the
// database has no say? May import trust. Guarantees: reads in a stream and keeps no entries; every entry is proven by
// itself and, in its order, by the root at each published size; what cannot be read or proven is broken, never passed over.
// docs/verify-ledger.py is the same check in another language.
import { createInclusionRun, type InclusionRun } from './inclusion-run.ts';
import { type Header, LedgerFileInvalid, type Published, readEntry, readHeader, readPublished } from './ledger-file.ts';
import { appendLeaf, EMPTY_FRONTIER, type Frontier, leafHash, rootOf } from './merkle.ts';
import { NoteInvalid } from './note.ts';

export type Verified =
  | {
      readonly kind: 'holds';
      readonly entries: number;
      readonly from: number;
      readonly to: number;
      /** How many published checkpoints it was held against. */
      readonly checkpoints: number;
      /** Entries of this export up to here are proven by what was published; those after it only by the ledger's key. */
      readonly upTo: number;
    }
  | {
      readonly kind: 'broken';
      /** The first bad entry; 0 when it is the file or a note itself. */
      readonly seq: number;
      /** The last published size that still held. */
      readonly upTo: number;
      readonly reason: string;
    };

type Broken = Extract<Verified, { kind: 'broken' }>;

/**
 * Verify the lines of an export (see `linesOf`) against the text of the file of published checkpoints, under the ledger's
 * verifier key.
 *
 * An entry whose proof fails while others hold is named exactly. Whoever altered the database and also made all proofs
 * anew leaves no such difference between entries: then the first bad entry is only known to lie after the last published
 * checkpoint that holds and not after the first that does not. `seq` is the first entry of that range, and the reason says
 * "lies between entry A and B". Whoever also has the ledger's key can rewrite what came after the last published
 * checkpoint, and nobody can tell: that is what `upTo` says. A part of a ledger holds as that part, `from` to `to`.
 */
export async function verifyExport(
  lines: AsyncIterable<string>,
  published: string,
  verifierKey: string,
): Promise<Verified> {
  let check: Check | undefined;
  try {
    const outside = readPublished(published, verifierKey);
    for await (const line of lines) {
      if (check === undefined) check = openCheck(readHeader(line, outside.origin, verifierKey), outside);
      else {
        const broken = takeEntry(check, line);
        if (broken !== undefined) return broken;
      }
    }
  } catch (error) {
    if (!(error instanceof NoteInvalid || error instanceof LedgerFileInvalid)) throw error;
    if (check === undefined) return { kind: 'broken', seq: 0, upTo: 0, reason: error.message };
    return brokenBy(check, check.next, `the line of entry ${check.next} cannot be read: ${error.message}`);
  }
  return check === undefined ? { kind: 'broken', seq: 0, upTo: 0, reason: 'the export is empty' } : conclude(check);
}

/** An export that is being read, up to the entry before `next`. */
interface Check {
  readonly header: Header;
  readonly published: Published;
  readonly run: InclusionRun;
  next: number;
  /** The tree of all entries so far. Undefined in a part of a ledger until its first proof brought what lies before. */
  tree: Frontier | undefined;
  proofsHeld: number;
  firstFailed: number | undefined;
  checkpoints: number;
  upTo: number;
  /** Up to here a signed root, published or not, covers the entries in their order. */
  asSigned: number;
}

function openCheck(header: Header, published: Published): Check {
  return {
    header,
    published,
    run: createInclusionRun(header.checkpoint.size, header.checkpoint.root),
    next: header.from,
    tree: header.from === 1 ? EMPTY_FRONTIER : undefined,
    proofsHeld: 0,
    firstFailed: undefined,
    checkpoints: 0,
    upTo: 0,
    asSigned: 0,
  };
}

/** The next line. Undefined while nothing is known that could not be told better later. */
function takeEntry(check: Check, line: string): Broken | undefined {
  const { header, run, next: seq } = check;
  if (seq > header.to)
    return brokenBy(check, seq, `the export goes on after entry ${header.to}, its last by its header`);
  const read = readEntry(line, seq);
  if (typeof read === 'string') return brokenBy(check, seq, read);
  check.next += 1;
  const leaf = leafHash(Buffer.from(read.entry));
  // A proof that fails may be bad by itself or show that entries are: the next published root tells.
  const holds = run.holds(seq - 1, leaf, read.proof);
  if (holds) check.proofsHeld += 1;
  else check.firstFailed ??= seq;
  if (holds && seq === header.from && check.tree === undefined) {
    check.tree = run.before();
    const before = compare(check);
    if (before !== undefined) return before;
  }
  if (check.tree === undefined) return undefined;
  check.tree = appendLeaf(check.tree, leaf);
  return compare(check);
}

/** Hold the tree so far against what was published of its size, if anything was. */
function compare(check: Check): Broken | undefined {
  const { tree, published } = check;
  const root = tree && published.roots.get(tree.size);
  if (tree === undefined || root === undefined) return undefined;
  if (!rootOf(tree).equals(root)) return brokenBy(check, tree.size);
  check.upTo = tree.size;
  check.asSigned = tree.size;
  check.checkpoints += 1;
  return undefined;
}

/** Hold the checkpoint of the export against its entries or, where they are only a part, against what was published. */
function compareEnd(check: Check): Broken | undefined {
  const { tree, published, header } = check;
  const { size, root } = header.checkpoint;
  if (header.to === size && tree !== undefined) {
    if (!rootOf(tree).equals(root)) return brokenBy(check, size);
    check.asSigned = size;
    return undefined;
  }
  const outside = published.roots.get(size);
  if (outside === undefined) return undefined;
  if (!outside.equals(root)) return brokenBy(check, size);
  if (check.firstFailed === undefined) check.upTo = header.to;
  check.checkpoints += 1;
  return undefined;
}

function conclude(check: Check): Verified {
  const { header, published, next, firstFailed } = check;
  const { from, to } = header;
  const { size } = header.checkpoint;
  if (next <= to) return brokenBy(check, next, `entry ${next} is missing: the export ends before it`);
  const last = compareEnd(check);
  if (last !== undefined) return last;
  if (firstFailed !== undefined && check.proofsHeld > 0) return brokenBy(check, firstFailed);
  // Without one proof that holds, only a root can tell that the entries are right, and it covers none after it.
  if (firstFailed !== undefined && check.asSigned < to) return brokenBy(check, size);
  if (published.largest > size) {
    return broken(check, size + 1, `entry ${size + 1} is missing: ${published.largest} entries were published`);
  }
  if (firstFailed !== undefined) return broken(check, firstFailed, ofProof(check, firstFailed));
  return { kind: 'holds', entries: to - from + 1, from, to, checkpoints: check.checkpoints, upTo: check.upTo };
}

/**
 * Something is wrong in entries up to `last`: exactly there, as the reason says, if all proofs before it held; else at the
 * first proof that failed, if others held; else anywhere after what last held.
 */
function brokenBy(check: Check, last: number, reason?: string): Broken {
  const { firstFailed, proofsHeld, upTo, header } = check;
  if (firstFailed === undefined && reason !== undefined) return broken(check, last, reason);
  if (firstFailed !== undefined && proofsHeld > 0) return broken(check, firstFailed, ofProof(check, firstFailed));
  // In a part of a ledger, what was altered may lie before the part.
  const first = upTo + 1;
  const seq = Math.max(first, header.from);
  if (first === last) return broken(check, seq, `entry ${last} is not what was signed`);
  return broken(check, seq, `the first entry that is not what was signed lies between entry ${first} and ${last}`);
}

function ofProof({ header, asSigned }: Check, seq: number): string {
  return seq <= asSigned
    ? `the proof of entry ${seq} is altered, the entry itself is as it was signed`
    : `entry ${seq} is not what was signed: its proof does not lead to the root of ${header.checkpoint.size} entries`;
}

const broken = ({ upTo }: Check, seq: number, reason: string): Broken => ({ kind: 'broken', seq, upTo, reason });
