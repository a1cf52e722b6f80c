// What maintenance has closed or deleted stays so, on the real server, whatever an operator resets in Temporal; and what
// waits for a budget that nobody opens ends too, and is told so.
import { deepEqual, equal, match, rejects } from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { defineAgent } from 'countersign';
import { approvalId, conversationWorkflowId, TASK_QUEUES } from '../../domain/ids.ts';
import type { DoneWork } from '../../domain/maintenance.ts';
import { CONVERSATION, MAINTENANCE } from '../../domain/protocol.ts';
import { createFarSide, createTestAgent, directory } from '../support/far-side.ts';
import { createPigeon } from '../support/pigeon.ts';
import { resetsOf, UPDATES } from '../support/reset.ts';
import { eventually, obedient, startSystem, type System } from '../support/system.ts';
import { startTemporal } from '../support/temporal.ts';

const DAY_MS = 86_400_000;
const SIGNALS = 1;
const far = createFarSide();
const pigeon = createPigeon({ textChars: 1_000 });
let temporal: TestWorkflowEnvironment;
let system: System;
/** How far the clock of all roles is ahead. */
let aheadMs = 0;
/** How often a model was asked. */
let asked = 0;
const { reset, settledRun } = resetsOf(() => system);

before(async () => {
  temporal = await startTemporal();
  const retention = { closeIdleAfterDays: 30, deleteTextsAfterDays: 30 };
  const budgets = { conversation: { modelCalls: 3 }, timeZone: 'UTC' };
  const agent = defineAgent({ ...createTestAgent(far), retention, budgets });
  system = await startSystem({
    ...{ temporal, agent, directory, senders: [pigeon], nowMs: () => Date.now() + aheadMs },
    script: (request) => {
      asked += 1;
      return obedient(request);
    },
  });
});
after(async () => {
  await system?.stop();
  await temporal?.teardown();
});

async function maintain(): Promise<Readonly<Record<string, DoneWork>>> {
  const works = await system.client.workflow.execute<() => Promise<readonly DoneWork[]>>(MAINTENANCE.type, {
    ...{ workflowId: MAINTENANCE.byHandId, taskQueue: TASK_QUEUES.workflows, args: [] },
  });
  deepEqual(
    works.flatMap(({ failed = [] }) => failed),
    [],
  );
  return Object.fromEntries(works.map((work) => [work.task, work]));
}

const texts = (to: string): readonly string[] =>
  [...pigeon.standing.values()].flatMap((one) =>
    one.to === to && one.message.kind === 'text' ? [one.message.text] : [],
  );

const phaseOf = async (id: string) => (await system.store.conversations.get(id))?.phase;

const closed = (id: string) =>
  eventually(async () => ((await phaseOf(id)) === 'closed' ? true : undefined), `${id} being closed`);

const statusOf = async (id: string) => (await system.handle(id).describe()).status.name;

/** Looks until the list of Temporal, which lags, shows what was reset. */
const endedAgain = (id: string) =>
  eventually(
    async () => ((await maintain())['end_reset']?.ids.includes(id) === true ? true : undefined),
    `${id} again`,
  );

async function inChannel(id: string, to: string): Promise<void> {
  await system.open(id, { name: 'pigeon', address: { to, thread: '' } });
  await system.handle(id).query(CONVERSATION.query); // its first step is over
  await system.submit(id, 'm1', 'note 5');
  await system.reply(id, 'm1');
  await eventually(async () => (texts(to).length === 1 ? true : undefined), 'the reply in the channel');
}

async function deleted(id: string): Promise<void> {
  aheadMs += 31 * DAY_MS;
  await eventually(
    async () => ((await maintain())['delete_texts']?.ids.includes(id) === true ? true : undefined),
    `the texts of ${id} being deleted`,
  );
}

/** The step that asks the model for the last time. */
async function lastAsking(id: string): Promise<number> {
  const { events } = await system.handle(id).fetchHistory();
  const all = events ?? [];
  const asks = all.map((event) => event.activityTaskScheduledEventAttributes?.activityType?.name === 'callModel');
  const earlier = all.slice(0, asks.lastIndexOf(true));
  return earlier.filter((event) => event.workflowTaskCompletedEventAttributes).length - 1;
}

