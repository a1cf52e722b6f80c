// The `countersign` command: what starts processes here, and clients of the API in commands/. Loads a part only when
// its command is called, so that a look-up is not slowed by the worker's libraries.
import { Command } from 'commander';
import { DEFAULT_TENANT } from '../domain/principal.ts';
import { ownVersion } from '../workers/version.ts';
import { registerClientCommands } from './commands/register.ts';
import type { DiffOptions } from './commands/rules-diff.ts';
import { registerKeys } from './keys.ts';

const program = new Command('countersign')
  .description('An AI agent that cannot lose its place, and cannot act without leave.')
  .version(ownVersion())
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
    process.exit(await runRole(await servingRole(role), agentsFolder, process.env));
  });

registerKeys(program);

program
  .command('health')
  .argument('<role>', 'api, workflows, assistant or actor')
  .description('say whether that role of this machine does its work; for health checks')
  .action(async (role: string) => {
    const { healthProblems } = await import('../workers/health.ts');
    const problems = await healthProblems(await servingRole(role), process.env);
    process.stdout.write(problems.length === 0 ? 'healthy\n' : `${problems.join('\n')}\n`);
    process.exitCode = problems.length === 0 ? 0 : 1;
  });

program
  .command('migrate')
  .description('bring the store to this version and give the roles their rights; DATABASE_URL is that of its owner')
  .action(async () => {
    const { migrate } = await import('../workers/admin.ts');
    process.stdout.write(`${await migrate(process.env)}\n`);
  });

program
  .command('rebuild')
  .argument('[agents]', 'folder with directory.ts and one folder per agent', './agents')
  .requiredOption('--by <person>', 'who does it, for the record')
  .requiredOption('--reason <text>', 'why, for the record')
  .option('--published <file>', 'the checkpoints that were published before the loss', '')
  .option('--dry-run', 'only say what is lost', false)
  .option('--despite-unread', 'go on where a history cannot be read; of it only the acts are looked at', false)
  .option('--despite-unknown', 'go on where the ledger knows no conversation of the namespace', false)
  .description('after the store lost its latest entries, derive them again from Temporal; stop all roles first')
  .action(async (agentsFolder: string, { published: publishedPath, ...options }: RebuildOptions) => {
    const { rebuild, saidOf } = await import('../workers/rebuild/rebuild.ts');
    const rebuilt = await rebuild({ ...options, agentsFolder, publishedPath, nowMs: Date.now() }, process.env);
    process.stdout.write(`${saidOf(rebuilt).join('\n')}\n`);
    process.exitCode = rebuilt.problems.length === 0 || options.despiteUnread ? 0 : 1;
  });

interface RebuildOptions {
  readonly by: string;
  readonly reason: string;
  readonly published: string;
  readonly dryRun: boolean;
  readonly despiteUnread: boolean;
  readonly despiteUnknown: boolean;
}

program
  .command('replay')
  .argument('[agents]', 'folder with directory.ts and one folder per agent', './agents')
  .option('--all', 'what has ended too, as long as Temporal keeps it', false)
  .description('before a deploy: replay what waits in Temporal on this code; needs TEMPORAL_*, and only reads')
  .action(async (agentsFolder: string, { all }: { all: boolean }) => {
    const { checkReplay, wordsOfReplay } = await import('../workers/replay-check.ts');
    const checked = await checkReplay({ agentsFolder, all }, process.env);
    process.stdout.write(`${wordsOfReplay(checked).join('\n')}\n`);
    process.exitCode = checked.problems.length === 0 ? 0 : 1;
  });

const apiKey = program
  .command('api-key')
  .description('make and revoke API keys; DATABASE_URL is that of the store’s owner');
apiKey
  .command('add')
  .requiredOption('--principal <id>', 'whose it is; for people who decide, their id in the directory')
  .requiredOption(
    '--scopes <list>',
    'conversations:write, conversations:read, approvals:decide, operate, ledger:read, erase, histories:read; comma-separated',
  )
  .option('--name <name>', 'the principal’s name, for people', '')
  .option('--tenant <tenant>', 'whose data it may see', DEFAULT_TENANT)
  .option('--by <person>', 'who makes it, for the record')
  .description('make an API key and print it, this once')
  .action(async (options: { principal: string; scopes: string; name: string; tenant: string; by?: string }) => {
    const { addApiKey } = await import('../workers/admin.ts');
    process.stdout.write(`${await addApiKey(options, process.env)}\n`);
  });
