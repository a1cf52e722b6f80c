// The proof `ledger`: trees are those of RFC 6962; whatever is done to the files of a ledger, one thing at a time, is found
// and the first bad entry named, by two verifiers in two languages; what cannot be found is shown not to be, and said; a
// million entries are verified in a stream within a time that an auditor waits.
import { createWriteStream } from 'node:fs';
import { stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createNoteSigner } from '../../../trust/note.ts';
import { generateSigningKey } from '../../../trust/signing.ts';
import { FROM_SOURCE, run } from '../../support/children.ts';
import { anEntry, buildExport } from '../../support/ledger-export.ts';
import { createLedger, filesOf, MUTATIONS, rewriteTheTail } from '../../support/ledger-mutations.ts';
import { hasPython, inShort, objection, ours, pythons } from '../../support/ledger-verifiers.ts';
import { knownAnswers } from '../../support/merkle-known-answers.ts';
import { createRandom, type Proof, type ProofContext, type ProofResult, secondsOf } from '../support.ts';
import type { Measured } from './verify.ts';

export const ledger: Proof = { name: 'ledger', run: prove };

const MUTATED = { quick: 200, full: 1_000 };
// The Python verifier checks each note and each proof by itself, and each start costs: a sample.
const ASKED_PYTHON = { quick: 5, full: 20 };
// 1,050 entries with a checkpoint each 100: fifty lie after the last one that was published.
const TAMPERED_SIZE = 1_050;
const TAMPERED_EVERY = 100;
// A million: some years of a busy system.
const LARGE = { quick: 50_000, full: 1_000_000 };
const LARGE_EVERY = 1_000;
// 30 s for a million entries: an auditor waits for it without a second window. Of CPU, as other processes of this machine
// are not what is measured.
const LARGE_LIMIT_MS = 30_000;
// 64 MB: a small part of the million's 1.5 GB. Were entries kept, the process would end.
const HEAP_MEGABYTES = 64;
const HEAP = `--max-old-space-size=${HEAP_MEGABYTES}`;
// As in the entries of the soak.
const ENTRY_CHARS = [300, 900] as const;

async function prove(context: ProofContext): Promise<ProofResult> {
  const parts = [proveKnownAnswers(context), await proveMutations(context), await proveLarge(context)];
  return {
    cases: parts.reduce((sum, { cases }) => sum + cases, 0),
    violations: parts.flatMap(({ violations }) => violations),
  };
}

function proveKnownAnswers({ log }: ProofContext): ProofResult {
  const answers = knownAnswers();
  const wrong = answers.filter(({ expected, actual }) => expected !== actual);
  log(`known answers of RFC 6962: ${answers.length}, wrong: ${wrong.length}`);
  return { cases: answers.length, violations: wrong.map(({ kind, name }) => `known answer: ${kind} ${name}`) };
}

