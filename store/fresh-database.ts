// A database with nothing in it, made once and copied from then on: PGlite needs ten seconds of a processor to make one,
// and a copy of its thousand files a third of a second. Knows files only. Guarantees: a folder holds a whole database or
// none, whoever is killed in the middle and however many begin at once; where nothing can be kept, nothing is laid.
import { randomUUID } from 'node:crypto';
import { cp, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';

/**
 * Lay a fresh database into `dataDir`, unless it holds anything. `keptIn` is the folder of what is copied, which is made
 * anew for each version of PGlite; `make` makes a database, and closes it. Never rejects.
 */
export async function layFreshDatabase(
  dataDir: string,
  keptIn: string,
  make: (dataDir: string) => Promise<void>,
): Promise<void> {
  if (!(await isEmpty(dataDir))) return;
  try {
    const kept = join(keptIn, `pglite-${await versionOfPglite()}`);
    if (await isEmpty(kept)) await whole(kept, make);
    await whole(dataDir, (unfinished) => cp(kept, unfinished, { recursive: true }));
  } catch {
    // A folder that cannot be written, a full disk: what opens the empty folder makes a database in it, or says why not.
  }
}

const isEmpty = async (folder: string): Promise<boolean> => (await readdir(folder).catch(() => [])).length === 0;

// 10 minutes: making one takes seconds, on a starved machine a minute.
const STALE_MS = 600_000;

/** What is made under another name takes its own at once. */
async function whole(folder: string, make: (unfinished: string) => Promise<void>): Promise<void> {
  await sweep(folder);
  const unfinished = `${folder}.${randomUUID()}${UNFINISHED}`;
  try {
    await make(unfinished);
    await rename(unfinished, folder);
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true });
    // Another one was quicker.
    if (await isEmpty(folder)) throw error;
  }
}

const UNFINISHED = '.unfinished';

/** What killed processes have left beside it. */
async function sweep(folder: string): Promise<void> {
  const beside = await readdir(dirname(folder)).catch(() => []);
  for (const name of beside) {
    if (!name.startsWith(`${basename(folder)}.`) || !name.endsWith(UNFINISHED)) continue;
    const path = join(dirname(folder), name);
    const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: Date.now() }));
    if (Date.now() - mtimeMs > STALE_MS) await rm(path, { recursive: true, force: true });
  }
}

async function versionOfPglite(): Promise<string> {
  const entry = createRequire(import.meta.url).resolve('@electric-sql/pglite');
  const { version } = JSON.parse(await readFile(join(dirname(entry), '..', 'package.json'), 'utf8'));
  return String(version);
}
