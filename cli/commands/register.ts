// The commands that are clients of the API, as the command line names them. Each part is loaded when its command is
// called, so that none of them waits for the others' libraries. May import commander.
import type { Command } from 'commander';
import { SWITCH_SCOPES, type SwitchScope } from '../../domain/switch.ts';
import type { ApprovalsOptions, DecisionOptions } from './approvals.ts';
import type { BudgetsOptions } from './budgets.ts';
import type { BurdenOptions } from './burden.ts';
import type { MaintenanceOptions } from './maintenance.ts';
import type { ChatOptions } from './chat.ts';
import type { AsOption } from './context.ts';
import type { ConversationsOptions } from './conversations.ts';
import type { EraseOptions } from './erase.ts';
import type { FactsOptions, ForgetOptions } from './facts.ts';
import { registerLedger } from './register-ledger.ts';
import type { ReportOptions } from './report.ts';
import { AS, run } from './run.ts';
import type { SwitchOptions } from './switches.ts';
import type { WhyOptions } from './why.ts';

const CODES = `
Exit codes: 0 done; 1 refused, failed or not reachable; 2 taken, and not answered yet.
Talks to COUNTERSIGN_URL with COUNTERSIGN_API_KEY; without them to the running start of this folder.`;

export function registerClientCommands(program: Command): void {
  registerConversations(program);
  registerApprovals(program);
  registerOperations(program);
  registerRecord(program);
  registerReport(program);
  registerMemory(program);
  registerSwitches(program);
  registerErasure(program);
  registerLedger(program);
}

function registerConversations(program: Command): void {
  program
    .command('chat')
    .description('talk to an agent; see what it does and what waits for whom, live')
    .option('--agent <name>', 'whom to talk to; by default support-desk')
    .option('--conversation <id>', 'go on with this conversation; with --agent, open it if it is not there')
    .option('--message <text>', 'say one thing, print what came of it, and end')
    .option(...AS)
    .addHelpText('after', CODES)
    .action((options: ChatOptions) => run(async (context) => (await import('./chat.ts')).chat(context, options)));
  program
    .command('conversations')
    .description('list your conversations')
    .option('--staff', 'those that you may look after, whoever they are with')
    .option('--archived', 'also those that are idle for as long as their agent declares')
    .option(...AS)
    .action((options: ConversationsOptions) =>
      run(async (context) => (await import('./conversations.ts')).listConversations(context, options)),
    );
}

function registerApprovals(program: Command): void {
  program
    .command('approvals')
    .argument('[id]', 'show this one with its arguments and evidence')
    .description('list what waits for you, for leave or for an answer')
    .option('--all', 'the settled ones too')
    .option(...AS)
    .action((id: string | undefined, options: ApprovalsOptions) =>
      run(async (context) => (await import('./approvals.ts')).showApprovals(context, id, options)),
    );
  program
    .command('approve')
    .argument('<id>', 'the id of an approval')
    .description('approve exactly the action that the approval shows')
    .option('--reason <text>', 'why; it goes on record')
    .option(...AS)
    .action((id: string, options: DecisionOptions) =>
      run(async (context) => (await import('./approvals.ts')).decide(context, id, 'approve', options)),
    );
  program
    .command('deny')
    .argument('<id>', 'the id of an approval')
    .description('deny it; that is final')
    .requiredOption('--reason <text>', 'why; it goes on record, and whoever asked for it reads it')
    .option(...AS)
    .action((id: string, options: DecisionOptions) =>
      run(async (context) => (await import('./approvals.ts')).decide(context, id, 'deny', options)),
    );
  registerOtherWords(program);
  registerAnswers(program);
}

/** What may be said to an approval besides yes and no. */
function registerOtherWords(program: Command): void {
  program
    .command('edit')
    .argument('<id>', 'the id of an approval')
    .argument('<changes...>', 'arguments to change, as NAME=VALUE; a value that is JSON is taken as JSON')
    .description('deny it as it is, and have it ruled on and asked about anew with other arguments')
    .option('--reason <text>', 'why; it goes on record')
    .option(...AS)
    .action((id: string, changes: string[], options: DecisionOptions) =>
      run(async (context) => (await import('./approvals.ts')).edit(context, id, changes, options)),
    );
  program
    .command('withdraw')
    .argument('<id>', 'the id of an approval')
    .description('take your approval back, while more are needed')
    .option('--reason <text>', 'why; it goes on record')
    .option(...AS)
    .action((id: string, options: DecisionOptions) =>
      run(async (context) => (await import('./approvals.ts')).decide(context, id, 'withdraw', options)),
    );
  program
    .command('ask-back')
    .argument('<id>', 'the id of an approval')
    .argument('<question>', 'what you want to know; whoever asked for it reads it')
    .description('ask in the conversation before you decide; the time goes on')
    .option(...AS)
    .action((id: string, reason: string, options: AsOption) =>
      run(async (context) => (await import('./approvals.ts')).decide(context, id, 'ask_back', { ...options, reason })),
    );
}

function registerAnswers(program: Command): void {
  const answers = [
    ['happened', 'happened', 'answer a question: what may have happened did'],
    ['did-not-happen', 'did_not_happen', 'answer a question: it did not happen'],
  ] as const;
  for (const [name, answer, description] of answers) {
    program
      .command(name)
      .argument('<id>', 'the id of a question, as approvals lists it')
      .description(description)
      .option('--reason <text>', 'how you know; it goes on record, and whoever asked for it reads it')
      .option(...AS)
      .action((id: string, options: DecisionOptions) =>
        run(async (context) => (await import('./approvals.ts')).decide(context, id, answer, options)),
      );
  }
}

