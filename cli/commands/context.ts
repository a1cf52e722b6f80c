// What every client command gets, and how one is run: its failures become one sentence and an exit code.
import { ConfigInvalid } from '../../workers/config.ts';
import { type Client, createClient } from '../client.ts';
import { CommandFailed, EXIT } from '../failure.ts';
import { findTarget, type Wanted } from '../target.ts';
import { createTerminal, plain, type Terminal } from '../terminal.ts';

export interface Context {
  readonly terminal: Terminal;
  readonly env: NodeJS.ProcessEnv;
  readonly nowMs: () => number;
}

/** Options that all client commands have. */
export interface AsOption {
  readonly as?: string;
}

/** The client for what the command needs. Throws a sentence when nobody is there to talk to. */
export function connect({ env }: Context, scope: Wanted['scope'], { as }: AsOption): Client {
  return createClient(findTarget(env, { scope, as }));
}

/** Run a command; its result is the exit code. */
export async function runCommand(command: (context: Context) => Promise<number>): Promise<void> {
  // A reader that had enough, such as `head`, is no failure.
  process.stdout.on('error', (error: NodeJS.ErrnoException) =>
    process.exit(error.code === 'EPIPE' ? EXIT.done : EXIT.failed),
  );
  const terminal = createTerminal(process);
  try {
    process.exitCode = await command({ terminal, env: process.env, nowMs: Date.now });
  } catch (error) {
    if (!isForPeople(error)) throw error;
    terminal.complain(plain(error.message));
    process.exitCode = EXIT.failed;
  }
}

/** True for a failure whose message is a sentence for people; any other is a bug of ours. */
export function isForPeople(error: unknown): error is Error {
  return error instanceof CommandFailed || error instanceof ConfigInvalid;
}
