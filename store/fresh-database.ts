// A database with nothing in it, made once and copied from then on: PGlite needs ten seconds of a processor to make one,
// and a copy of its thousand files, each looked at, half a second. Knows files only. Guarantees: what is laid is to the last
// byte what was made and closed in good order, whatever becomes of the kept one, whoever is killed and however many begin
// at once; where that cannot be, nothing is laid.
import { createHash, randomUUID } from 'node:crypto';
import { cp, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';

const UNFINISHED = '.unfinished';
// 10 minutes: making one takes seconds, on a starved machine a minute.
const STALE_MS = 600_000;

/**
 * Lay a fresh database into `dataDir`, unless it holds anything; the caller has the lock on it. `keptIn` is the folder of
 * what is copied, of which there is one for the installed version of PGlite; `make` makes a database, and closes it. Never
 * rejects.
 */
export async function layFreshDatabase(
  dataDir: string,
  keptIn: string,
  make: (dataDir: string) => Promise<void>,
): Promise<void> {
  const copy = unfinished(dataDir);
  try {
    // Nobody else works beside a folder that is locked.
    await sweep(dirname(dataDir), `${basename(dataDir)}.`, 0);
    if (!(await isEmpty(dataDir))) return;
    const kept = (await keptFor(keptIn)) ?? (await keep(keptIn, make));
    await cp(kept, copy, { recursive: true });
    if ((await digestOf(copy)) === digestIn(kept)) await rename(copy, dataDir);
    else await rm(kept, { recursive: true, force: true });
  } catch {
    // A folder that cannot be written, a full disk: what opens the empty folder makes a database in it, or says why not.
  } finally {
    await rm(copy, { recursive: true, force: true }).catch(() => undefined);
  }
}

const isEmpty = async (folder: string): Promise<boolean> => (await readdir(folder).catch(() => [])).length === 0;
const unfinished = (folder: string): string => `${folder}.${randomUUID()}${UNFINISHED}`;
const PREFIX = 'pglite-';
/** What is kept bears the digest of its files in its name, so that name and files come together or not at all. */
const digestIn = (kept: string): string => kept.slice(kept.lastIndexOf('-') + 1);

async function keptFor(keptIn: string): Promise<string | undefined> {
  const prefix = await prefixOf();
  const name = (await readdir(keptIn).catch(() => [])).find((one) => one.startsWith(prefix));
  return name === undefined ? undefined : join(keptIn, name);
}

async function keep(keptIn: string, make: (dataDir: string) => Promise<void>): Promise<string> {
  const folder = unfinished(join(keptIn, `${PREFIX}made`));
  try {
    await make(folder);
    const prefix = await prefixOf();
    const kept = join(keptIn, `${prefix}${await digestOf(folder)}`);
    await rename(folder, kept);
    // Of other versions, and what was cut short. Whoever copies one of them sees that it is not whole.
    await sweep(keptIn, PREFIX, STALE_MS, prefix);
    return kept;
  } catch (error) {
    // Another one was quicker.
    const kept = await keptFor(keptIn);
    if (kept === undefined) throw error;
    return kept;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Remove what begins so: what is unfinished once it is so old, and what is whole but for those that stay, where any do. */
async function sweep(folder: string, prefix: string, staleMs: number, stays?: string): Promise<void> {
  for (const name of await readdir(folder).catch(() => [])) {
    if (!name.startsWith(prefix)) continue;
    const path = join(folder, name);
    const isOld = async () => Date.now() - (await stat(path)).mtimeMs >= staleMs;
    const goes = name.endsWith(UNFINISHED)
      ? await isOld().catch(() => false)
      : stays !== undefined && !name.startsWith(stays);
    if (goes) await rm(path, { recursive: true, force: true });
  }
}

/** Of the names of all files and folders, and of what the files hold: some 40 MB. */
async function digestOf(folder: string): Promise<string> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries.map((entry) => ({ path: join(entry.parentPath ?? entry.path, entry.name), is: entry }));
  const hash = createHash('sha256');
  for (const { path, is } of paths.toSorted((one, other) => (one.path < other.path ? -1 : 1))) {
    hash.update(`${path.slice(folder.length)}\0`);
    if (is.isFile())
      hash.update(
        createHash('sha256')
          .update(await readFile(path))
          .digest(),
      );
  }
  return hash.digest('hex');
}

async function prefixOf(): Promise<string> {
  const entry = createRequire(import.meta.url).resolve('@electric-sql/pglite');
  const { version } = JSON.parse(await readFile(join(dirname(entry), '..', 'package.json'), 'utf8'));
  return `${PREFIX}${String(version)}-`;
}
