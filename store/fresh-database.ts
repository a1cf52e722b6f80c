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
    await removeUnfinished(dirname(dataDir), `${basename(dataDir)}.`, 0);
    if (!(await isEmpty(dataDir))) return;
    const kept = (await keptFor(keptIn)) ?? (await keep(keptIn, make));
    await cp(kept, copy, { recursive: true });
    if ((await digestOf(copy)) === digestIn(kept)) await rename(copy, dataDir);
    else await removeAll(kept);
  } catch {
    // A folder that cannot be written, a full disk: what opens the empty folder makes a database in it, or says why not.
  } finally {
    await removeAll(copy).catch(() => undefined);
  }
}

/** None where there is no such folder. */
const namesIn = async (folder: string, prefix = ''): Promise<readonly string[]> =>
  (await readdir(folder).catch(() => [])).filter((name) => name.startsWith(prefix));
const isEmpty = async (folder: string): Promise<boolean> => (await namesIn(folder)).length === 0;
const removeAll = (path: string): Promise<void> => rm(path, { recursive: true, force: true });
const unfinished = (folder: string): string => `${folder}.${randomUUID()}${UNFINISHED}`;
const PREFIX = 'pglite-';
/** What is kept bears the digest of its files in its name, so that name and files come together or not at all. */
const digestIn = (kept: string): string => kept.slice(kept.lastIndexOf('-') + 1);

async function keptFor(keptIn: string): Promise<string | undefined> {
  const [name] = await namesIn(keptIn, await prefixOf());
  return name === undefined ? undefined : join(keptIn, name);
}

async function keep(keptIn: string, make: (dataDir: string) => Promise<void>): Promise<string> {
  const folder = unfinished(join(keptIn, `${PREFIX}made`));
  try {
    await make(folder);
    const prefix = await prefixOf();
    const kept = join(keptIn, `${prefix}${await digestOf(folder)}`);
    await rename(folder, kept);
    await removeUnfinished(keptIn, PREFIX, STALE_MS);
    // Those of other versions. Whoever copies one of them sees that it is not whole.
    const isOther = (name: string) => !name.startsWith(prefix) && !name.endsWith(UNFINISHED);
    await Promise.all((await namesIn(keptIn, PREFIX)).filter(isOther).map((name) => removeAll(join(keptIn, name))));
    return kept;
  } catch (error) {
    // Another one was quicker.
    const kept = await keptFor(keptIn);
    if (kept === undefined) throw error;
    return kept;
  } finally {
    await removeAll(folder);
  }
}

/** What killed processes have left, once it is so old. */
async function removeUnfinished(folder: string, prefix: string, staleMs: number): Promise<void> {
  for (const name of (await namesIn(folder, prefix)).filter((one) => one.endsWith(UNFINISHED))) {
    const path = join(folder, name);
    const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: Infinity }));
    if (Date.now() - mtimeMs >= staleMs) await removeAll(path);
  }
}

/** Of the names of all files and folders, and of what the files hold: some 40 MB. */
async function digestOf(folder: string): Promise<string> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const found = entries.map((entry) => ({ path: join(entry.parentPath, entry.name), isFile: entry.isFile() }));
  const hash = createHash('sha256');
  for (const { path, isFile } of found.toSorted((one, other) => (one.path < other.path ? -1 : 1))) {
    const bytes = isFile ? await readFile(path) : '';
    hash.update(`${path.slice(folder.length)}\0${bytes.length}\0`).update(bytes);
  }
  return hash.digest('hex');
}

async function prefixOf(): Promise<string> {
  const entry = createRequire(import.meta.url).resolve('@electric-sql/pglite');
  const { version } = JSON.parse(await readFile(join(dirname(entry), '..', 'package.json'), 'utf8'));
  return `${PREFIX}${String(version)}-`;
}