apiKey
  .command('revoke')
  .argument('<id>', 'the part of the key between its underscores')
  .option('--by <person>', 'who revokes it, for the record')
  .description('make an API key worthless, from now on')
  .action(async (id: string, { by }: { by?: string }) => {
    const { revokeApiKey } = await import('../workers/admin.ts');
    await revokeApiKey(id, by, process.env);
  });

program
  .command('systems')
  .description('the databases of record that the agents name')
  .command('sql')
  .argument('<name>', 'a database system of an agent')
  .argument('[agents]', 'folder with directory.ts and one folder per agent', './agents')
  .description('print what its owner runs there, so that tools are let in by a token for one action only')
  .action(async (name: string, agentsFolder: string) => {
    const { loadAgents } = await import('../workers/load-agents.ts');
    const { systemScript } = await import('../workers/systems.ts');
    process.stdout.write(systemScript(name, await loadAgents(agentsFolder)));
  });

const rules = program.command('rules').description('the rules of the agents');
rules
  .command('check')
  .argument('[agents]', 'folder with directory.ts and one folder per agent', './agents')
  .option('--strict', 'fail on gaps too: rules that no row hits, tools that no row calls, writes without a rule', false)
  .description('run the tables beside the rules (rules-table.ts); needs no running Countersign')
  .action(async (agentsFolder: string, { strict }: { strict: boolean }) => {
    const { checkRules, hasPassed, reportOf } = await import('../workers/rules/check.ts');
    const checked = await checkRules(agentsFolder);
    process.stdout.write(reportOf(checked));
    process.exitCode = hasPassed(checked, strict) ? 0 : 1;
  });

rules
  .command('diff')
  .argument('[agents]', 'folder with the new rules: directory.ts and one folder per agent', './agents')
  .option('--against <what>', 'a git revision, or a folder, whose rules they are held against; else what was ruled')
  .option('--last <n>', 'the newest n verdicts on record; by default 10000')
  .option('--since <day>', 'those since then instead, such as 2026-11-01')
  .option('--fail-on <change>', 'widen: end with 3 where more would be let through; any: where any verdict changes')
  .option('--json', 'the same as JSON, and all of it')
  .option('--as <name>', 'development identity to use: its id, name or role; by default the fitting one')
  .addHelpText('after', '\nExit codes: 0 done; 1 refused, failed or not reachable; 3 done, and --fail-on says no.')
  .description('replay the verdicts on record through these rules, and list those that would change; it only reads')
  .action(async (agentsFolder: string, { against, ...options }: RulesDiffOptions) => {
    const [{ runCommand }, { diffRules }, { compareRules }] = await Promise.all([
      import('./commands/context.ts'),
      import('./commands/rules-diff.ts'),
      import('../workers/rules/what-if.ts'),
    ]);
    const compared = { agentsFolder, ...(against === undefined ? {} : { against }) };
    await runCommand((context) => diffRules(context, options, (rulings) => compareRules(compared, rulings)));
  });

interface RulesDiffOptions extends DiffOptions {
  readonly against?: string;
}

registerClientCommands(program);

// 5 s after a command has ended: what it has left open, such as a replay that stands still, keeps its process no longer.
const LEFT_OPEN_MS = 5_000;

program
  .parseAsync()
  .catch((error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  })
  .finally(() => {
    // Whoever reads what it has printed may be slow.
    const endAll = () => process.stdout.writableLength === 0 && process.exit();
    setInterval(endAll, LEFT_OPEN_MS).unref();
  });

async function servingRole(name: string) {
  const { SERVING_ROLES } = await import('../workers/config-table.ts');
  const known = SERVING_ROLES.find((one) => one === name);
  if (known === undefined) throw new Error(`there is no role "${name}"; name one of ${SERVING_ROLES.join(', ')}`);
  return known;
}
