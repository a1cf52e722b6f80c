// Budgets over turns: each of them by itself stops an agent that goes on for ever, conversations that share one never make
// more model calls than it has, and only people, or the next day, open it again.
import { deepEqual, equal, match, rejects } from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { defineAgent } from 'countersign';
import type { Approval } from '../../domain/approval.ts';
import type { FactOf } from '../../domain/entry.ts';
import { approvalId } from '../../domain/ids.ts';
import { onlyPerson } from '../../domain/principal.ts';
import type { ModelPrice } from '../../domain/model.ts';
import type { DeclaredBudgets } from '../../domain/spending.ts';
import { createFarSide, createTestAgent, directory } from '../support/far-side.ts';
import { eventually, type Script, startSystem, type System } from '../support/system.ts';
import { startTemporal } from '../support/temporal.ts';
import { morningZone } from '../support/zones.ts';

const far = createFarSide();
let temporal: TestWorkflowEnvironment;
let agents = 0;

before(async () => {
  temporal = await startTemporal();
});
after(() => temporal?.teardown());

interface Low extends DeclaredBudgets {
  readonly microUsdPerTurn?: number;
  readonly models?: readonly string[];
  readonly prices?: Readonly<Record<string, ModelPrice>>;
}

async function withBudgets<T>(
  { microUsdPerTurn = 10_000_000_000, models = [], prices = {}, ...budgets }: Low,
  script: Script,
  work: (system: System) => Promise<T>,
): Promise<T> {
  far.effects.length = 0;
  const limits = { callsPerModelCall: 4, microUsdPerTurn };
  const timeZone = morningZone();
  // Each by another name: the day and the server are the same, and so would be the question.
  const name = `tester-${++agents}`;
  const agent = defineAgent({
    ...createTestAgent(far),
    name,
    limits,
    budgets: { timeZone, ...budgets },
    models,
    prices,
  });
  const system = await startSystem({ temporal, agent, directory, script });
  try {
    return await work(system);
  } finally {
    await system.stop();
  }
}

/** Calls once and says so. */
const twoCalls: Script = ({ transcript }) =>
  transcript.at(-1)?.kind === 'message' ? [['look', { order: 1, cents: 1 }]] : 'looked';

const factsOf = async ({ store }: System, id: string) =>
  (await store.ledger.ofConversation(id, 0, 1_000)).map(({ fact }) => fact);

const modelCallsOf = async (system: System, id: string): Promise<number> =>
  (await factsOf(system, id)).filter(({ kind }) => kind === 'model_call').length;

async function reachedIn(system: System, id: string, nth = 0): Promise<FactOf<'budget_reached'>> {
  const found = async () =>
    (await factsOf(system, id)).flatMap((fact) => (fact.kind === 'budget_reached' ? [fact] : []))[nth];
  return eventually(found, `${id} coming to the end of a budget`);
}

const questionOf = (system: System, { questionId }: FactOf<'budget_reached'>): Promise<Approval> =>
  system.approval(approvalId(questionId, 0, 0));

test('each budget by itself ends the turn before the call that it has no room for, and says which', async () => {
  const cases: readonly (readonly [DeclaredBudgets, RegExp])[] = [
    [
      { conversation: { modelCalls: 3 } },
      /this conversation may use 3 calls of my language model, and that is used up/,
    ],
    [{ conversation: { toolCalls: 4 } }, /this conversation may use 4 calls of tools/],
    [{ principalPerDay: { modelCalls: 3 } }, /ada on \d{4}-\d\d-\d\d may use 3 calls of my language model/],
    [{ agentPerDay: { modelCalls: 3 } }, /everybody together who asks tester-\d on \d{4}-\d\d-\d\d may use 3 calls/],
  ];
  for (const [at, [budgets, words]] of cases.entries()) {
    const id = `b-each-${at}`;
    await withBudgets(budgets, twoCalls, async (system) => {
      await system.open(id);
      let reply = '';
      for (let turn = 1; turn <= 4 && !reply.startsWith('I stopped'); turn++) {
        await system.submit(id, `m${turn}`, 'go');
        reply = await system.reply(id, `m${turn}`);
      }
      match(reply, words);
      const reached = await reachedIn(system, id);
      equal(reached.used <= reached.most, true);
      equal((await questionOf(system, reached)).end, 'open');
      const calls = await modelCallsOf(system, id);
      equal(calls <= 3 && calls > 0, true);
    });
  }
});

