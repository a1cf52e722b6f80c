// Whether a process lives, or stands still, for tests that kill and freeze some.
import { spawnSync } from 'node:child_process';

/** True while the process runs. One that is dead and not yet buried by its parent is dead. */
export function isAlive(pid: number): boolean {
  return pid > 0 && !['', 'Z'].includes(stateOf(pid));
}

/** True while the process is stopped by SIGSTOP. */
export const isFrozen = (pid: number): boolean => stateOf(pid) === 'T';

/** The letter that `ps` gives it; '' when there is no such process. */
function stateOf(pid: number): string {
  const { stdout } = spawnSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' });
  return stdout.trim().slice(0, 1);
}
