// Child processes of the test commands: run one to its end within a limit, whole output kept or passed on. A child is a
// group of its own, and the group is ended by its pid, so that nothing it started outlives it. Node built-ins only.
import { spawn } from 'node:child_process';
import { ROOT } from './sources.ts';

/** Node's arguments as cli/bootstrap.mjs gives them, which read whatever TypeScript an agent is written in. */
export const BY_TSX: readonly string[] = ['--conditions=source', '--import', import.meta.resolve('tsx')];

// Since Node 22.18; the types are of the oldest Node that is supported.
const readsTypeScript = Boolean((process.features as { readonly typescript?: unknown }).typescript);

/** Node's arguments that run a file of this tree. A Node that reads TypeScript by itself takes half of the time to start. */
export const FROM_SOURCE: readonly string[] = readsTypeScript
  ? ['--conditions=source']
  : ['--enable-source-maps', ...BY_TSX];

// 5 s: what a child gets to stop its own children in order, after SIGTERM; then the whole group is killed.
const GRACE_MS = 5_000;
// What a shell reports after Ctrl-C.
const INTERRUPTED = 130;
const SIGNS_OF_AN_END = ['SIGINT', 'SIGTERM', 'SIGHUP', 'disconnect'];

export interface Ended {
  /** The exit code; 1 when a signal or the limit ended it. */
  readonly code: number;
  /** Standard output and error, in the order in which they came. */
  readonly output: string;
  readonly seconds: number;
  readonly timedOut: boolean;
}

export interface RunOptions {
  readonly limitMs: number;
  /** Show the output as it comes, and keep it too. */
  readonly show?: boolean;
  readonly env?: Readonly<Record<string, string>>;
}

/** Run a program in the root of the project. Never rejects: a program that cannot start has code 1 and says why. */
export function run(command: string, args: readonly string[], options: RunOptions): Promise<Ended> {
  const startedMs = Date.now();
  const env = { ...process.env, ...options.env };
  const child = spawn(command, args, { cwd: ROOT, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  let timedOut = false;
  const keep = (chunk: Buffer) => {
    output += chunk.toString();
    if (options.show === true) process.stdout.write(chunk);
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);

  const limit = setTimeout(() => {
    timedOut = true;
    keep(Buffer.from(`\n${command} did not end within ${options.limitMs / 1_000} s and was stopped\n`));
    endGroup(child.pid);
  }, options.limitMs);
  // A child in a group of its own hears no Ctrl-C and does not notice the end of its parent: both are passed on.
  const interrupted = () => {
    process.exitCode = INTERRUPTED;
    endGroup(child.pid);
  };
  for (const sign of SIGNS_OF_AN_END) process.once(sign, interrupted);

  return new Promise((resolve) => {
    const settle = (code: number) => {
      clearTimeout(limit);
      for (const sign of SIGNS_OF_AN_END) process.off(sign, interrupted);
      if (process.exitCode === INTERRUPTED) process.exit();
      resolve({ code: timedOut ? 1 : code, output, seconds: (Date.now() - startedMs) / 1_000, timedOut });
    };
    child.once('error', (error) => {
      keep(Buffer.from(`${command}: ${error.message}\n`));
      settle(1);
    });
    child.once('exit', () => signalGroup(child.pid, 'SIGKILL'));
    child.once('close', (code) => settle(code ?? 1));
  });
}

/** Ask a process group to stop; kill it when it has not within the grace time. Knows groups by pid only. */
function endGroup(pid: number | undefined): void {
  signalGroup(pid, 'SIGTERM');
  setTimeout(() => signalGroup(pid, 'SIGKILL'), GRACE_MS).unref();
}

function signalGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // The group has ended already.
  }
}
