// Records one history per rule of the Workflows, by hand, or only those named: node --conditions=source --import tsx
// test/replay/record.ts [NAME…]
// Kept histories are never recorded again and never edited: they stand for conversations that are open somewhere. A
// release that changes what a Workflow does adds scenarios under its own version; this refuses to overwrite a file.
import { execFileSync } from 'node:child_process';
import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { ACTION, CONVERSATION, MAINTENANCE } from '../../domain/protocol.ts';
import { findTemporal } from '../../workers/dev-server/find.ts';
import { createFarSide, createTestAgent, directory } from '../support/far-side.ts';
import { createPigeon } from '../support/pigeon.ts';
import { resetsOf, UPDATES } from '../support/reset.ts';
import { ROOT } from '../support/sources.ts';
import { eventually, obedient, startSystem, type System } from '../support/system.ts';
import { startTemporal, startTimeSkipping } from '../support/temporal.ts';
import { ask, batch, conversation, type Scenario, type Skipping } from './scenario.ts';
import { errandPlayers, INTAKES, intakePlayers, type Played, PROCEDURES } from './processes.ts';
import { DELIVERED, onPigeon, REMINDED, shownOnCards } from './shown.ts';
import { HISTORIES, SUMS, sumOf } from './sums.ts';
import { yearPlayers, YEARS } from './years.ts';
import { budgetPlayers, BUDGETS, LONG_RESULTS, longPlayers } from './spending.ts';

const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };
/** Only these, where a version has recorded others before. */
const only = process.argv.slice(2);
const far = createFarSide();
const cli = await findTemporal({ env: process.env, report: () => undefined });

