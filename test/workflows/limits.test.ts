// Limits per principal and period, under a whole system: what is left of them is taken once.
import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import type { Rules } from '../../activities/workflows/deps.ts';
import { reservesIn } from '../../domain/verdict.ts';
import { createFarSide, directory } from '../support/far-side.ts';
import { createLimitedAgent } from '../support/limited.ts';
import { rulesHere } from '../support/rules.ts';
import { eventually, obedient, startSystem, type System } from '../support/system.ts';
import { startTemporal } from '../support/temporal.ts';

const far = createFarSide();
const agent = createLimitedAgent(far);
const here = rulesHere(new Map([['tester', { agent, ruleVersion: 'test', declarations: new Map() }]]));
/** How many verdicts are held back, so that all of them rest on what had been taken before any was carried out. */
const race = { runners: 0, release: [] as (() => void)[] };
const rules: Rules = {
  ...here,
  async decide(name, ruleCase) {
    const verdict = await here.decide(name, ruleCase);
    if (race.runners === 0) return verdict;
    race.runners -= 1;
    if (race.runners > 0) await new Promise<void>((resolve) => race.release.push(resolve));
    else for (const release of race.release.splice(0)) release();
    return verdict;
  },
};
let temporal: TestWorkflowEnvironment;
let system: System;

before(async () => {
  temporal = await startTemporal();
  system = await startSystem({ temporal, agent, directory, script: obedient, rules });
});
after(async () => {
  await system?.stop();
  await temporal?.teardown();
});
beforeEach(() => {
  far.effects.length = 0;
  Object.assign(far.record, createFarSide().record);
});

async function say(conversationId: string, text: string, from: string): Promise<void> {
  await system.open(conversationId);
  await system.submit(conversationId, 'm1', text, from);
}
const rulingsOn = async (actionId: string) => {
  const entries = await system.store.ledger.ofSubject(actionId);
  return entries.flatMap(({ fact }) => (fact.kind === 'ruled' ? [fact] : []));
};
const endsOf = (ids: readonly string[]) => Promise.all(ids.map((id) => system.outcome(`${id}:1:0`)));

test('of two conversations that race for the last of a limit one acts, and the other is decided again', async () => {
  const ids = ['race-1', 'race-2'];
  race.runners = 2;
  for (const id of ids) await say(id, 'note 60', 'rosa');
  const ends = await endsOf(ids);
  deepEqual(ends.toSorted(), ['denied', 'succeeded']);
  equal(far.effects.length, 1);
  const [won, lost] = ends[0] === 'succeeded' ? ['race-1', 'race-2'] : ['race-2', 'race-1'];
  const [winning] = await rulingsOn(`${won}:1:0`);
  const [first, second, ...more] = await rulingsOn(`${lost}:1:0`);
  deepEqual([first?.verdict.kind, second?.verdict.kind, more], ['allow', 'deny', []]);
  for (const ruling of [winning, first]) {
    const spent = ruling && reservesIn(ruling.verdict).find(({ limit }) => limit === 'spent');
    deepEqual([spent?.key, spent?.takes, spent?.most], ['rosa', 60, 100]);
    deepEqual(ruling?.given?.limits?.map(({ limit, used }) => [limit, used['EUR']])[0], ['spent', undefined]);
  }
  const seen = second?.given?.limits?.find(({ limit }) => limit === 'spent');
  deepEqual(seen?.used, { EUR: 60 }, 'what the second ruling saw is on record');
  equal(await system.store.claims.get(`${lost}:1:0`), undefined);
  match(await system.reply(lost ?? '', 'm1'), /all of it is used up/);
});

test('of many that race as many act as fit, to the cent', async () => {
  const ids = Array.from({ length: 6 }, (_, nth) => `crowd-${nth}`);
  race.runners = 6;
  for (const id of ids) await say(id, 'note 25', 'carla');
  const ends = await endsOf(ids);
  deepEqual(ends.toSorted(), ['denied', 'denied', 'succeeded', 'succeeded', 'succeeded', 'succeeded']);
  equal(far.effects.length, 4);
  await say('crowd-next', 'note 1', 'carla');
  equal(await system.outcome('crowd-next:1:0'), 'denied');
  await say('crowd-other', 'note 100', 'otto');
  equal(await system.outcome('crowd-other:1:0'), 'succeeded', "another principal's count is another");
});

test('what people gave leave for is held to what is left when it is carried out', async () => {
  const ids = ['leave-1', 'leave-2'];
  for (const id of ids) await say(id, 'pay 150', 'lisa');
  for (const id of ids) await system.decide(await system.approval(`${id}:1:0.0.0`), 'finn', 'approve');
  deepEqual((await endsOf(ids)).toSorted(), ['denied', 'succeeded']);
  equal(far.effects.length, 1);
});

test('calls of one answer take one after the other', async () => {
  await say('both', 'note 60 note 50', 'bea');
  equal(await system.outcome('both:1:0'), 'succeeded');
  equal(await system.outcome('both:1:1'), 'denied');
  equal(far.effects.length, 1);
});

test('what did not happen is given back: at once, or when a person says so', async () => {
  far.record.fail = 'did_not_happen';
  await say('back-1', 'note 100', 'greta');
  equal(await system.outcome('back-1:1:0'), 'failed');
  far.record.fail = 'throw';
  await say('back-2', 'note 100', 'greta');
  equal(await system.outcome('back-2:1:0'), 'unknown');
  await say('back-3', 'note 1', 'greta');
  equal(await system.outcome('back-3:1:0'), 'denied', 'what may have happened is counted');
  far.record.fail = '';
  const question = await system.approval('back-2:1:0.question.0.0');
  await system.decide(question, 'olga', 'did_not_happen');
  // It is proposed anew, under a key of its own, and takes what was given back.
  const again = await eventually(async () => {
    const rows = await system.store.actions.ofConversation('back-2', 10);
    return rows.find(({ id, outcome }) => id !== 'back-2:1:0' && outcome !== null);
  }, 'the new action');
  equal(again.outcome?.kind, 'succeeded');
  ok(far.effects.at(-1)?.includes(again.id));
});