function registerOperations(program: Command): void {
  program
    .command('status')
    .description('whether the API can serve, what conversations there are, what waits')
    .option(...AS)
    .action((options: AsOption) => run(async (context) => (await import('./status.ts')).showStatus(context, options)));
  program
    .command('doctor')
    .description('look at every part that a working system needs, and say what to do')
    .option(...AS)
    .action((options: AsOption) => run(async (context) => (await import('./doctor.ts')).runDoctor(context, options)));
}

function registerRecord(program: Command): void {
  program
    .command('why')
    .argument('<action>', 'the id of an action')
    .description('tell why it happened, or did not, and how much of that is proven')
    .option('--json', 'the same as JSON')
    .option(...AS)
    .addHelpText('after', CODES)
    .action((id: string, options: WhyOptions) =>
      run(async (context) => (await import('./why.ts')).why(context, id, options)),
    );
}

function registerReport(program: Command): void {
  program
    .command('report')
    .description('count what the agents of one owner did in a period, and what it cost')
    .requiredOption('--owner <person>', 'a person of the directory')
    .option('--from <day>', 'such as 2026-11-01; by default 30 days back')
    .option('--to <day>', 'until before then; by default until now')
    .option('--json', 'the same as JSON')
    .option(...AS)
    .action((options: ReportOptions) => run(async (context) => (await import('./report.ts')).report(context, options)));
  program
    .command('burden')
    .description('how much each rule asks of people, how soon they answer, and whether it looks like a rubber stamp')
    .option('--from <day>', 'such as 2026-11-01; by default 7 days back')
    .option('--to <day>', 'until before then; by default until now')
    .option('--json', 'the same as JSON')
    .option(...AS)
    .action((options: BurdenOptions) => run(async (context) => (await import('./burden.ts')).burden(context, options)));
  program
    .command('budgets')
    .description('how much of each budget of model use is used, of how much, and until when')
    .option('--json', 'the same as JSON')
    .option(...AS)
    .action((options: BudgetsOptions) =>
      run(async (context) => (await import('./budgets.ts')).budgets(context, options)),
    );
  program
    .command('maintenance')
    .description('close, delete and erase now what is past what the agents declare to keep, as happens by itself')
    .option('--dry-run', 'only look: how much is due, since when, and what was done so far')
    .option('--json', 'the same as JSON')
    .option(...AS)
    .action((options: MaintenanceOptions) =>
      run(async (context) => (await import('./maintenance.ts')).maintenance(context, options)),
    );
}

function registerMemory(program: Command): void {
  program
    .command('facts')
    .description('list what agents remember of you; as an operator, of everybody of your tenant')
    .option('--subject <person>', 'of this one alone')
    .option('--json', 'the same as JSON')
    .option(...AS)
    .action((options: FactsOptions) => run(async (context) => (await import('./facts.ts')).facts(context, options)));
  program
    .command('forget')
    .argument('<subject>', 'the id of the principal')
    .option('--agent <name>', 'only what this agent remembers')
    .option(...AS)
    .description('forget for good all that agents remember of somebody: of yourself, or as an operator')
    .action((subject: string, options: ForgetOptions) =>
      run(async (context) => (await import('./facts.ts')).forget(context, subject, options)),
    );
}

function registerSwitches(program: Command): void {
  const scope = () => program.createArgument('<scope>', 'what it is about').choices(SWITCH_SCOPES);
  program
    .command('kill')
    .addArgument(scope())
    .argument('[name]', 'the tenant, agent or tool; none after "all"')
    .description('stop all, or a tenant, agent or tool: nothing of it acts, and what waits is cancelled')
    .requiredOption('--reason <text>', 'why; it goes on record')
    .option(...AS)
    .addHelpText('after', CODES)
    .action((of: SwitchScope, name: string | undefined, options: SwitchOptions) =>
      run(async (context) => (await import('./switches.ts')).kill(context, { scope: of, name }, options)),
    );
  program
    .command('revive')
    .addArgument(scope())
    .argument('[name]', 'the tenant, agent or tool; none after "all"')
    .description('take a kill back; what it cancelled stays cancelled')
    .option('--reason <text>', 'why; it goes on record')
    .option(...AS)
    .action((of: SwitchScope, name: string | undefined, options: SwitchOptions) =>
      run(async (context) => (await import('./switches.ts')).revive(context, { scope: of, name }, options)),
    );
  program
    .command('switches')
    .description('list what is stopped, since when, by whom and why')
    .option(...AS)
    .action((options: AsOption) =>
      run(async (context) => (await import('./switches.ts')).listSwitches(context, options)),
    );
}

function registerErasure(program: Command): void {
  program
    .command('erase')
    .requiredOption('--subject <person>', 'the id of the person, as their API keys have it')
    .option('--tenant <tenant>', 'of the person; by default yours')
    .option('--dry-run', 'only say what would be erased', false)
    .option(...AS)
    .description('close what a person has open, and make all that they said unreadable, for good')
    .addHelpText('after', CODES)
    .action((options: EraseOptions) => run(async (context) => (await import('./erase.ts')).erase(context, options)));
}
