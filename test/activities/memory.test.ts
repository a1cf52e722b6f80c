// The tools of the memory: carried out by the actor under a warrant, for the principal of the action alone; and the decision
// that does not rest on what is stale, forgotten or over.
import { deepEqual, equal, match, ok, throws } from 'node:assert/strict';
import { test } from 'node:test';
import { MockActivityEnvironment } from '@temporalio/testing';
import { z } from 'zod';
import { createActorActivities } from '../../activities/actor/act.ts';
import { createLocalBroker } from '../../activities/actor/broker.ts';
import { asDeclared, withBuiltIns } from '../../activities/built-in.ts';
import { declarationsOf } from '../../activities/declaration.ts';
import { restingOnFacts } from '../../activities/workflows/rested-on.ts';
import type { ActResult, Proposal } from '../../domain/action.ts';
import { MAX_FACTS_EACH, type MemoryKinds } from '../../domain/memory.ts';
import type { Provenance } from '../../domain/provenance.ts';
import { actionDigest } from '../../trust/digest.ts';
import { ALLOW } from '../domain/builders.ts';
import { createTestAgent } from '../support/far-side.ts';
import { person } from '../support/system.ts';
import { clock, far, payment, verifier, warrantFor, world } from './stage.ts';

const DAY_MS = 86_400_000;
const memory: MemoryKinds = {
  contact: { description: 'where', schema: z.strictObject({ by: z.string() }), ttlDays: 14, freshForHours: 24 },
  diet: { description: 'what not', schema: z.string(), ttlDays: 14, key: 'x', owner: 'finn' },
};
const plain = { ...createTestAgent(far), memory };
const agent = withBuiltIns(plain);
const declarations = declarationsOf(agent);
const agents = new Map([['tester', { agent, ruleVersion: 'test', declarations }]]);

function actor() {
  const have = { databases: new Map(), secrets: new Map(), readSecret: () => undefined, foldersPath: '/nowhere' };
  return createActorActivities({
    ...{ ...world, agents, verifier, broker: createLocalBroker(have), nowMs: () => clock.nowMs },
  });
}

const SAID: Provenance = { context: 'clean', values: [{ path: 'contact.by', name: 'contact', origin: 'principal' }] };

async function run(tool: string, args: object, over: Partial<Proposal> = {}) {
  const declared = agent.tools.find(({ name }) => name === tool)!;
  const bare = payment({
    ...{ tool, effect: declared.effect, inspects: false, preconditions: [], provenance: SAID },
    ...{ declarationSha256: declarations.get(tool)!, args: JSON.stringify(args), then: 'nothing', ...over },
  });
  const proposal = { ...bare, digest: actionDigest(bare) };
  const { actionId, conversationId } = proposal;
  const fact = { kind: 'proposed', proposal } as const;
  await world.store.record([{ subject: actionId, step: 'proposed', conversationId, atMs: 1, fact }]);
  const who = { message: { principal: proposal.principal } };
  const act = async () => {
    const task = { proposal, warrant: await warrantFor(proposal, ALLOW, who), notesResult: true };
    return (await new MockActivityEnvironment().run(actor().act, task)) as ActResult;
  };
  const result = await act();
  const item = await world.store.items.byKey(conversationId, `result:${actionId}`);
  const shown = item?.body.kind === 'tool_result' ? item.body.text : '';
  return { actionId, proposal, act, ending: result.kind === 'settled' ? result.ending : undefined, shown };
}

const of = (id: string) => ({ tenant: 'default', agent: 'tester', subject: id });
const kept = async (id: string) => world.store.facts.shownOf(of(id), clock.nowMs);

test('what is remembered is the principal’s own, once, with its trust, owner and life; its result has no words of it', async () => {
  const one = await run('remember', { contact: { by: 'heron' } }, { principal: person('ada') });
  equal(one.ending?.kind, 'succeeded');
  match(one.shown, /^Remembered until \d{4}-\d\d-\d\d\.$/);
  const [fact, ...more] = await kept('ada');
  deepEqual(more, []);
  deepEqual([fact?.value, fact?.trust, fact?.owner], [{ by: 'heron' }, 'principal', plain.owner]);
  deepEqual(fact?.source, { conversationId: 'act', actionId: one.actionId, items: [] });
  equal((fact?.expiresMs ?? 0) - clock.nowMs, 14 * DAY_MS);
  deepEqual(await kept('finn'), []);
  await one.act();
  equal((await kept('ada')).length, 1, 'a repeat remembers nothing more');
  await run('remember', { contact: { by: 'crane' } }, { principal: person('ada') });
  deepEqual(
    (await kept('ada')).map(({ value }) => value),
    [{ by: 'crane' }],
    'the newer one takes its place',
  );
});