async function proveMutations({ seed, quick, random, folder, log }: ProofContext): Promise<ProofResult> {
  const one = createLedger(TAMPERED_SIZE, TAMPERED_EVERY, random);
  const key = one.signer.verifierKey;
  const violations: string[] = [];
  const kinds = Object.entries(MUTATIONS);
  const count = quick ? MUTATED.quick : MUTATED.full;
  const python = await hasPython();
  if (!python) violations.push('there is no python3 on the PATH: the second verifier was not asked');
  const askEach = Math.floor(count / (quick ? ASKED_PYTHON.quick : ASKED_PYTHON.full));
  const asked = random.between(0, askEach - 1);
  let second = 0;

  // The control: as it was published it holds. And what nobody can find holds too, without being said to be proven.
  const holds = `holds: entries 1 to ${TAMPERED_SIZE}, proven up to ${one.last}`;
  for (const files of [filesOf(one.lines, one.published), rewriteTheTail(one)]) {
    const said = [inShort(await ours(files, key)), python ? await pythons(files, key, folder) : holds];
    if (said.some((words) => words !== holds)) violations.push(`"${said.join('", "')}" instead of "${holds}"`);
  }

  for (let tried = 0; tried < count; tried++) {
    const [name, tamper] = kinds[tried % kinds.length]!;
    const caseSeed = random.between(0, 2 ** 31);
    const tampered = tamper(one, createRandom(caseSeed));
    const verified = await ours(tampered.files, key);
    const wrong = objection(tampered, verified);
    if (wrong !== undefined) violations.push(`${name} (seed ${seed}, case ${caseSeed}): ${wrong}`);
    if (!python || tried % askEach !== asked) continue;
    second += 1;
    const theirs = await pythons(tampered.files, key, folder);
    if (theirs !== inShort(verified)) violations.push(`${name} (seed ${seed}, case ${caseSeed}): python3: ${theirs}`);
  }
  log(`mutations: ${count} of ${kinds.length} kinds, not found or not named: ${violations.length}`);
  log(`the verifier in Python was asked of ${second} of them, and of both that hold`);
  log(
    `cannot be found: entries ${one.last + 1} to ${TAMPERED_SIZE}, rewritten by who has the database and the key of the`,
  );
  log('ledger: no published checkpoint covers them, and both verifiers say so');
  return { cases: count + second + 2, violations };
}

async function proveLarge({ quick, seed, folder, log }: ProofContext): Promise<ProofResult> {
  const size = quick ? LARGE.quick : LARGE.full;
  const origin = 'countersign.test/large';
  const signer = createNoteSigner(origin, generateSigningKey());
  const builtMs = Date.now();
  // Made again each time that they are gone through: a million of them are not held in memory.
  const entries = {
    *[Symbol.iterator]() {
      const lengths = createRandom(seed);
      for (let seq = 1; seq <= size; seq++) yield anEntry(seq, { length: lengths.between(...ENTRY_CHARS) });
    },
  };
  const { lines, published } = buildExport(entries, { signer, origin, checkpointEvery: LARGE_EVERY });
  const path = join(folder, 'large.jsonl');
  await pipeline(Readable.from(inBlocks(lines())), createWriteStream(path));
  await writeFile(`${path}.checkpoints`, published);
  const megabytes = (await stat(path)).size / 1e6;
  log(`built and exported: ${size} entries, ${megabytes.toFixed(0)} MB, in ${secondsOf(Date.now() - builtMs)} s`);
  const { output } = await run(
    process.execPath,
    [HEAP, ...FROM_SOURCE, 'test/proofs/ledger/verify.ts', path, `${path}.checkpoints`, signer.verifierKey],
    { limitMs: 10 * LARGE_LIMIT_MS },
  );
  if (!output.startsWith('{')) return { cases: 1, violations: [`the verification did not end: ${output}`] };
  const { verified, tookMs, cpuMs, peakMegabytes } = JSON.parse(output) as Measured;
  log(
    `verified: ${size} entries in ${secondsOf(tookMs)} s (${secondsOf(cpuMs)} s of CPU), in a heap of ${HEAP_MEGABYTES} MB`,
  );
  log(`the most memory that its process held: ${peakMegabytes.toFixed(0)} MB`);
  const violations: string[] = [];
  const holds = `holds: entries 1 to ${size}, proven up to ${size}`;
  if (inShort(verified) !== holds) violations.push(`"${inShort(verified)}" instead of "${holds}"`);
  if (cpuMs > LARGE_LIMIT_MS) violations.push(`${size} entries took ${secondsOf(cpuMs)} s of CPU to verify`);
  return { cases: 1, violations };
}

/** Lines as blocks of some hundred: a write of each by itself would take longer than all the rest. */
function* inBlocks(lines: Iterable<string>): Generator<string> {
  let block = '';
  for (const line of lines) {
    block += `${line}\n`;
    if (block.length < 1_000_000) continue;
    yield block;
    block = '';
  }
  yield block;
}
