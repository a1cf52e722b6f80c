// A local Activity that outlasts its Workflow Task, as on a store that is slow, while messages come: every history that this
// makes replays, and nobody's place is lost.
import { equal, ok } from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import type { Rules } from '../../activities/workflows/deps.ts';
import { CONVERSATION } from '../../domain/protocol.ts';
import { createFarSide, createTestAgent, directory } from '../support/far-side.ts';
import { rulesHere } from '../support/rules.ts';
import { eventually, obedient, startSystem, type System } from '../support/system.ts';
import { startTemporal } from '../support/temporal.ts';

// 3 s: a Workflow Task has 2, so the worker asks for another one in the middle; the Activity itself has 5.
const SLOW_MS = 3_000;
// Into the second Workflow Task.
const MEANWHILE_MS = 2_000;

const agent = createTestAgent(createFarSide());
const prompt = rulesHere(new Map([[agent.name, { agent, ruleVersion: 'test', declarations: new Map() }]]));
let asked = 0;
const slow: Rules = {
  ...prompt,
  decide: async (...what) => {
    asked += 1;
    await sleep(SLOW_MS);
    return prompt.decide(...what);
  },
};
let temporal: TestWorkflowEnvironment;
let system: System;

before(async () => {
  temporal = await startTemporal();
  system = await startSystem({ temporal, agent, directory, script: obedient, rules: slow });
});
// It replays every history that was made.
after(async () => {
  await system?.stop();
  await temporal?.teardown();
});

/** A turn that is just being ruled on, slowly. */
async function ruling(id: string, text: string): Promise<void> {
  const askedBefore = asked;
  await system.open(id);
  await system.submit(id, 'm1', text);
  await eventually(async () => (asked > askedBefore ? true : undefined), 'the rules being asked');
}

for (const meanwhile of [600, 1_200, MEANWHILE_MS, 2_600]) {
  test(`a pause, its resume and a message ${meanwhile} ms into a slow ruling`, async () => {
    const id = `c-pause-${meanwhile}`;
    await ruling(id, 'note 5');
    await sleep(meanwhile);
    const paused = system.handle(id).executeUpdate(CONVERSATION.pause);
    const said = system.submit(id, 'm2', 'meanwhile');
    await Promise.all([paused, said]);
    await system.command(id, 'resume');
    equal(await system.reply(id, 'm2'), 'you said: meanwhile');
    equal(await system.outcome(`${id}:1:0`), 'succeeded');
  });

  test(`a stop by Signal ${meanwhile} ms into a slow ruling`, async () => {
    const id = `c-stop-${meanwhile}`;
    await ruling(id, 'pay 72 then note 5');
    await sleep(meanwhile);
    await system.handle(id).signal(CONVERSATION.stopSignal);
    await eventually(
      async () => ((await system.store.conversations.get(id))?.phase === 'stopped' ? true : undefined),
      'the stop on record',
    );
    await system.command(id, 'resume');
    await system.submit(id, 'm2', 'go on');
    equal(await system.reply(id, 'm2'), 'you said: go on');
  });
}

test('the Activity really outlasted its Workflow Task while a message came', async () => {
  const { events } = await system.handle(`c-pause-${MEANWHILE_MS}`).fetchHistory();
  const completed = (events ?? []).filter((event) => event.workflowTaskCompletedEventAttributes);
  ok(completed.length >= 4, `${completed.length} Workflow Tasks`);
});
