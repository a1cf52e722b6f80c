// Routes of intakes in the process in which rules run: whatever one does is an answer, and the role goes on.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { ApplicationFailure } from '@temporalio/common';
import type { Reading } from '../../domain/intake.ts';
import { loadAgents } from '../../workers/load-agents.ts';
import { type RunningRules, startRules } from '../../workers/rules/rules.ts';
import { waitFor } from '../proofs/support.ts';
import { ROOT } from '../support/sources.ts';
import { DEEDS } from './agents/unruly/index.ts';

// 60 s: a process starts in one or two, and anew after each route that ends one.
const WAIT_LIMIT_MS = 60_000;
const losses: string[] = [];
let rules: RunningRules;

before(async () => {
  const log = { warn: ({ how }: { readonly how: string }) => void losses.push(how), error: () => undefined };
  rules = startRules(await loadAgents(join(ROOT, 'test/workers/agents')), log);
  await rules.ready;
});
after(() => rules.stop());

/** As an Activity asks: again, where it could not be asked. */
const route = (readings: readonly Reading[]) =>
  waitFor('the route', WAIT_LIMIT_MS, () =>
    rules.route('wayward', readings).catch((error: unknown) => {
      if (!(error instanceof ApplicationFailure) || error.type !== 'RulesNotReady') throw error;
      return undefined;
    }),
  );

const RIGHT = { priority: 4, queue: 'questions', handover: false, needs: [] };

test('each reading has the route that the agent’s own function gives it, in their order', async () => {
  assert.deepEqual(await route([{}, { deeds: undefined }, { deeds: DEEDS.throws }, { deeds: 100 }]), {
    ...{ kind: 'routed', routes: [RIGHT, RIGHT, null, RIGHT] },
  });
  assert.deepEqual(await route([]), { kind: 'routed', routes: [] });
});

for (const deed of ['throws', 'promises'] as const) {
  test(`a route that ${deed} is none for that reading, and for no other`, async () => {
    assert.deepEqual(await route([{ deeds: DEEDS[deed] }, {}]), { kind: 'routed', routes: [null, RIGHT] });
  });
}

for (const deed of [
  'loops',
  'backtracks',
  'sleeps',
  'allocates',
  'allocatesAtOnce',
  'fillsBuffers',
  'exits',
] as const) {
  test(`a route that ${deed} is ended, and the next one is asked`, async () => {
    const lostBefore = losses.length;
    assert.deepEqual(await route([{}, { deeds: DEEDS[deed] }]), { kind: 'unrouted' });
    assert.ok(losses.length > lostBefore, 'the process was not lost');
    assert.deepEqual(await route([{}]), { kind: 'routed', routes: [RIGHT] });
  });
}

test('a process that is lost once is nobody’s fault: the route is asked again', async () => {
  const lostBefore = losses.length;
  assert.deepEqual(await route([{ deeds: DEEDS.isKilledOnce, mark: Date.now() }]), { kind: 'routed', routes: [RIGHT] });
  assert.equal(losses.length, lostBefore + 1);
});

test('while a route loops the role goes on, and whoever asks the same again is not made to wait for it', async (t) => {
  let beats = 0;
  const heart = setInterval(() => (beats += 1), 10);
  t.after(() => clearInterval(heart));
  const looping = [{ deeds: DEEDS.loops, mark: 7 }];
  const [lost, found] = await Promise.all([route(looping), route([{}])]);
  assert.deepEqual([lost.kind, found.kind], ['unrouted', 'routed']);
  assert.ok(beats > 10, `${beats} beats`);
  const lostBefore = losses.length;
  assert.deepEqual(await route(looping), { kind: 'unrouted' });
  assert.equal(losses.length, lostBefore);
});
