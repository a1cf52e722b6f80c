// A local Activity that outlasts its Workflow Task, as on a store that is slow, while messages come: live they are heard
// before it ends, on replay together with it. Every history that this makes replays, and nobody's place is lost.
import { equal, ok } from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { CONVERSATION } from '../../domain/protocol.ts';
import { createFarSide, createTestAgent, directory } from '../support/far-side.ts';
import { eventually, obedient, startSystem, type System } from '../support/system.ts';
import { startTemporal } from '../support/temporal.ts';

// 3 s: a Workflow Task has 2, so the worker asks for another one in the middle; the Activity itself has 5.
const SLOW_MS = 3_000;
// Turns after which a conversation is summed up, beside what goes on.
const LONG = 21;

let temporal: TestWorkflowEnvironment;
let system: System;
/** Which calls of the store are slow, by a word in what they are given. */
let slowIf = '';
let slowed = 0;

async function slowly<T>(what: unknown, work: () => Promise<T>): Promise<T> {
  if (slowIf !== '' && JSON.stringify(what).includes(slowIf)) {
    slowed += 1;
    await sleep(SLOW_MS);
  }
  return work();
}

before(async () => {
  temporal = await startTemporal();
  system = await startSystem({ temporal, agent: createTestAgent(createFarSide()), directory, script: obedient });
  const { items, budgets } = system.store;
  const [append, reserve] = [items.append, budgets.reserve];
  Object.assign(items, { append: (...all: Parameters<typeof append>) => slowly(all[0], () => append(...all)) });
  Object.assign(budgets, { reserve: (one: Parameters<typeof reserve>[0]) => slowly(one, () => reserve(one)) });
});
// It replays every history that was made.
after(async () => {
  await system?.stop();
  await temporal?.teardown();
});

/** Resolves once a call that is slow has begun. */
async function slowFrom(word: string, begin: () => Promise<unknown>): Promise<void> {
  const known = slowed;
  slowIf = word;
  await begin();
  await eventually(async () => (slowed > known ? true : undefined), `a slow call with ${word}`);
}

/** Whoever is the only one at work: a turn is being opened. */
async function opening(id: string): Promise<void> {
  await system.open(id);
  await slowFrom(`slow ${id}`, () => system.submit(id, 'm1', `slow ${id}`));
}

/** Beside the loop, which waits for messages: what summing up may use is being held. */
async function summingUp(id: string): Promise<void> {
  await system.open(id);
  for (let n = 1; n < LONG; n++) {
    await system.submit(id, `m${n}`, `This is sentence ${n} of what was said for so long.`);
    await system.reply(id, `m${n}`);
  }
  await slowFrom('summary', async () => {
    await system.submit(id, `m${LONG}`, 'That is all.');
    await system.reply(id, `m${LONG}`);
  });
}

for (const [what, begin] of [
  ['a turn is being opened', opening],
  ['what summing up may use is being held', summingUp],
] as const) {
  for (const meanwhileMs of [500, 1_200, 2_200]) {
    const id = (kind: string) => `c-${kind}-${begin.name}-${meanwhileMs}`;

    test(`a message ${meanwhileMs} ms after ${what}`, async () => {
      await begin(id('said'));
      await sleep(meanwhileMs);
      await system.submit(id('said'), 'late', 'meanwhile');
      slowIf = '';
      equal(await system.reply(id('said'), 'late'), 'you said: meanwhile');
    });

    test(`a pause, a message and the resume ${meanwhileMs} ms after ${what}`, async () => {
      await begin(id('paused'));
      await sleep(meanwhileMs);
      await Promise.all([
        system.handle(id('paused')).executeUpdate(CONVERSATION.pause),
        system.submit(id('paused'), 'late', 'meanwhile'),
      ]);
      slowIf = '';
      await system.command(id('paused'), 'resume');
      equal(await system.reply(id('paused'), 'late'), 'you said: meanwhile');
    });
  }
}

test('the Activity really outlasted its Workflow Task', async () => {
  const { events } = await system.handle('c-said-summingUp-2200').fetchHistory();
  // A Workflow Task that ends without a command but to have another one: the next one began at once.
  const kinds = (events ?? []).map((event) =>
    event.workflowTaskCompletedEventAttributes
      ? 'completed'
      : event.workflowTaskScheduledEventAttributes
        ? 'scheduled'
        : '',
  );
  const heartbeats = kinds.filter((kind, at) => kind === 'completed' && kinds[at + 1] === 'scheduled').length;
  ok(heartbeats > 0, `${heartbeats} Workflow Tasks were asked for in the middle of an Activity`);
});