test('money and tokens: a budget that one call does not fit into lets none be made', async () => {
  for (const [id, budgets, measure] of [
    ['b-money', { conversation: { microUsd: 10 } }, 'microUsd'],
    ['b-tokens', { principalPerDay: { tokens: 100 } }, 'tokens'],
  ] as const) {
    await withBudgets(budgets, twoCalls, async (system) => {
      await system.open(id);
      await system.submit(id, 'm1', 'go');
      match(
        await system.reply(id, 'm1'),
        /^I stopped here: .* and that is used up\. Nothing was changed\. It is shut until /,
      );
      const reached = await reachedIn(system, id);
      equal(reached.measure, measure);
      equal((await questionOf(system, reached)).end, 'open');
      equal(await modelCallsOf(system, id), 0);
    });
  }
});

test('the money of a turn: an unpriced model counts as the dearest, a priced one as it is declared', async () => {
  let order = 0;
  const endless: Script = () => [['look', { order: ++order, cents: 1 }]];
  // A call of the test's model shows one token and says one: 135 micro-dollars of the dearest there is.
  const stopsAfter = async (id: string, low: Low) =>
    withBudgets(low, endless, async (system) => {
      await system.open(id);
      await system.submit(id, 'm1', 'go');
      const reply = await system.reply(id, 'm1');
      return [await modelCallsOf(system, id), reply.includes('US dollars')];
    });
  const free = { currency: 'USD', promptPerMillion: 0, completionPerMillion: 0 };
  deepEqual(await stopsAfter('b-dear', { microUsdPerTurn: 400, models: ['nobody-knows'] }), [3, true]);
  const prices = { 'nobody-knows': free };
  deepEqual(await stopsAfter('b-free', { microUsdPerTurn: 400, models: ['nobody-knows'], prices }), [12, false]);
  const euros = { 'nobody-knows': { ...free, currency: 'EUR' } };
  deepEqual(await stopsAfter('b-euro', { microUsdPerTurn: 400, models: ['nobody-knows'], prices: euros }), [3, true]);
});

test('conversations of one principal that race for the last calls make no more than the budget has', async () => {
  await withBudgets({ principalPerDay: { modelCalls: 5 } }, twoCalls, async (system) => {
    const ids = ['b-race-1', 'b-race-2', 'b-race-3', 'b-race-4'];
    for (const id of ids) await system.open(id);
    await Promise.all(ids.map((id) => system.submit(id, 'm1', 'go')));
    const replies = await Promise.all(ids.map((id) => system.reply(id, 'm1')));
    const calls = await Promise.all(ids.map((id) => modelCallsOf(system, id)));
    equal(
      calls.reduce((sum, count) => sum + count),
      5,
    );
    equal(
      replies.some((reply) => reply.includes('ada on ')),
      true,
    );
    // Another principal has a budget of their own.
    await system.open('b-race-5');
    await system.submit('b-race-5', 'm1', 'go', 'finn');
    equal(await system.reply('b-race-5', 'm1'), 'looked');
  });
});

test('at the end of a budget its owner is asked once for all who wait, and a yes wakes each of them', async () => {
  await withBudgets({ principalPerDay: { modelCalls: 2 } }, twoCalls, async (system) => {
    for (const id of ['b-open-1', 'b-open-2']) await system.open(id);
    await system.submit('b-open-1', 'm1', 'go');
    equal(await system.reply('b-open-1', 'm1'), 'looked');
    for (const id of ['b-open-1', 'b-open-2']) {
      await system.submit(id, 'm2', 'go');
      match(
        await system.reply(id, 'm2'),
        /ada on \d{4}-\d\d-\d\d may use 2 calls of my language model, and that is used up/,
      );
    }
    const reached = await reachedIn(system, 'b-open-1');
    equal((await reachedIn(system, 'b-open-2')).questionId, reached.questionId);

    // What comes now is taken, told that it waits, and no model is asked.
    const ticket = await system.submit('b-open-2', 'm3', 'and now?');
    deepEqual([ticket.ahead, ticket.shutUntilMs], [0, reached.endsMs]);
    await system.submit('b-open-1', 'm3', 'and now?');
    const question = await questionOf(system, reached);
    deepEqual(
      [question.question, question.group, question.howMuch, question.requester],
      ['budget', onlyPerson('olga'), '2 calls of my language model', 'ada'],
    );
    // Nobody opens it for themselves, or for another amount.
    await rejects(system.decide(question, 'ada', 'approve'));
    await rejects(system.decide(question, 'olga', 'approve', { digest: 'of another amount' }));
    equal(await modelCallsOf(system, 'b-open-2'), 0);
    await system.decide(question, 'olga', 'approve').catch(() => undefined);
    await system.approvalEnd(question.id, 'approved');
    const woken = await Promise.all(['b-open-1', 'b-open-2'].map((id) => system.reply(id, 'm3')));
    equal((await modelCallsOf(system, 'b-open-1')) + (await modelCallsOf(system, 'b-open-2')), 4);
    equal(woken.includes('looked') || woken.every((one) => one.startsWith('I stopped')), true);
    // It is used up once more, and asked once more.
    await system.submit('b-open-1', 'm4', 'go');
    const again = await reachedIn(system, 'b-open-1', 1);
    deepEqual([again.openings, again.most, again.questionId === reached.questionId], [1, 4, false]);
    await questionOf(system, again);
    const opened = (await system.store.ledger.ofSubject(reached.questionId)).flatMap(({ fact }) =>
      fact.kind === 'budget_opened' ? [[fact.by, fact.amount, fact.measure]] : [],
    );
    deepEqual(opened, [['olga', 2, 'modelCalls']]);
  });
});

