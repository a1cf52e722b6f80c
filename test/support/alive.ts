// Whether a process lives, for tests that kill some.
import { spawnSync } from 'node:child_process';

/** True while the process runs. One that is dead and not yet buried by its parent is dead. */
export function isAlive(pid: number): boolean {
  if (!(pid > 0)) return false;
  const { stdout } = spawnSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' });
  return stdout.trim() !== '' && !stdout.trim().startsWith('Z');
}
