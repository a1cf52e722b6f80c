// `countersign keys`: keys of roles are made, and the keys of people wrapped anew. May import commander.
import type { Command } from 'commander';

export function registerKeys(program: Command): void {
  const keys = program
    .command('keys')
    .description('make a pair of signing keys, for a role that signs (api or workflows) or for the ledger')
    .action(async () => {
      const { createSigner, generateSigningKey } = await import('../trust/signing.ts');
      const privateKey = generateSigningKey();
      process.stdout.write(`private ${privateKey}\npublic  ${createSigner('api', privateKey).publicKey}\n`);
    });
  keys
    .command('rotate')
    .option('--dry-run', 'only say how many keys are left', false)
    .option('--by <person>', 'who does it, for the record')
    .description(
      'wrap the keys of people anew under the first of two master keys; DATABASE_URL is that of the store’s owner',
    )
    .action(async (options: { dryRun: boolean; by?: string }) => {
      const { rotate } = await import('../workers/master-keys.ts');
      const report = (line: string) => void process.stderr.write(`${line}\n`);
      process.stdout.write(`${await rotate(options, process.env, report)}\n`);
    });
  keys
    .command('export')
    .description(
      'write the keys of people, as they lie wrapped in the store, to standard output; for a backup by itself',
    )
    .action(async () => {
      const { exportKeys } = await import('../workers/master-keys.ts');
      const { pipeline } = await import('node:stream/promises');
      await pipeline(exportKeys(process.env), process.stdout, { end: false });
    });
  keys
    .command('import')
    .argument('<file>', 'what keys export has written')
    .description('bring the keys of people back, after the store was lost and before a rebuild; stop all roles first')
    .action(async (file: string) => {
      const { importKeys } = await import('../workers/master-keys.ts');
      process.stdout.write(`${await importKeys(file, process.env)}\n`);
    });
}
