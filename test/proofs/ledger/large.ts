// The part of the proof `ledger` at size: a million entries are verified in a stream within a time that an auditor waits.
import { createWriteStream } from 'node:fs';
import { stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createNoteSigner } from '../../../trust/note.ts';
import { generateSigningKey } from '../../../trust/signing.ts';
import { FROM_SOURCE, run } from '../../support/children.ts';
import { anEntry, buildExport } from '../../support/ledger-export.ts';
import { inShort } from '../../support/ledger-verifiers.ts';
import { createRandom, type ProofContext, type ProofResult, secondsOf } from '../support.ts';
import type { Measured } from './verify.ts';

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

export async function proveLarge({ quick, seed, folder, log }: ProofContext): Promise<ProofResult> {
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