// The first: what people decide is timed by Temporal, whose clock is nobody's to move.
test('a message that waits for a budget which nobody opens is told so when its time is over, and its conversation ends', async () => {
  await system.open('r-shut');
  const say = async (n: number) => {
    await system.submit('r-shut', `m${n}`, `word ${n}`);
    return system.reply('r-shut', `m${n}`);
  };
  for (let n = 1; n <= 3; n++) await say(n);
  match(await say(4), /used up.*shut until people open more of it/);
  const entries = await system.store.ledger.ofConversation('r-shut', 0, 1_000);
  const [questionId = ''] = entries.flatMap(({ fact }) => (fact.kind === 'budget_reached' ? fact.questionId : []));
  const question = await system.approval(approvalId(questionId, 0, 0));
  await system.decide(question, 'olga', 'deny', { reason: 'enough' }).catch(() => undefined);
  await system.approvalEnd(question.id, 'denied');
  await system.submit('r-shut', 'm5', 'and now?');
  aheadMs += 31 * DAY_MS;
  equal((await maintain())['close_idle']?.ask.includes('r-shut'), true);
  await closed('r-shut');
  await system.handle('r-shut').result();
  equal(await system.reply('r-shut', 'm5'), 'This conversation was ended before I could answer.');
  const left = await system.store.maintenance.due({
    agents: [{ name: 'tester', retention: { closeIdleAfterDays: 30 } }],
    ...{ nowMs: Date.now() + aheadMs + 2 * DAY_MS, limit: 99 },
  });
  deepEqual(
    left.flatMap(({ due }) => due.filter(({ id }) => id === 'r-shut')),
    [],
  );
});

test('what was delivered and deleted is not delivered again by a Reset, wherever it begins; the conversation ends again', async () => {
  for (const from of ['the beginning', 'the middle of the turn'] as const) {
    const [id, to] = [`r-told-${from.length}`, `C-TOLD-${from.length}`];
    await inChannel(id, to);
    await system.handle(id).executeUpdate(CONVERSATION.close);
    await system.handle(id).result();
    await deleted(id);
    const step = from === 'the beginning' ? 0 : await lastAsking(id);
    const runId = await reset(conversationWorkflowId(id), [UPDATES, SIGNALS], step);
    await settledRun(conversationWorkflowId(id), runId);
    // It goes on to its words, which are said in the conversation once more.
    if (step > 0) await eventually(async () => (await system.transcript(id))[0], 'words');
    equal(await statusOf(id), 'RUNNING');
    await endedAgain(id);
    await system.handle(id).result();
    deepEqual([await statusOf(id), await phaseOf(id), texts(to).length], ['COMPLETED', 'closed', 1], from);
  }
});

test('what was closed and forgets nothing of it upon a Reset asks no model and says nothing', async () => {
  await inChannel('r-again', 'C-AGAIN');
  await system.handle('r-again').executeUpdate(CONVERSATION.close);
  await system.handle('r-again').result();
  await deleted('r-again');
  const asks = asked;
  const id = conversationWorkflowId('r-again');
  await settledRun(id, await reset(id));
  await system.handle('r-again').result();
  deepEqual([asked, texts('C-AGAIN').length, await phaseOf('r-again')], [asks, 1, 'closed']);
});

test('a conversation that was closed because it was idle, and is reset, is ended again by the next run', async () => {
  await system.open('r-idle');
  await system.submit('r-idle', 'm1', 'hello');
  await system.reply('r-idle', 'm1');
  aheadMs += 31 * DAY_MS;
  deepEqual((await maintain())['close_idle']?.ask.includes('r-idle'), true);
  await closed('r-idle');
  await system.handle('r-idle').result();
  const id = conversationWorkflowId('r-idle');
  const asks = asked;
  await settledRun(id, await reset(id));
  equal(await statusOf('r-idle'), 'RUNNING');
  await endedAgain('r-idle');
  await system.handle('r-idle').result();
  equal(await statusOf('r-idle'), 'COMPLETED');
  // It is not ended a second time, and no turn of the agent came of it.
  equal((await maintain())['end_reset']?.ids.includes('r-idle'), false);
  equal(asked, asks);
  await rejects(system.submit('r-idle', 'm2', 'still there?'));
});
