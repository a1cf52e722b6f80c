// Both verifiers of the ledger's files, to be asked the same. Node built-ins only.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { linesOf } from '../../trust/ledger-file.ts';
import { type Verified, verifyExport } from '../../trust/verify-ledger.ts';
import { run } from './children.ts';
import type { Files, Tampered } from './ledger-mutations.ts';

// 60 s: Python needs well under a second for some thousand entries, on a machine that is not busy.
const PYTHON_LIMIT_MS = 60_000;

export async function ours({ export: bytes, published }: Files, verifierKey: string): Promise<Verified> {
  return verifyExport(linesOf(chunksOf(bytes)), published, verifierKey);
}

/** What both verifiers say of files, in the same few words. */
export function inShort(verified: Verified): string {
  return verified.kind === 'holds'
    ? `holds: entries ${verified.from} to ${verified.to}, proven up to ${verified.upTo}`
    : `broken at entry ${verified.seq}, held up to ${verified.upTo}`;
}

/** What the Python verifier says, in short. It writes the files to the folder. */
export async function pythons(files: Files, verifierKey: string, folder: string): Promise<string> {
  const paths = { export: join(folder, 'export.jsonl'), published: join(folder, 'checkpoints') };
  await writeFile(paths.export, files.export);
  await writeFile(paths.published, files.published);
  const { code, output } = await run('python3', ['docs/verify-ledger.py', paths.export, paths.published, verifierKey], {
    limitMs: PYTHON_LIMIT_MS,
  });
  const short = /^(holds: entries \d+ to -?\d+, proven up to \d+|broken at entry \d+, held up to \d+)/.exec(
    output,
  )?.[0];
  if (short === undefined || (code === 0) !== short.startsWith('holds')) return `exit ${code}: ${output}`;
  return short;
}

export async function hasPython(): Promise<boolean> {
  return (await run('python3', ['--version'], { limitMs: PYTHON_LIMIT_MS })).code === 0;
}

/** Why a verifier's answer to a tampering is not the one that is due; undefined when it is. */
export function objection({ seq, until }: Tampered, verified: Verified): string | undefined {
  if (verified.kind === 'holds') return `not found: ${inShort(verified)}`;
  const says = `${verified.seq} (${verified.reason})`;
  if (verified.seq !== seq) return `the first bad entry is ${seq}, not ${says}`;
  const range = until === undefined || until === seq ? undefined : `lies between entry ${seq} and ${until}`;
  return range === undefined || verified.reason.includes(range) ? undefined : `it ${range}, not: ${says}`;
}

/** In small chunks that tear lines and characters, as a stream of a file may. */
async function* chunksOf(bytes: Buffer): AsyncGenerator<Buffer> {
  const size = 10_007;
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}
