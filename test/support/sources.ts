// The project's own files, found by walking the tree, so that nothing depends on git or on a shell's globs. Node
// built-ins only. Guarantees: paths from the root with forward slashes, sorted, the same on every machine.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The root of the project. */
export const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

// What others made: packages, the build, the state of a running system, git's own.
const NOT_OURS = new Set(['node_modules', 'dist', '.countersign', '.git', 'coverage']);

/** Every TypeScript and JavaScript file of the project, such as "domain/action.ts". */
export function sourceFiles(folder = ''): readonly string[] {
  return readdirSync(join(ROOT, folder), { withFileTypes: true })
    .flatMap((entry) => {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
      if (entry.isDirectory()) return NOT_OURS.has(entry.name) ? [] : sourceFiles(path);
      return /\.(?:ts|mts|mjs|js)$/.test(entry.name) ? [path] : [];
    })
    .toSorted();
}

export function readSource(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}