test('what waits for people is decided, done and told while the budget is shut', async () => {
  const pays: Script = ({ transcript }) =>
    transcript.at(-1)?.kind === 'message' ? [['pay', { order: 1042, cents: 72 }]] : 'it waits';
  await withBudgets({ conversation: { modelCalls: 2 } }, pays, async (system) => {
    await system.open('b-waits');
    await system.submit('b-waits', 'm1', 'pay');
    equal(await system.reply('b-waits', 'm1'), 'it waits');
    await system.decide(await system.approval('b-waits:1:0.0.0'), 'finn', 'approve');
    match(
      await system.reportReply('b-waits'),
      /used up\. What waited has ended: pay 72 for order 1042\. How, the record/,
    );
    deepEqual([await system.outcome('b-waits:1:0'), far.effects.length], ['succeeded', 1]);
    equal(await modelCallsOf(system, 'b-waits'), 2);
    equal((await questionOf(system, await reachedIn(system, 'b-waits'))).end, 'open');
  });
});

test('upon a no the budget stays shut, a made-up wake opens nothing, and people can still take over', async () => {
  await withBudgets({ conversation: { modelCalls: 2 } }, twoCalls, async (system) => {
    await system.open('b-no');
    await system.submit('b-no', 'm1', 'go');
    equal(await system.reply('b-no', 'm1'), 'looked');
    await system.submit('b-no', 'm2', 'go');
    match(await system.reply('b-no', 'm2'), /It is shut until people open more of it/);
    const reached = await reachedIn(system, 'b-no');
    await system.submit('b-no', 'm3', 'go on');
    const question = await questionOf(system, reached);
    // The word that came by Signal may end the question before the Update beside it gets in.
    await system.decide(question, 'olga', 'deny', { reason: 'enough' }).catch(() => undefined);
    await system.approvalEnd(question.id, 'denied');
    await system.handle('b-no').signal('budgetOpened', reached.questionId);
    await system.handle('b-no').executeUpdate('pause');
    await system.command('b-no', 'resume');
    equal(await system.store.items.replyTo('b-no', 'm3'), undefined);
    equal(await modelCallsOf(system, 'b-no'), 2);
    await system.command('b-no', 'handover');
    await system.submit('b-no', 'm4', 'I am here', 'olga');
    equal(await system.reply('b-no', 'm4'), 'I am here');
    equal(await modelCallsOf(system, 'b-no'), 2);
  });
});

test('a role that ends between what is held and the call, or after it, counts each call once', async () => {
  let release: () => void = () => undefined;
  const held = new Promise<void>((resolve) => (release = resolve));
  let asked = 0;
  const slow: Script = async () => {
    asked += 1;
    if (asked === 1) await held;
    return 'done';
  };
  await withBudgets({ conversation: { modelCalls: 2 } }, slow, async (system) => {
    await system.open('b-kill');
    // Nobody calls the model: it is held, and the assistant is away.
    await system.stopRole('assistant');
    await system.submit('b-kill', 'm1', 'go');
    const agentBudget = () =>
      eventually(async () => {
        const [found] = (await system.store.budgets.list({ tenant: '', agents: [], sinceMs: 0, limit: 9 })).filter(
          ({ scope }) => scope === 'conversation',
        );
        return found;
      }, 'a budget in use');
    equal((await agentBudget()).held.modelCalls, 1);
    await system.restartRoles();
    release();
    equal(await system.reply('b-kill', 'm1'), 'done');
    await system.restartRoles();
    await system.submit('b-kill', 'm2', 'go');
    equal(await system.reply('b-kill', 'm2'), 'done');
    const { used, held: still } = await agentBudget();
    deepEqual([used.modelCalls, still.modelCalls, used.tokens], [1, 1, 2]);
    await system.submit('b-kill', 'm3', 'go');
    match(await system.reply('b-kill', 'm3'), /used up/);
  });
});
