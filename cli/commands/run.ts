// What every command of a client has in common. May import commander.
import type { Context } from './context.ts';

export const AS = [
  '--as <name>',
  'development identity to use: its id, name or role; by default the fitting one',
] as const;

/** With what a command needs; loaded when it is called. */
export async function run(command: (context: Context) => Promise<number>): Promise<void> {
  const { runCommand } = await import('./context.ts');
  await runCommand(command);
}