const SCENARIOS: Readonly<Record<string, Scenario>> = {
  async 'inline-reads-and-writes'(system, id) {
    await system.open(id);
    await system.submit(id, 'm1', 'hello');
    await system.reply(id, 'm1');
    await system.submit(id, 'm2', 'look 1 then look 2 then note 5 then note 6');
    await system.reply(id, 'm2');
    return [conversation(id)];
  },
  async 'denied-and-invalid'(system, id) {
    await system.open(id);
    await system.submit(id, 'm1', 'pay 13 then unknown_tool 1 then pay -5');
    await system.reply(id, 'm1');
    return [conversation(id)];
  },
  async approved(system, id) {
    await system.decide(await ask(system, id, 'pay 72 then note 5'), 'finn', 'approve');
    await system.reportReply(id);
    return [conversation(id), batch(id)];
  },
  async 'quorum-by-signal'(system, id) {
    const approval = await ask(system, id, 'pay 60000');
    await system.decide(approval, 'finn', 'approve');
    const signed = await system.signDecision(approval, 'olga', 'approve', {});
    await system.client.workflow.getHandle(batch(id)).signal(ACTION.approvalDecision, signed);
    await system.reportReply(id);
    return [batch(id)];
  },
  async 'denied-with-the-rest'(system, id) {
    await system.decide(await ask(system, id, 'pay 72 then note 5'), 'finn', 'deny', { reason: 'no' });
    await system.reportReply(id);
    return [batch(id)];
  },
  async 'asked-anew'(system, id) {
    const first = await ask(system, id, 'pay 72');
    far.record.state = 'returned';
    await system.decide(first, 'finn', 'approve');
    await system.decide(await system.approval(`${id}:1:0.0.1`), 'finn', 'approve');
    await system.reportReply(id);
    far.record.state = 'delivered';
    return [batch(id)];
  },
  async 'unknown-and-model-down'(system, id) {
    await system.open(id);
    far.record.fail = 'throw';
    await system.submit(id, 'm1', 'note 7');
    await system.reply(id, 'm1');
    far.record.fail = '';
    await system.submit(id, 'm2', 'be down');
    await system.reply(id, 'm2');
    return [conversation(id)];
  },
  async 'paused-and-resumed'(system, id) {
    await ask(system, id, 'pay 72');
    await system.handle(id).executeUpdate(CONVERSATION.pause);
    await system.submit(id, 'm2', 'hello');
    await system.command(id, 'resume');
    await system.reply(id, 'm2');
    return [conversation(id), batch(id)];
  },
  async 'stopped-and-resumed'(system, id) {
    await ask(system, id, 'pay 72');
    await system.handle(id).signal(CONVERSATION.stopSignal);
    await system.approvalEnd(`${id}:1:0.0.0`, 'cancelled');
    await system.command(id, 'resume');
    await system.reportReply(id);
    return [conversation(id), batch(id)];
  },
  async 'handed-over'(system, id) {
    await system.open(id);
    await system.submit(id, 'm1', 'escalate 1');
    await system.reply(id, 'm1');
    await system.submit(id, 'm2', 'anybody?');
    await system.submit(id, 'm3', 'I am here', 'olga');
    await system.command(id, 'handover');
    await system.command(id, 'handback');
    await system.submit(id, 'm4', 'thanks');
    await system.reply(id, 'm4');
    return [conversation(id)];
  },
  async 'asked-whether-it-happened'(system, id) {
    await system.open(id);
    far.record.fail = 'throw';
    await system.submit(id, 'm1', 'note 7');
    await system.reply(id, 'm1');
    far.record.fail = '';
    const question = await system.approval(`${id}:1:0.question.0.0`);
    await system.decide(question, 'olga', 'did_not_happen');
    await system.reportReply(id);
    return [conversation(id), `question/${id}:1:0`];
  },
  async 'two-asks-paused-between'(system, id) {
    const first = await ask(system, id, 'pay 72 then pay 73');
    await system.decide(first, 'finn', 'approve');
    await system.outcome(`${id}:1:0`);
    await system.handle(id).executeUpdate(CONVERSATION.pause);
    await system.decide(await system.approval(`${id}:1:0.1.0`), 'finn', 'approve');
    await system.command(id, 'resume');
    await system.reportReply(id);
    return [conversation(id), batch(id)];
  },
  async edited(system, id) {
    await system.decide(await ask(system, id, 'pay 72 then note 5'), 'finn', 'edit', {
      args: '{"cents":71,"order":1042}',
    });
    await system.decide(await system.approval(`${id}:1:0.0.1`), 'olga', 'approve');
    await system.reportReply(id);
    return [conversation(id), batch(id)];
  },
  async 'asked-back-and-taken-back'(system, id) {
    const approval = await ask(system, id, 'pay 60000');
    await system.decide(approval, 'finn', 'ask_back', { reason: 'why?' });
    await system.reportReply(id);
    await system.decide(approval, 'finn', 'approve');
    await system.decide(approval, 'finn', 'withdraw');
    await system.decide(approval, 'olga', 'deny', { reason: 'no' });
    await system.reportReply(id, 1);
    return [conversation(id), batch(id)];
  },
  async 'denied-three-times'(system, id) {
    await system.open(id);
    await system.submit(id, 'm1', 'pay 13 then pay 88 then pay 2000000');
    await system.reply(id, 'm1');
    return [conversation(id)];
  },
  async 'reset-behind-the-store'(system, id) {
    await system.open(id);
    for (const message of ['m1', 'm2']) {
      await system.submit(id, message, 'look 1');
      await system.reply(id, message);
    }
    const { reset, settledRun } = resetsOf(() => system);
    await settledRun(conversation(id), await reset(conversation(id), [UPDATES]));
    await system.submit(id, 'm3', 'look 2');
    await system.reply(id, 'm3');
    return [conversation(id)];
  },
  async 'closed-while-waiting'(system, id) {
    await ask(system, id, 'pay 72');
    await system.handle(id).executeUpdate(CONVERSATION.pause);
    await system.submit(id, 'm2', 'queued');
    await system.handle(id).executeUpdate(CONVERSATION.close);
    await system.handle(id).result();
    await system.approvalEnd(`${id}:1:0.0.0`, 'cancelled');
    return [conversation(id), batch(id)];
  },
};

const EXPIRED: Skipping = {
  expired: (temporal) => async (system, id) => {
    await ask(system, id, 'pay 72');
    await temporal.sleep('2 hours');
    await system.reportReply(id);
    return [batch(id)];
  },
  'reminded-and-escalated': (temporal) => async (system, id) => {
    await ask(system, id, 'pay 77');
    await temporal.sleep('31 days');
    await system.reportReply(id);
    return [batch(id)];
  },
};

const RENEWED: Readonly<Record<string, Scenario>> = {
  async 'renewed-while-waiting'(system, id) {
    await ask(system, id, 'pay 72');
    const { runId } = await system.handle(id).describe();
    for (let n = 2; (await system.handle(id).describe()).runId === runId; n++) {
      await system.submit(id, `m${n}`, `word ${n}`);
      await system.reply(id, `m${n}`);
    }
    await system.decide(await system.approval(`${id}:1:0.0.0`), 'finn', 'approve');
    await system.reportReply(id);
    return [conversation(id), `${conversation(id)}#${runId}`];
  },
};

