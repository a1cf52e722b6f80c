// The agents' folder as a revision of git has it, laid beside the folder itself, so that what it imports resolves as there.
// May import Node. Guarantees: nothing of the repository is changed, its index and its working tree included; what was laid
// there is gone when it is left, however this process ends but by SIGKILL.
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';

// 60 s: git lays a folder of a hundred files in a tenth of a second; past it it waits for somebody.
const GIT_LIMIT_MS = 60_000;
// What a shell reports after Ctrl-C.
const INTERRUPTED = 130;
const SIGNS_OF_AN_END = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Rules to hold others against. */
export interface OtherRules {
  readonly folder: string;
  /** In words, for people. */
  readonly name: string;
  leave(): void;
}

/**
 * A folder by its name, or else a revision, of which the same agents' folder is laid out. Throws a sentence where there is
 * neither, or both.
 */
export async function otherRules(agentsFolder: string, against: string): Promise<OtherRules> {
  const folder = resolve(agentsFolder);
  if (!existsSync(folder)) throw new Error(`there is no folder ${folder}; name the folder that holds your agents`);
  const isFolder = existsSync(against) && statSync(against).isDirectory();
  // A path says that it is one; a plain name may be a branch's.
  if (isFolder && /^(?:\.|\/)/.test(against))
    return { folder: resolve(against), name: against, leave: () => undefined };
  const top = await git(folder, 'rev-parse', '--show-toplevel').catch((error: unknown) => {
    if (isFolder) return undefined;
    throw new Error(`there is no folder ${against}, and ${folder} is in no git repository (${sentenceOf(error)})`);
  });
  const commit =
    top &&
    (await git(folder, 'rev-parse', '--verify', '--quiet', '--end-of-options', `${against}^{commit}`).catch(
      () => undefined,
    ));
  if (isFolder && commit) throw new Error(`"${against}" is a folder and a revision: write ./${against} for the folder`);
  if (isFolder) return { folder: resolve(against), name: against, leave: () => undefined };
  if (!top || !commit) throw new Error(`there is no folder ${against}, and git knows no such revision in ${top}`);
  const path = (await git(folder, 'rev-parse', '--show-prefix')).replace(/\/$/, '');
  return layOut({ folder, top, path, commit, name: `${against} (${commit.slice(0, 12)})` });
}

interface Laying {
  readonly folder: string;
  /** Of the repository, and of the folder in it, '' where they are one. */
  readonly top: string;
  readonly path: string;
  readonly commit: string;
  readonly name: string;
}

/** A tree of git's in a new folder, by an index of our own. */
async function layOut({ folder, top, path, commit, name }: Laying): Promise<OtherRules> {
  const kind = await git(top, 'cat-file', '-t', `${commit}:${path}`).catch(() => undefined);
  if (kind !== 'tree') throw new Error(`${name} has no folder ${path}`);
  const { laid, leave } = temporaryBeside(folder);
  const own = mkdtempSync(join(tmpdir(), 'countersign-index-'));
  try {
    const env = { GIT_INDEX_FILE: join(own, 'index') };
    await gitWith(env, top, 'read-tree', `${commit}:${path}`);
    await gitWith(env, top, 'checkout-index', '--all', `--prefix=${laid}/`);
    // Where packages lie in the folder itself, which no repository keeps.
    const packages = join(folder, 'node_modules');
    if (existsSync(packages) && !existsSync(join(laid, 'node_modules')))
      symlinkSync(packages, join(laid, 'node_modules'));
    return { folder: laid, name, leave };
  } catch (error) {
    leave();
    throw new Error(`git could not lay out ${path} of ${name}: ${sentenceOf(error)}`, { cause: error });
  } finally {
    rmSync(own, { recursive: true, force: true });
  }
}

/** As deep as the folder, so that a path out of it leads to the same. A name with a dot is no agent's, nor a build's. */
function temporaryBeside(folder: string): { readonly laid: string; readonly leave: () => void } {
  const laid = mkdtempSync(join(dirname(folder), `.${basename(folder)}-of-revision-`));
  const remove = () => rmSync(laid, { recursive: true, force: true });
  const interrupted = () => process.exit(INTERRUPTED);
  process.once('exit', remove);
  for (const sign of SIGNS_OF_AN_END) process.once(sign, interrupted);
  return {
    laid,
    leave() {
      process.off('exit', remove);
      for (const sign of SIGNS_OF_AN_END) process.off(sign, interrupted);
      remove();
    },
  };
}

const git = (folder: string, ...args: readonly string[]): Promise<string> => gitWith({}, folder, ...args);

async function gitWith(env: NodeJS.ProcessEnv, folder: string, ...args: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)('git', ['-C', folder, ...args], {
    env: { ...process.env, ...env },
    timeout: GIT_LIMIT_MS,
  });
  return stdout.trim();
}

/** What git says, or that there is none. */
function sentenceOf(error: unknown): string {
  const { code, stderr = '' } = error as { readonly code?: unknown; readonly stderr?: string };
  if (code === 'ENOENT') return 'git is not installed';
  return stderr.trim().split('\n')[0] || String(error);
}
