// The commands of the ledger, as the command line names them. May import commander.
import type { Command } from 'commander';
import type { CheckpointOptions, ExportOptions, VerifyOptions } from './ledger.ts';
import { AS, run } from './run.ts';

export function registerLedger(program: Command): void {
  const ledger = program.command('ledger').description('the record of what happened: export, verify, last checkpoint');
  ledger
    .command('export')
    .argument('<file>', 'where to write it; it gets this name once it is whole')
    .description('take an export with proofs against the last checkpoint; that is itself an entry')
    .option('--from <entry>', 'the first entry; by default 1')
    .option('--to <entry>', 'the last one; by default the last that the checkpoint covers')
    .option(...AS)
    .action((file: string, options: ExportOptions) =>
      run(async (context) => (await import('./ledger.ts')).exportLedger(context, file, options)),
    );
  ledger
    .command('verify')
    .argument('<file>', 'an export')
    .argument(
      '<checkpoints>',
      'the checkpoints that were published, kept where nobody of the database could change them',
    )
    .description('hold an export against what was published, offline; names the first entry that is not right')
    .option('--key <key>', 'the verifier key, or a file with it; by default the file beside the checkpoints, .key')
    .addHelpText('after', '\nExit codes: 0 it holds; 1 it is broken, or could not be read.')
    .action((file: string, checkpoints: string, options: VerifyOptions) =>
      run(async (context) => (await import('./ledger.ts')).verifyLedger(context, file, checkpoints, options)),
    );
  ledger
    .command('checkpoint')
    .description('print the last signed checkpoint')
    .option('--key', 'print the key that verifies it instead')
    .option(...AS)
    .action((options: CheckpointOptions) =>
      run(async (context) => (await import('./ledger.ts')).showCheckpoint(context, options)),
    );
}
