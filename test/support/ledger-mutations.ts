// Every way in which a ledger's files are tampered with, one at a time, with what a verifier must answer. To add one: a line
// in MUTATIONS. Guarantees: a mutation really changes the files, and lies in what was published.
import type { Random } from '../proofs/support.ts';
import { canonicalJson } from '../../trust/digest.ts';
import { leafHash } from '../../trust/merkle.ts';
import { createNoteSigner, type NoteSigner } from '../../trust/note.ts';
import { generateSigningKey } from '../../trust/signing.ts';
import { anEntry, buildExport, type LedgerExport } from './ledger-export.ts';

/** A ledger with its files as they should be. */
export interface Ledger {
  readonly entries: readonly string[];
  readonly signer: NoteSigner;
  readonly origin: string;
  readonly every: number;
  /** The header, then the entries. */
  readonly lines: readonly string[];
  readonly published: string;
  /** The size of the last published checkpoint. */
  readonly last: number;
}

export interface Files {
  readonly export: Buffer;
  readonly published: string;
}

export interface Tampered {
  readonly files: Files;
  /** The first bad entry, 0 for the file itself. */
  readonly seq: number;
  /** Where the proofs were made anew: the end of the range in which it lies. */
  readonly until?: number;
}

type Tamper = (ledger: Ledger, random: Random) => Tampered;

export function createLedger(size: number, every: number, random: Random): Ledger {
  const origin = 'countersign.test/ledger';
  const signer = createNoteSigner(origin, generateSigningKey());
  const entries = Array.from({ length: size }, (_, at) => anEntry(at + 1, { length: random.between(300, 900) }));
  const { lines, published } = buildExport(entries, { signer, origin, checkpointEvery: every });
  return { entries, signer, origin, every, lines: [...lines()], published, last: size - (size % every) };
}

export function filesOf(lines: readonly string[], published: string): Files {
  return { export: Buffer.from(`${lines.join('\n')}\n`), published };
}

