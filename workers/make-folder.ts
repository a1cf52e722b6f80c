// Making a folder with its parents, one after the other. `mkdir` with `recursive` never returns where the file system
// answers that a parent is missing though it is there (Node 20, under /proc), and no signal gets through meanwhile.
import { existsSync, mkdirSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

/** Make it, private to this user; nothing happens when it is there. Throws what the file system says. */
export function makeFolder(path: string): void {
  const missing: string[] = [];
  let folder = resolve(path);
  for (; !existsSync(folder); folder = dirname(folder)) missing.unshift(folder);
  if (!statSync(folder).isDirectory()) throw new Error(`${folder} is a file, not a folder; move it away`);
  for (const one of missing) {
    try {
      mkdirSync(one, { mode: 0o700 });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error; // another process was quicker
    }
  }
}
