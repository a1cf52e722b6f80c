// The peers' packages: a tree of their own beside their lock file, so that nothing of theirs is in the product's. Installed
// by the ordinary npm at a run, and kept for the next.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

export const PEERS = fileURLToPath(new URL('../peers/', import.meta.url));

// 5 minutes: 300 MB, nearly all of them the servers of one peer, over a slow line.
const INSTALL_LIMIT_MS = 5 * 60_000;
// One installation that was cut short is no installation: the stamp is written when npm has ended well.
const STAMP = join(PEERS, 'node_modules', '.lock-sha256');

/** Install them unless the lock file's are there, and say how long it took. Rejects with npm's words when it cannot. */
export async function installPeers(log: (line: string) => void): Promise<void> {
  const wanted = createHash('sha256')
    .update(readFileSync(join(PEERS, 'package-lock.json')))
    .digest('hex');
  if (existsSync(STAMP) && readFileSync(STAMP, 'utf8') === wanted) return;
  log('installing the packages of the peers …');
  const begunMs = performance.now();
  rmSync(STAMP, { force: true });
  // No scripts: one package would tell its maker of each installation.
  const args = ['ci', '--prefix', PEERS, '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  await promisify(execFile)('npm', args, { cwd: PEERS, timeout: INSTALL_LIMIT_MS });
  writeFileSync(STAMP, wanted);
  log(`installed after ${((performance.now() - begunMs) / 1_000).toFixed(0)} s, which count for no limit`);
}
