// Rules in their own process, under a whole system: what a rule does to it, conversations do not feel.
import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import pino from 'pino';
import { loadAgents } from '../../workers/load-agents.ts';
import { type RunningRules, startRules } from '../../workers/rules/rules.ts';
import { ROOT } from '../support/sources.ts';
import { obedient, type Script, startSystem, type System } from '../support/system.ts';
import { startTemporal } from '../support/temporal.ts';
import { DEEDS } from '../workers/agents/unruly/index.ts';

/** Each call is about another order, or the same stands before it. */
const apart: Script = (asked) => {
  const answer = obedient(asked);
  return typeof answer === 'string'
    ? answer
    : answer.map(([tool, args], order) => [tool, Object.assign({}, args, { order })]);
};

let temporal: TestWorkflowEnvironment;
let rules: RunningRules;
let system: System;

before(async () => {
  const loaded = await loadAgents(join(ROOT, 'test/workers/agents'));
  const agent = loaded.agents.get('unruly')!.agent;
  temporal = await startTemporal();
  rules = startRules(loaded, pino({ level: 'silent' }));
  system = await startSystem({ temporal, agent, directory: loaded.directory, script: apart, rules });
});
after(async () => {
  await system?.stop();
  await rules?.stop();
  await temporal?.teardown();
});

test('while the rules of one conversation loop, others are answered; then theirs are decided too', async (t) => {
  for (const id of ['looping', 'speaking', 'asking']) await system.open(id);
  let longestMs = 0;
  let lastMs = performance.now();
  const heart = setInterval(() => {
    longestMs = Math.max(longestMs, performance.now() - lastMs);
    lastMs = performance.now();
  }, 10);
  t.after(() => clearInterval(heart));

  // Four at once take longer than one try of a local Activity may.
  await system.submit(
    'looping',
    'm1',
    `note ${DEEDS.loops} note ${DEEDS.loops} note ${DEEDS.loops} note ${DEEDS.loops}`,
  );
  await system.submit('speaking', 'm1', 'hello');
  await system.submit('asking', 'm1', 'note 100');
  equal(await system.reply('speaking', 'm1'), 'you said: hello');
  equal(await system.store.items.replyTo('looping', 'm1'), undefined);

  equal(await system.outcome('asking:1:0'), 'succeeded');
  match(await system.reply('looping', 'm1'), /I was refused several times here/);
  for (const action of ['looping:1:0', 'looping:1:3']) {
    const { verdict } = (await system.store.actions.get(action)) ?? {};
    deepEqual([verdict?.kind, verdict?.ruleId], ['deny', 'unruly']);
    match(verdict?.reason ?? '', /the rule had not ended after (?:250|1000) ms/);
  }
  // Where the role itself ran it, the rule would have spun for a minute.
  ok(longestMs < 10_000, `the role stood still for ${Math.round(longestMs)} ms`);
});

test('who asks is known to the rules by groups: operations may, others are looked at', async () => {
  await system.open('groups');
  await system.submit('groups', 'm1', 'note 2000', 'olga');
  equal(await system.outcome('groups:1:0'), 'succeeded');
  await system.submit('groups', 'm2', 'note 2001', 'ada');
  match(await system.reply('groups', 'm2'), /waits for finance/);
});