export const MUTATIONS: Readonly<Record<string, Tamper>> = {
  'edit a character': (ledger, random) => {
    const seq = seqOf(ledger, random);
    return { files: withLine(ledger, seq, { entry: edited(ledger.entries[seq - 1]!, random) }), seq };
  },
  'flip a bit of an entry': (ledger, random) => flipped(ledger, seqOf(ledger, random), random),
  'flip a bit of the header': (ledger, random) => flipped(ledger, 0, random),
  'flip a bit of what was published': (ledger, random) => {
    const bytes = Buffer.from(ledger.published);
    flip(bytes, random.between(0, bytes.length - 1), random);
    return { files: { export: filesOf(ledger.lines, '').export, published: bytes.toString() }, seq: 0 };
  },
  'alter a proof': (ledger, random) => {
    const seq = seqOf(ledger, random);
    const { proof } = JSON.parse(ledger.lines[seq]!) as { readonly proof: readonly string[] };
    const at = random.between(0, proof.length - 1);
    const other = leafHash(Buffer.from(proof[at]!)).toString('base64');
    return { files: withLine(ledger, seq, { proof: proof.with(at, other) }), seq };
  },
  'delete a line': (ledger, random) => {
    const seq = seqOf(ledger, random);
    return { files: spliced(ledger, seq, 1), seq };
  },
  'delete an entry, the others numbered anew': (ledger, random) => {
    const seq = seqOf(ledger, random);
    return { files: renumbered(ledger, ledger.entries.toSpliced(seq - 1, 1)), seq };
  },
  'insert a line again': (ledger, random) => {
    const seq = seqOf(ledger, random);
    return { files: spliced(ledger, seq + 1, 0, ledger.lines[seq]!), seq: seq + 1 };
  },
  'insert an entry, the others numbered anew': (ledger, random) => {
    const seq = seqOf(ledger, random);
    return { files: renumbered(ledger, ledger.entries.toSpliced(seq - 1, 0, anEntry(seq, { salt: 'new' }))), seq };
  },
  'reorder two lines': (ledger, random) => {
    const [one, other] = twoOf(ledger, random);
    const lines = ledger.lines.with(one, ledger.lines[other]!).with(other, ledger.lines[one]!);
    return { files: filesOf(lines, ledger.published), seq: one };
  },
  'reorder two entries, both numbered anew': (ledger, random) => {
    const [one, other] = twoOf(ledger, random);
    const swapped = ledger.entries.with(one - 1, ledger.entries[other - 1]!).with(other - 1, ledger.entries[one - 1]!);
    return { files: renumbered(ledger, swapped), seq: one };
  },
  'truncate the head': (ledger, random) => ({ files: spliced(ledger, 1, random.between(1, ledger.last)), seq: 1 }),
  'truncate the middle': (ledger, random) => {
    const [one, other] = twoOf(ledger, random);
    return { files: spliced(ledger, one, other - one), seq: one };
  },
  'truncate the tail': (ledger, random) => {
    const seq = seqOf(ledger, random);
    return { files: spliced(ledger, seq, ledger.lines.length), seq };
  },
  'truncate in the middle of a line': (ledger, random) => {
    const seq = seqOf(ledger, random);
    const kept = filesOf(ledger.lines.slice(0, seq), '').export.length + random.between(1, 200);
    const { export: whole, published } = filesOf(ledger.lines, ledger.published);
    return { files: { export: whole.subarray(0, kept), published }, seq };
  },
  'cut the tail, as if it had never been': (ledger, random) => {
    const size = random.between(1, ledger.last - 1);
    return { files: filesOf(exportOf(ledger, ledger.entries.slice(0, size)), ledger.published), seq: size + 1 };
  },
  'swap the database for one of another name': (ledger) => {
    const other = { ...ledger, origin: 'countersign.test/other' };
    return { files: filesOf(exportOf(other, ledger.entries), ledger.published), seq: 0 };
  },
  'swap what was published for that of another name': (ledger) => {
    const { signer, every: checkpointEvery } = ledger;
    const other = buildExport(ledger.entries, { signer, origin: 'countersign.test/other', checkpointEvery });
    return { files: filesOf(ledger.lines, other.published), seq: 0 };
  },
  'swap the database for one of the same name': (ledger) => {
    const entries = ledger.entries.map((_, at) => anEntry(at + 1, { salt: 'other' }));
    return { files: filesOf(exportOf(ledger, entries), ledger.published), seq: 1, until: ledger.every };
  },
  're-sign the export by another key': (ledger) => {
    const other = { ...ledger, signer: createNoteSigner(ledger.origin, generateSigningKey()) };
    return { files: filesOf(exportOf(other, ledger.entries), ledger.published), seq: 0 };
  },
  're-sign what was published by another key': (ledger) => {
    const { origin, every: checkpointEvery } = ledger;
    const signer = createNoteSigner(origin, generateSigningKey());
    const { published } = buildExport(ledger.entries, { signer, origin, checkpointEvery });
    return { files: filesOf(ledger.lines, published), seq: 0 };
  },
  'edit, and make all proofs anew': (ledger, random) => {
    const seq = seqOf(ledger, random);
    const lines = exportOf(ledger, ledger.entries.with(seq - 1, edited(ledger.entries[seq - 1]!, random)));
    return { files: filesOf(lines.with(0, ledger.lines[0]!), ledger.published), ...rangeOf(ledger, seq) };
  },
  'edit, make all proofs anew, and sign with the key of the ledger': (ledger, random) => {
    const seq = seqOf(ledger, random);
    const lines = exportOf(ledger, ledger.entries.with(seq - 1, edited(ledger.entries[seq - 1]!, random)));
    return { files: filesOf(lines, ledger.published), ...rangeOf(ledger, seq) };
  },
  'fork the database after an entry': (ledger, random) => {
    const seq = seqOf(ledger, random);
    const entries = ledger.entries.map((one, at) => (at + 1 < seq ? one : anEntry(at + 1, { salt: 'fork' })));
    return { files: filesOf(exportOf(ledger, entries), ledger.published), ...rangeOf(ledger, seq) };
  },
};

