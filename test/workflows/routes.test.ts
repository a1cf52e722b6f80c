// The route of an intake in the process of the rules, under a whole system: what one does to it, other conversations do not
// feel, and a person has the conversation.
import { deepEqual, equal, ok } from 'node:assert/strict';
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

/** A model that looks, and points at nothing. */
const script: Script = (asked) =>
  asked.answer === undefined ? obedient(asked) : JSON.stringify({ deeds: [], mark: [] });

let temporal: TestWorkflowEnvironment;
let rules: RunningRules;
let system: System;

before(async () => {
  const loaded = await loadAgents(join(ROOT, 'test/workers/agents'));
  const agent = loaded.agents.get('wayward')!.agent;
  temporal = await startTemporal();
  rules = startRules(loaded, pino({ level: 'silent' }));
  system = await startSystem({ temporal, agent, directory: loaded.directory, script, rules });
});
after(async () => {
  await system?.stop();
  await rules?.stop();
  await temporal?.teardown();
});

const takenIn = async (conversationId: string) =>
  (await system.store.ledger.ofConversation(conversationId, 0, 1_000)).flatMap(({ fact }) =>
    fact.kind === 'intake' ? [[fact.priority, fact.queue, fact.next, fact.called.map(({ why }) => why).join()]] : [],
  );

test('while the route of one conversation loops, others are answered; then a person has it, and the record says why', async () => {
  for (const id of ['looping', 'speaking']) await system.open(id);
  await system.submit('looping', 'm1', `it did ${DEEDS.loops} deeds`);
  await system.submit('speaking', 'm1', 'hello');
  equal(await system.reply('speaking', 'm1'), 'you said: hello');
  ok((await system.reply('looping', 'm1')).startsWith('Somebody of the team takes over'));
  deepEqual(await takenIn('looping'), [[1, 'desk', 'hands_over', 'route failed']]);
  deepEqual(await takenIn('speaking'), [[4, 'questions', 'goes_on', '']]);
});

test('a route that throws, and one that ends its process, hand over too', async () => {
  for (const deed of ['throws', 'exits'] as const) {
    await system.open(deed);
    await system.submit(deed, 'm1', `it did ${DEEDS[deed]} deeds`);
    ok((await system.reply(deed, 'm1')).startsWith('Somebody of the team takes over'));
    deepEqual(await takenIn(deed), [[1, 'desk', 'hands_over', 'route failed']]);
  }
});