/** As `temporal workflow show -o json` has it: the form in which an operator would hand us one. */
function keep(temporal: TestWorkflowEnvironment, name: string, workflowId: string, runId = ''): void {
  const path = join(HISTORIES, `${version}-${name}.json`);
  if (existsSync(path)) throw new Error(`${path} is kept already; a history is never recorded again`);
  const run = runId === '' ? [] : ['--run-id', runId];
  const args = ['workflow', 'show', '--address', temporal.address, '--workflow-id', workflowId, ...run, '-o', 'json'];
  // Who ran it, on which sticky queue and from which file is not part of the rule, and names a machine.
  const text = execFileSync(cli, args, { encoding: 'utf8' })
    .replace(/("identity":\s*")[^"]*"/g, '$1recorded"')
    .replace(/("name":\s*")\d+@[^"]*"/g, '$1recorded"')
    .replace(/("stackTrace":\s*")(?:[^"\\]|\\.)*"/g, '$1"');
  const history = JSON.parse(text) as { readonly events: readonly unknown[] };
  const kept = `${JSON.stringify(history)}\n`;
  writeFileSync(path, kept);
  appendFileSync(SUMS, `${sumOf(basename(path), kept)}\n`);
  process.stdout.write(`${path}: ${history.events.length} events\n`);
}

async function recordAll(
  temporal: TestWorkflowEnvironment,
  scenarios: Readonly<Record<string, Scenario>>,
  players: Partial<Played> = {},
): Promise<void> {
  const system = await startSystem({ temporal, agent: createTestAgent(far), script: obedient, directory, ...players });
  try {
    for (const [name, scenario] of Object.entries(scenarios)) {
      if (only.length > 0 && !only.includes(name)) continue;
      for (const kept of await scenario(system, name)) {
        const [workflowId = '', runId = ''] = kept.split('#');
        const kind = kindOf(workflowId, runId);
        const ends = kind === '-batch' || kind === '-step' || kind === '-procedure';
        const ended = async () => (!ends || (await hasEnded(system, workflowId)) ? true : undefined);
        if (name !== 'paused-and-resumed') await eventually(ended, `the end of ${workflowId}`);
        keep(temporal, `${name}${kind}`, workflowId, runId);
      }
    }
  } finally {
    await system.stop();
    await temporal.teardown();
  }
}

function during(temporal: TestWorkflowEnvironment, scenarios: Skipping): Readonly<Record<string, Scenario>> {
  return Object.fromEntries(Object.entries(scenarios).map(([name, scenario]) => [name, scenario(temporal)]));
}

function kindOf(workflowId: string, runId: string): string {
  if (workflowId.startsWith('procedure/')) return '-procedure';
  if (workflowId.startsWith('action/')) return workflowId.slice('action/'.length).includes('/') ? '-step' : '-batch';
  if (workflowId.startsWith('question/')) return '-question';
  if (workflowId === MAINTENANCE.byHandId) return '-maintenance';
  return runId === '' ? '' : '-first-run';
}

async function hasEnded(system: System, workflowId: string): Promise<boolean> {
  return (await system.client.workflow.getHandle(workflowId).describe()).status.name !== 'RUNNING';
}

mkdirSync(HISTORIES, { recursive: true });
await recordAll(await startTemporal(), SCENARIOS);
await recordAll(await startTemporal('limit.historyCount.suggestContinueAsNew=30'), RENEWED);
const skipping = await startTimeSkipping();
await recordAll(skipping, during(skipping, EXPIRED));
const shown = { directory: onPigeon, senders: [createPigeon()] };
await recordAll(await startTemporal(), shownOnCards(far), shown);
await recordAll(await startTemporal('limit.historyCount.suggestContinueAsNew=30'), DELIVERED, shown);
const skippingShown = await startTimeSkipping();
await recordAll(skippingShown, during(skippingShown, REMINDED), shown);
await recordAll(await startTemporal(), PROCEDURES, await errandPlayers(far));
await recordAll(await startTemporal(), INTAKES, intakePlayers(far));
await recordAll(await startTemporal(), BUDGETS, budgetPlayers(far));
await recordAll(await startTemporal(), LONG_RESULTS, longPlayers(far));
await recordAll(await startTemporal(), YEARS, yearPlayers(far));
