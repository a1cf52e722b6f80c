// What the tests of the start share: temporary folders, and child processes seen line by line.
import { type ChildProcess, spawn, type SpawnOptions } from 'node:child_process';
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../../', import.meta.url));
export { FROM_SOURCE } from '../support/children.ts';

const cleanups = new WeakMap<TestContext, (() => unknown)[]>();

/** Run at the end of the test, last one first: what was opened last is closed first. */
export function atEnd(t: TestContext, cleanup: () => unknown): void {
  const known = cleanups.get(t);
  if (known !== undefined) return void known.push(cleanup);
  const stack = [cleanup];
  cleanups.set(t, stack);
  t.after(async () => {
    for (const next of stack.toReversed()) await next();
  });
}

export function temporaryFolder(t: TestContext): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'countersign-test-')));
  atEnd(t, () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export interface Seen {
  readonly process: ChildProcess;
  /** All that it has printed so far, both streams. */
  readonly output: () => string;
  /** Resolves to the output once it contains the words; rejects when the program ends without them. */
  readonly says: (words: string) => Promise<string>;
  readonly ended: Promise<{
    readonly code: number | null;
    readonly signal: NodeJS.Signals | null;
    readonly output: string;
  }>;
}

/** Run Node on these arguments and watch it. Killed at the end of the test, if it still lives. */
export function runNode(t: TestContext, args: readonly string[], options: SpawnOptions = {}): Seen {
  const child = spawn(process.execPath, [...args], { stdio: ['ignore', 'pipe', 'pipe'], ...options });
  let output = '';
  const listeners = new Set<() => void>();
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk) => {
      output += String(chunk);
      for (const listener of listeners) listener();
    });
  }
  const ended = new Promise<{ code: number | null; signal: NodeJS.Signals | null; output: string }>((resolve) => {
    child.once('close', (code, signal) => resolve({ code, signal, output }));
  });
  atEnd(t, () => child.kill('SIGKILL'));
  const says = (words: string) =>
    new Promise<string>((resolve, reject) => {
      const look = () => {
        if (!output.includes(words)) return;
        listeners.delete(look);
        resolve(output);
      };
      listeners.add(look);
      look();
      void ended.then(() => reject(new Error(`ended without saying "${words}":\n${output}`)));
    });
  return { process: child, output: () => output, says, ended };
}