/** What nobody can find: the last entry, which no published checkpoint covers, rewritten by who has the ledger's key. */
export function rewriteTheTail(ledger: Ledger): Files {
  if (ledger.last === ledger.entries.length) throw new Error('all of the ledger was published');
  const seq = ledger.entries.length;
  const entries = ledger.entries.with(seq - 1, anEntry(seq, { salt: 'rewritten' }));
  return filesOf(exportOf(ledger, entries), ledger.published);
}

const seqOf = (ledger: Ledger, random: Random): number => random.between(1, ledger.last);

function twoOf(ledger: Ledger, random: Random): readonly [number, number] {
  const one = random.between(1, ledger.last - 1);
  return [one, random.between(one + 1, ledger.last)];
}

/** Between the published checkpoint before an entry and the one after it. */
function rangeOf(ledger: Ledger, seq: number): { readonly seq: number; readonly until: number } {
  const before = seq - 1 - ((seq - 1) % ledger.every);
  return { seq: before + 1, until: before + ledger.every };
}

/** The lines of an export of other entries, under the name and key of the ledger, its proofs made anew. */
function exportOf(ledger: Ledger, entries: readonly string[]): readonly string[] {
  const { signer, origin, every: checkpointEvery } = ledger;
  const made: LedgerExport = buildExport(entries, { signer, origin, checkpointEvery });
  return [...made.lines()];
}

/** Other entries in place of those of the ledger, each saying its place, under the header and the proofs that were there. */
function renumbered(ledger: Ledger, entries: readonly string[]): Files {
  const lines = ledger.lines.slice(1).flatMap((line, at) => {
    const entry = entries[at];
    if (entry === undefined) return [];
    const parsed = JSON.parse(entry) as Record<string, string | number>;
    return JSON.stringify({ ...JSON.parse(line), entry: canonicalJson({ ...parsed, seq: at + 1 }) });
  });
  return filesOf([ledger.lines[0]!, ...lines], ledger.published);
}

function spliced(ledger: Ledger, at: number, count: number, ...lines: readonly string[]): Files {
  return filesOf(ledger.lines.toSpliced(at, count, ...lines), ledger.published);
}

function withLine(ledger: Ledger, at: number, over: Readonly<Record<string, unknown>>): Files {
  const line = JSON.stringify({ ...JSON.parse(ledger.lines[at]!), ...over });
  return filesOf(ledger.lines.with(at, line), ledger.published);
}

/** The text of an entry with one digit of its time changed, which leaves it well-formed. */
export function edited(entry: string, random: Random): string {
  const at = entry.indexOf('"atMs":') + '"atMs":'.length + random.between(1, 9);
  return `${entry.slice(0, at)}${(Number(entry[at]) + random.between(1, 9)) % 10}${entry.slice(at + 1)}`;
}

/** One bit of a line, in its bytes as they are in the file. */
function flipped(ledger: Ledger, line: number, random: Random): Tampered {
  const { export: bytes, published } = filesOf(ledger.lines, ledger.published);
  const start = line === 0 ? 0 : filesOf(ledger.lines.slice(0, line), '').export.length;
  flip(bytes, start + random.between(0, Buffer.byteLength(ledger.lines[line]!) - 1), random);
  return { files: { export: bytes, published }, seq: line === 0 ? claimedStart(bytes) : line };
}

function flip(bytes: Buffer, at: number, random: Random): void {
  bytes.writeUInt8(bytes.readUInt8(at) ^ (1 << random.between(0, 7)), at);
}

/** A header is bad by itself, unless it only claims to begin later: then the entries do not fit it. */
function claimedStart(bytes: Buffer): number {
  const from = /^\{"format":"countersign-ledger\/1".*"from":([2-9]),"to":/.exec(bytes.toString());
  return from === null ? 0 : Number(from[1]);
}
