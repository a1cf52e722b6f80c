// The day of a budget turns: what waited for it is answered, without anybody having been asked in vain.
import { equal, match } from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { defineAgent } from 'countersign';
import { approvalId } from '../../domain/ids.ts';
import { createFarSide, createTestAgent, directory } from '../support/far-side.ts';
import { eventually, startSystem, type System } from '../support/system.ts';
import { startTimeSkipping } from '../support/temporal.ts';
import { morningZone } from '../support/zones.ts';

let temporal: TestWorkflowEnvironment;
let system: System;
let calls = 0;

before(async () => {
  temporal = await startTimeSkipping();
  const agent = defineAgent({
    ...createTestAgent(createFarSide()),
    // A turn is one call here.
    budgets: { timeZone: morningZone(), principalPerDay: { modelCalls: 1 }, conversation: { modelCalls: 3 } },
  });
  system = await startSystem({ temporal, agent, directory, script: () => `answer ${++calls}` });
});
after(async () => {
  await system?.stop();
  await temporal?.teardown();
});

test('nobody answers, the budget stays shut for its day, and what waited is answered on the next', async () => {
  await system.open('b-day');
  await system.submit('b-day', 'm1', 'one');
  equal(await system.reply('b-day', 'm1'), 'answer 1');
  await system.submit('b-day', 'm2', 'two');
  match(
    await system.reply('b-day', 'm2'),
    /^I stopped here: ada on .* may use 1 call of my language model, and that is used up/,
  );
  const ticket = await system.submit('b-day', 'm3', 'three');
  equal(typeof ticket.shutUntilMs, 'number');
  const reached = await eventually(async () => {
    const entries = await system.store.ledger.ofConversation('b-day', 0, 100);
    return entries.flatMap(({ fact }) => (fact.kind === 'budget_reached' ? [fact] : []))[0];
  }, 'the end of the budget');
  // The owner has four hours, then the team.
  const first = await system.approval(approvalId(reached.questionId, 0, 0));
  equal(first.deadlineMs - first.askedMs, 4 * 3_600_000);
  await temporal.sleep('5 hours');
  await system.approvalEnd(first.id, 'expired');
  const second = await system.approval(approvalId(reached.questionId, 0, 1));
  equal(second.group, 'support');
  equal(second.deadlineMs, reached.endsMs); // and no longer than the day
  equal(await system.store.items.replyTo('b-day', 'm3'), undefined);
  equal(calls, 1);

  await temporal.sleep('20 hours');
  equal(await system.reply('b-day', 'm3'), 'answer 2');
  await system.approvalEnd(second.id, 'expired');
  await system.submit('b-day', 'm4', 'four');
  match(await system.reply('b-day', 'm4'), /used up/);
  equal(calls, 2);
});
