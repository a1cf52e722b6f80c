// Maintenance on the real server: what is idle ends itself, what has work or was spoken in goes on, and what lost its
// Workflow is closed on record.
import { deepEqual, equal, match, ok, rejects } from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { TASK_QUEUES } from '../../domain/ids.ts';
import type { DoneWork } from '../../domain/maintenance.ts';
import { CONVERSATION, MAINTENANCE } from '../../domain/protocol.ts';
import { createFarSide, createTestAgent, directory } from '../support/far-side.ts';
import { eventually, obedient, startSystem, type System } from '../support/system.ts';
import { startTemporal } from '../support/temporal.ts';

const DAY_MS = 86_400_000;
/** As the server says it of a Workflow that has ended, or the Workflow itself while it ends: then it is the cause. */
function saysItHasEnded(error: unknown): true {
  const why = String((error as { readonly cause?: unknown }).cause ?? error);
  match(why, /ended for good|completed|not found|closing workflow/i);
  return true;
}
const far = createFarSide();
let temporal: TestWorkflowEnvironment;
let system: System;
/** How far the clock of all roles is ahead. */
let aheadMs = 0;

before(async () => {
  temporal = await startTemporal();
  const agent = { ...createTestAgent(far), retention: { closeIdleAfterDays: 30, deleteTextsAfterDays: 30 } };
  system = await startSystem({ temporal, agent, directory, script: obedient, nowMs: () => Date.now() + aheadMs });
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

async function talk(id: string, text = 'hello'): Promise<void> {
  await system.open(id);
  await system.submit(id, 'm1', text);
  await system.reply(id, 'm1');
}

const phaseOf = async (id: string) => (await system.store.conversations.get(id))?.phase;

const closed = (id: string) =>
  eventually(async () => ((await phaseOf(id)) === 'closed' ? true : undefined), `${id} being closed`);

/** Asked as anybody may who reaches Temporal. */
const ask = (id: string) => system.handle(id).signal(CONVERSATION.lookIfIdle);

/** What it has made of all Signals before. */
const viewed = async (id: string) =>
  (await system.handle(id).query<{ readonly phase: string }>(CONVERSATION.query)).phase;

test('a conversation that was idle for as long as its agent declares ends itself, says why, and its texts go in their turn', async () => {
  await talk('c-old');
  aheadMs += 20 * DAY_MS;
  await talk('c-young');
  aheadMs += 11 * DAY_MS;
  deepEqual((await maintain())['close_idle']?.ask, ['c-old']);
  await closed('c-old');
  const phases = (await system.store.ledger.ofConversation('c-old', 0, 100)).flatMap(({ fact }) =>
    fact.kind === 'phase' ? fact.reason : [],
  );
  deepEqual(phases, ['was open, and idle for as long as its agent keeps a conversation']);
  await rejects(system.submit('c-old', 'm2', 'still there?'), saysItHasEnded);
  equal(await phaseOf('c-young'), 'open');
  aheadMs += 31 * DAY_MS;
  deepEqual((await maintain())['delete_texts']?.ids, ['c-old']);
  deepEqual(await system.transcript('c-old'), []);
  await closed('c-young');
});

test('whoever asks, what is not idle stays: spoken in lately, held by a person, or waiting for leave', async () => {
  await talk('c-lately');
  await talk('c-held');
  await system.handle('c-held').executeUpdate(CONVERSATION.pause);
  await talk('c-waits', 'pay 72');
  aheadMs += 29 * DAY_MS;
  await ask('c-lately');
  equal(await viewed('c-lately'), 'open');
  aheadMs += 2 * DAY_MS;
  await system.submit('c-lately', 'm2', 'lately');
  await system.reply('c-lately', 'm2');
  for (const id of ['c-lately', 'c-held', 'c-waits']) await ask(id);
  deepEqual((await maintain())['close_idle']?.ask, []);
  for (const [id, phase] of [
    ['c-lately', 'open'],
    ['c-held', 'paused'],
    ['c-waits', 'open'],
  ] as const) {
    equal(await viewed(id), phase, id);
    equal(await phaseOf(id), phase, id);
  }
  // A paused one has not spun on what it was asked.
  const { events = [] } = await system.handle('c-held').fetchHistory();
  ok((events?.length ?? 0) < 60, `${events?.length} events`);
  await system.command('c-held', 'resume');
  await system.submit('c-held', 'm2', 'again');
  equal(await system.reply('c-held', 'm2'), 'you said: again');
});

test('a message that comes as maintenance asks is answered, or was refused because the conversation has ended', async () => {
  const ids = Array.from({ length: 12 }, (_, nth) => `c-race-${nth}`);
  for (const id of ids) await talk(id);
  aheadMs += 31 * DAY_MS;
  const answered = await Promise.all(
    ids.map(async (id, nth) => {
      const asking = ask(id);
      await new Promise((resume) => setTimeout(resume, nth * 4));
      const taken = await system.submit(id, 'm2', 'in time?').then(
        () => true,
        (error: unknown) => !saysItHasEnded(error),
      );
      await asking;
      if (!taken) return closed(id).then(() => false);
      equal(await system.reply(id, 'm2'), 'you said: in time?');
      equal(await phaseOf(id), 'open');
      return true;
    }),
  );
  const taken = answered.filter((one) => one).length;
  ok(taken > 0, `${taken} of ${ids.length} messages came in time`);
});

test('what is idle and has lost its Workflow is closed on record, by nobody', async () => {
  await talk('c-lost');
  await system.handle('c-lost').terminate('a test');
  aheadMs += 31 * DAY_MS;
  ok((await maintain())['close_idle']?.ask.includes('c-lost'));
  await closed('c-lost');
  const [entry] = (await system.store.ledger.ofConversation('c-lost', 0, 100)).filter(({ step }) => step === 'closed');
  deepEqual(entry?.fact, { kind: 'phase', phase: 'closed', by: '', reason: 'its Workflow had ended in Temporal' });
});
