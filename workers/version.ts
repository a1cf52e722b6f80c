// Which version of this software runs. May import Node only.
import { existsSync, readFileSync } from 'node:fs';

/** From package.json, which lies above the sources, and above what is built of them. */
export function ownVersion(): string {
  const found = ['../package.json', '../../package.json']
    .map((path) => new URL(path, import.meta.url))
    .find(existsSync);
  if (found === undefined) return 'unknown';
  return (JSON.parse(readFileSync(found, 'utf8')) as { readonly version: string }).version;
}
