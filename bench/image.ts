// The program as the production image runs it: built, on the image's Node, with its agents as files beside it, in a folder
// that is laid out as the image's own. Only the packages are this checkout's, with those that serve tests.
import { execFile } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, realpathSync, symlinkSync } from 'node:fs';
import { arch, platform } from 'node:os';
import { join, relative } from 'node:path';
import { promisify } from 'node:util';
import type { RigOptions } from '../test/proofs/rig/rig.ts';
import { ROOT } from '../test/support/sources.ts';

const runProgram = promisify(execFile);

// 5 minutes: 100 MB over a slow line.
const INSTALL_LIMIT_MS = 5 * 60_000;
// 2 minutes: the compiler needs ten seconds on a free machine.
const BUILD_LIMIT_MS = 2 * 60_000;
/** Names the folder of the image to the processes of a run. */
export const IMAGE = 'BENCH_IMAGE';
/** What the image takes over as it is, and the agents of the bench with all that they import. */
export const COPIED = [
  ...['package.json', 'cli/bootstrap.mjs', 'cli/countersign.mjs'],
  ...['bench/agents', 'bench/words.ts', 'bench/measures/agents', 'test/proofs/agents/prover'],
] as const;

/** The Node that the Dockerfile names: the one that runs us, or a package of it, installed once and kept. */
export async function nodeOfImage(log: (line: string) => void): Promise<string> {
  const wanted = /^FROM node:(\d+)/m.exec(readFileSync(join(ROOT, 'Dockerfile'), 'utf8'))?.[1] ?? '';
  if (process.versions.node.startsWith(`${wanted}.`)) return process.execPath;
  const name = `node-${platform()}-${arch()}`;
  const kept = join(ROOT, 'bench', 'results', `node-${wanted}`);
  const node = join(kept, 'node_modules', name, 'bin', 'node');
  // npm writes it last, so an installation that was cut short has none.
  if (existsSync(join(kept, 'node_modules', '.package-lock.json'))) return node;
  log(`installing Node ${wanted}, on which the image runs …`);
  mkdirSync(kept, { recursive: true });
  const args = ['install', '--no-save', '--no-package-lock', '--ignore-scripts', '--prefix', kept, `${name}@${wanted}`];
  await runProgram('npm', args, { timeout: INSTALL_LIMIT_MS }).catch((error: unknown) => {
    throw new Error(`Node ${wanted} could not be installed; put one on the PATH and run this again. ${String(error)}`);
  });
  return node;
}

/** Build the program into an empty folder. Rejects with the compiler's words. */
export async function makeImage(folder: string): Promise<void> {
  for (const path of COPIED) cpSync(join(ROOT, path), join(folder, path), { recursive: true });
  symlinkSync(realpathSync(join(ROOT, 'node_modules')), join(folder, 'node_modules'));
  const tsc = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
  const args = [tsc, '-p', 'tsconfig.build.json', '--outDir', join(folder, 'dist')];
  await runProgram(process.execPath, args, { cwd: ROOT, timeout: BUILD_LIMIT_MS }).catch((error: unknown) => {
    const { stdout = '' } = error as { readonly stdout?: string };
    throw new Error(`the program could not be built: ${stdout || String(error)}`);
  });
}

/** How a rig runs these agents as the image does; from source where no image was made. */
export function asInImage(agentsFolder: string): Pick<RigOptions, 'agentsFolder' | 'builtAt' | 'unwatched'> {
  const image = process.env[IMAGE];
  if (image === undefined) return { agentsFolder, unwatched: true };
  return { agentsFolder: join(image, relative(ROOT, agentsFolder)), builtAt: image, unwatched: true };
}
