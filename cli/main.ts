// The `countersign` command: what starts processes here, and clients of the API in commands/. Loads a part only when
// its command is called, so that a look-up is not slowed by the worker's libraries.
import { Command } from 'commander';
import { registerClientCommands } from './commands/register.ts';

const program = new Command('countersign')
  .description('An AI agent that cannot lose its place, and cannot act without leave.')
  .showHelpAfterError();

program
  .command('start')
  .argument('[agents]', 'folder with directory.ts and one folder per agent', './agents')
  .description('run everything in one process, for development')
  .action(async (agentsFolder: string) => {
    const { composeStart } = await import('./start/compose.ts');
    const { runStart } = await import('./start/run.ts');
    process.exit(await runStart({ agentsFolder, env: process.env, parts: composeStart() }));
  });

program
  .command('run')
  .argument('<role>', 'api, workflows, assistant or actor')
  .argument('[agents]', 'folder with directory.ts and one folder per agent', './agents')
  .description('run one role as a process of its own, as production does')
  .action(async (role: string, agentsFolder: string) => {
    const { runRole } = await import('../workers/process.ts');
    const { SERVING_ROLES } = await import('../workers/config-table.ts');
    const known = SERVING_ROLES.find((one) => one === role);
    if (known === undefined) throw new Error(`there is no role "${role}"; name one of ${SERVING_ROLES.join(', ')}`);
    process.exit(await runRole(known, agentsFolder, process.env));
  });

program
  .command('keys')
  .description('make a pair of signing keys for a role that signs (api or workflows)')
  .action(async () => {
    const { createSigner, generateSigningKey } = await import('../trust/signing.ts');
    const privateKey = generateSigningKey();
    process.stdout.write(`private ${privateKey}\npublic  ${createSigner('api', privateKey).publicKey}\n`);
  });

registerClientCommands(program);

program.parseAsync().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