test('a forgotten kind is gone for its principal alone, and is on record without words', async () => {
  for (const id of ['gina', 'hugo'])
    await run('remember', { contact: { by: `stork of ${id}` } }, { principal: person(id) });
  const [fact] = await kept('gina');
  const gone = await run('forget', { kind: 'contact' }, { principal: person('gina') });
  equal(gone.shown, 'Forgotten: 1.');
  deepEqual([(await kept('gina')).length, (await kept('hugo')).length], [0, 1]);
  const erased = await world.store.ledger.ofSubject('facts/default');
  const own = erased.find(({ fact: one }) => one.kind === 'facts_erased' && one.factIds.includes(fact?.id ?? ''));
  ok(own && !JSON.stringify(own).includes('stork'));
  equal(
    (await run('forget', { kind: 'contact' }, { principal: person('gina') })).shown,
    'There was nothing to forget.',
  );
});

test('beyond the bound nothing is remembered, and the model is told to forget some first', async () => {
  const whose = of('many');
  const life = {
    fromMs: clock.nowMs,
    expiresMs: clock.nowMs + DAY_MS,
    freshUntilMs: clock.nowMs + DAY_MS,
    historyMs: 0,
  };
  for (let at = 0; at < MAX_FACTS_EACH; at++) {
    const source = { conversationId: 'act', actionId: `act:9${at}:0`, items: [] };
    const fact = {
      ...whose,
      ...life,
      kind: 'diet',
      key: `${at}`,
      value: 'x',
      trust: 'principal',
      owner: 'o',
      source,
    } as const;
    await world.store.facts.remember(fact);
  }
  const full = await run('remember', { contact: { by: 'owl' } }, { principal: person('many') });
  deepEqual([full.ending?.kind, /forget some first/.test(full.shown)], ['failed', true]);
});

test('the arguments name one kind, in the form that it declares, and no text', () => {
  const { input } = agent.tools.find(({ name }) => name === 'remember')!;
  const takes = (args: object) => input.safeParse(args).success;
  equal(takes({ contact: { by: 'x' } }), true);
  for (const args of [{}, { contact: { by: 'x' }, diet: 'y' }, { other: 'x' }, { contact: { by: 7 } }])
    equal(takes(args), false);
  deepEqual([takes({ diet: 'x'.repeat(2_000) }), takes({ diet: 'a\0b' })], [false, false]);
});

test('an agent that declares no memory has no tool of it; one that does is told when a name is in the way', () => {
  const { memory: _, ...without } = plain;
  deepEqual(
    withBuiltIns(without)
      .tools.map(({ name }) => name)
      .slice(-1),
    ['read_more'],
  );
  equal(withBuiltIns(without).rules.length, plain.rules.length);
  deepEqual([asDeclared(agent).tools, asDeclared(agent).rules], [plain.tools, plain.rules]);
  const [tool] = plain.tools;
  throws(() => withBuiltIns({ ...plain, tools: [{ ...tool!, name: 'forget' }] }), /"forget" is of its memory/);
});

test('nothing is done on the ground of what is stale, forgotten, over or another’s; a sentence says what to do', async () => {
  await run('remember', { contact: { by: 'egret' } }, { principal: person('iris') });
  const [fact] = await kept('iris');
  const value = { path: 'to', name: 'to', origin: 'principal', factId: fact?.id ?? '' } as const;
  const proposal = payment({ principal: person('iris'), provenance: { context: 'clean', values: [value] } });
  const loaded = agents.get('tester')!;
  const resting = (nowMs: number, one = proposal) => restingOnFacts(world, loaded, one, nowMs);
  const fresh = await resting(clock.nowMs);
  deepEqual([fresh.why, fresh.facts.map(({ kind, isStale }) => [kind, isStale])], [undefined, [['contact', false]]]);
  const stale = await resting(clock.nowMs + DAY_MS);
  match(stale.why ?? '', /rests on the remembered contact of 1970-01-01, .* the principal must say it again/);
  equal(stale.facts[0]?.isStale, true, 'rules of reads see that it is stale');
  match((await resting(clock.nowMs + 14 * DAY_MS)).why ?? '', /is not any more/);
  match((await resting(clock.nowMs, { ...proposal, principal: person('finn') })).why ?? '', /is not any more/);
  await run('forget', { kind: 'contact' }, { principal: person('iris') });
  match((await resting(clock.nowMs)).why ?? '', /is not any more/);
});
