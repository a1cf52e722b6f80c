import { deepEqual, equal, match } from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test, type TestContext } from 'node:test';
import { LedgerFileInvalid, linesOf } from '../../trust/ledger-file.ts';
import { checkpointText } from '../../trust/note.ts';
import { createRandom } from '../proofs/support.ts';
import { run } from '../support/children.ts';
import { anEntry, buildExport } from '../support/ledger-export.ts';
import { createLedger, type Files, filesOf, MUTATIONS, rewriteTheTail } from '../support/ledger-mutations.ts';
import { hasPython, inShort, objection, ours, pythons } from '../support/ledger-verifiers.ts';

// 64 entries, published at 20, 40 and 60: four are in no published checkpoint.
const random = createRandom(6962);
const ledger = createLedger(64, 20, random);
const whole = filesOf(ledger.lines, ledger.published);
const key = ledger.signer.verifierKey;

const folder = mkdtempSync(join(tmpdir(), 'countersign-ledger-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const python = await hasPython();

/** Ours, once the second verifier has said the same. */
async function both(t: TestContext, files: Files) {
  const verified = await ours(files, key);
  if (python) equal(await pythons(files, key, folder), inShort(verified));
  else t.diagnostic('there is no python3 here: only our own verifier was asked');
  return verified;
}

const partOf = (from: number, to: number, entries = ledger.entries) => {
  const { signer, origin } = ledger;
  return [...buildExport(entries, { signer, origin, checkpointEvery: 20, from, to }).lines()];
};

test('without its three arguments the second verifier says how it is asked, and fails as no verdict does', async (t) => {
  if (!python) return t.diagnostic('there is no python3 here');
  for (const args of [[], ['export.jsonl'], ['a', 'b', 'c', 'd']]) {
    const { code, output } = await run('python3', ['docs/verify-ledger.py', ...args], { limitMs: 60_000 });
    deepEqual([code, output], [2, 'usage: python3 verify-ledger.py EXPORT CHECKPOINTS VERIFIER_KEY\n']);
  }
});

test('a ledger as it was published holds, and says up to where it is proven', async (t) => {
  const holds = { kind: 'holds', entries: 64, from: 1, to: 64, checkpoints: 3, upTo: 60 };
  deepEqual(await both(t, whole), holds);
});

for (const [name, tamper] of Object.entries(MUTATIONS)) {
  test(`found, and the first bad entry named: ${name}`, async (t) => {
    const tampered = tamper(ledger, random);
    equal(objection(tampered, await both(t, tampered.files)), undefined);
  });
}

test('the first entry, altered, is named like any other', async (t) => {
  const lines = ledger.lines.with(1, ledger.lines[1]!.replace('verdict', 'Verdict'));
  const verified = await both(t, filesOf(lines, ledger.published));
  equal(objection({ files: whole, seq: 1 }, verified), undefined);
});

test('each bit of the line of an entry counts: of its text, of its proof, of what is between', async () => {
  const line = Buffer.from(ledger.lines[33]!);
  for (let bit = 0; bit < line.length * 8; bit += 13) {
    const flipped = Buffer.from(line);
    flipped.writeUInt8(flipped.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
    const [before, after_] = [ledger.lines.slice(0, 33), ledger.lines.slice(34)].map((one) => one.join('\n'));
    const bytes = Buffer.concat([Buffer.from(`${before}\n`), flipped, Buffer.from(`\n${after_}\n`)]);
    const verified = await ours({ export: bytes, published: ledger.published }, key);
    equal(objection({ files: whole, seq: 33 }, verified), undefined, `bit ${bit}`);
  }
});

test('what the key rewrote after the last published checkpoint is not found, nor said to be proven', async (t) => {
  const verified = await both(t, rewriteTheTail(ledger));
  deepEqual(verified, { kind: 'holds', entries: 64, from: 1, to: 64, checkpoints: 3, upTo: 60 });
});

test('a part holds as that part, proven by each checkpoint that was published within it', async (t) => {
  const of = async (from: number, to: number) => inShort(await both(t, filesOf(partOf(from, to), ledger.published)));
  equal(await of(30, 64), 'holds: entries 30 to 64, proven up to 60');
  equal(await of(21, 50), 'holds: entries 21 to 50, proven up to 40');
  equal(await of(61, 62), 'holds: entries 61 to 62, proven up to 60');
  // What the ledger's key alone vouches for.
  equal(await of(45, 50), 'holds: entries 45 to 50, proven up to 0');
});

test('a part whose own checkpoint was published is proven to its end', async (t) => {
  const lines = partOf(5, 17, ledger.entries.slice(0, 60));
  const verified = await both(t, filesOf(lines, ledger.published));
  deepEqual(verified, { kind: 'holds', entries: 13, from: 5, to: 17, checkpoints: 1, upTo: 17 });
});

test('a part of a ledger that was altered before it does not hold', async (t) => {
  const lines = partOf(30, 50, ledger.entries.with(2, anEntry(3, { salt: 'altered' })));
  const forged = await both(t, filesOf(lines, ledger.published));
  equal(objection({ files: whole, seq: 30 }, forged), undefined);
  match(forged.kind === 'broken' ? forged.reason : '', /lies between entry 1 and 40$/);
  const unsigned = await both(t, filesOf(lines.with(0, partOf(30, 50)[0]!), ledger.published));
  equal(objection({ files: whole, seq: 30 }, unsigned), undefined);
  match(unsigned.kind === 'broken' ? unsigned.reason : '', /lies between entry 1 and 64$/);
});

test('two published roots of one size are a fork, and nothing holds', async (t) => {
  const root = Buffer.alloc(32, 7);
  const fork = ledger.signer.sign(checkpointText({ origin: ledger.origin, size: 40, root }));
  const verified = await both(t, filesOf(ledger.lines, `${ledger.published}\n${fork}`));
  match(verified.kind === 'broken' && verified.seq === 0 ? verified.reason : '', /size 40 .* forked/);
});

test('a published root that is not the one of its entries shows that the ledger was rewritten', async (t) => {
  const note = ledger.signer.sign(checkpointText({ origin: ledger.origin, size: 33, root: Buffer.alloc(32, 7) }));
  const verified = await both(t, filesOf(ledger.lines, `${note}${ledger.published}`));
  equal(objection({ files: whole, seq: 21, until: 33 }, verified), undefined);
});

test('checkpoints hold in any order, more than once, and signed by witnesses too', async (t) => {
  const notes = ledger.published.split(/(?<=\n)\n(?=countersign)/);
  equal(notes.length, 3);
  const witnessed = `${notes[0]}\u2014 witness.test AAAAAAAA\n`;
  const published = `\n${notes[2]}${witnessed}\n\n${notes[1]}\n${notes[2]}`;
  equal(inShort(await both(t, filesOf(ledger.lines, published))), inShort(await ours(whole, key)));
});

test('nothing holds without a published checkpoint, a header or an entry that can be read', async (t) => {
  const files: readonly Files[] = [
    filesOf(ledger.lines, ''),
    filesOf(ledger.lines, 'not a note\n'),
    filesOf(ledger.lines, ledger.published.replaceAll('\n', '\r\n')),
    { export: Buffer.alloc(0), published: ledger.published },
    filesOf(ledger.lines.slice(1), ledger.published),
    filesOf(partOf(1, 65), ledger.published),
    filesOf(partOf(0, 64), ledger.published),
    filesOf(partOf(65, 64), ledger.published),
    filesOf(['null', ...ledger.lines.slice(1)], ledger.published),
  ];
  for (const one of files) equal(inShort(await both(t, one)), 'broken at entry 0, held up to 0');
  const blank = filesOf(ledger.lines.toSpliced(31, 0, ''), ledger.published);
  equal(inShort(await both(t, blank)), 'broken at entry 31, held up to 20');
  const after64 = filesOf([...ledger.lines, ledger.lines[64]!], ledger.published);
  equal(inShort(await both(t, after64)), 'broken at entry 65, held up to 60');
});

test('the empty ledger holds against its own checkpoint', async (t) => {
  const { signer, origin } = ledger;
  const empty = buildExport([], { signer, origin, checkpointEvery: 20 });
  const note = signer.sign(checkpointText({ origin, size: 0, root: empty.prover.root(0) }));
  const verified = await both(t, filesOf([...empty.lines()], note));
  deepEqual(verified, { kind: 'holds', entries: 0, from: 1, to: 0, checkpoints: 0, upTo: 0 });
  equal(inShort(await both(t, filesOf([...empty.lines()], ledger.published))), 'broken at entry 1, held up to 0');
});

test('lines end at newlines only, and bytes that are no text are refused after the lines before them', async () => {
  async function* chunks(...all: readonly (string | Buffer)[]) {
    for (const one of all) yield Buffer.from(one);
  }
  const read = async (source: AsyncIterable<Uint8Array>) => {
    const lines: string[] = [];
    try {
      for await (const line of linesOf(source)) lines.push(line);
    } catch (error) {
      equal(error instanceof LedgerFileInvalid, true);
      lines.push('refused');
    }
    return lines;
  };
  deepEqual(await read(chunks('a\u2028b\r\n', '\nc', 'd\n', 'e')), ['a\u2028b\r', '', 'cd', 'e']);
  deepEqual(await read(chunks()), []);
  deepEqual(await read(chunks(Buffer.from('é').subarray(0, 1), Buffer.from('é').subarray(1), '\n')), ['é']);
  deepEqual(await read(chunks(Buffer.from('YQpi/wpj', 'base64'), '\nd')), ['a', 'refused']);
});
