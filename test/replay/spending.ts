// Scenarios of budgets and of long results, for record.ts: what a conversation and the question for more do.
import { defineAgent, defineTool } from 'countersign';
import { z } from 'zod';
import { withReadMore } from '../../activities/read-more.ts';
import { approvalId, waitingWorkflowId } from '../../domain/ids.ts';
import { createTestAgent, directory, type FarSide } from '../support/far-side.ts';
import { eventually, type Script, type System } from '../support/system.ts';
import type { Played } from './processes.ts';
import { conversation, type Scenario } from './scenario.ts';

const looks: Script = ({ transcript }) =>
  transcript.at(-1)?.kind === 'message' ? [['look', { order: 1, cents: 1 }]] : 'looked';

/** Two model calls: one turn of `looks`. */
export const budgetPlayers = (far: FarSide): Played => {
  const agent = defineAgent({ ...createTestAgent(far), budgets: { conversation: { modelCalls: 2 } } });
  return { agent, directory, script: looks };
};

// 20,000 characters: three parts.
const LOG = 'nothing to be seen. '.repeat(1_000);

const getLog = defineTool({
  ...{ name: 'get_log', version: '1', description: 'd', effect: 'read', idempotent: true, scopes: [], egress: false },
  ...{ critical: [], trust: 'record', input: z.strictObject({}) },
  execute: async () => LOG,
});

const readsOn: Script = ({ transcript }) => {
  const last = transcript.at(-1);
  if (last?.kind === 'message') return [['get_log', {}]];
  const next = last !== undefined && last.kind === 'tool_result' && /read_more\((\{[^}]*\})\)/.exec(last.text)?.[1];
  return next ? [['read_more', next]] : 'read';
};

export const longPlayers = (far: FarSide): Played => {
  const { procedures: _, ...tester } = createTestAgent(far);
  const agent = withReadMore(defineAgent({ ...tester, tools: [getLog], rules: [] }));
  return { agent, directory, script: readsOn };
};

async function say(system: System, id: string, message: string): Promise<void> {
  await system.submit(id, message, 'go');
  await system.reply(id, message);
}

/** Opens it, and uses its budget up. */
async function useUp(system: System, id: string): Promise<string> {
  await system.open(id);
  await say(system, id, 'm1');
  await say(system, id, 'm2');
  const reached = await eventually(async () => {
    const entries = await system.store.ledger.ofConversation(id, 0, 1_000);
    return entries.flatMap(({ fact }) => (fact.kind === 'budget_reached' ? [fact.questionId] : []))[0];
  }, 'the end of the budget');
  await system.submit(id, 'm3', 'go');
  return reached;
}

export const BUDGETS: Readonly<Record<string, Scenario>> = {
  async 'budget-used-up-and-opened'(system, id) {
    const questionId = await useUp(system, id);
    const question = await system.approval(approvalId(questionId, 0, 0));
    // The word that came by Signal may end the question before the Update beside it gets in.
    await system.decide(question, 'olga', 'approve').catch(() => undefined);
    await system.reply(id, 'm3');
    return [conversation(id), waitingWorkflowId(questionId)];
  },
  async 'budget-used-up-and-denied'(system, id) {
    const questionId = await useUp(system, id);
    const question = await system.approval(approvalId(questionId, 0, 0));
    await system.decide(question, 'olga', 'deny', { reason: 'no' }).catch(() => undefined);
    await system.approvalEnd(question.id, 'denied');
    return [conversation(id), waitingWorkflowId(questionId)];
  },
};

export const LONG_RESULTS: Readonly<Record<string, Scenario>> = {
  async 'long-result-read-on'(system, id) {
    await system.open(id);
    await say(system, id, 'm1');
    return [conversation(id)];
  },
};
