// Budgets of model use: what is held and counted, under whoever asks at once.
import { deepEqual, equal } from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { type Amounts, type CallBounds, HELD_AT_MOST_MS, NOTHING_USED } from '../../../domain/spending.ts';
import type { LimitedBudget, Reserving } from '../../../store/budget-port.ts';
import { aConversationId } from '../builders.ts';
import type { Contract, Subject } from '../contract.test.ts';

const PLENTY: Amounts = { modelCalls: 1_000, toolCalls: 100_000, tokens: 1_000_000, microUsd: 1_000_000 };
// One token of the prompt costs one, one that is said costs two.
const BOUNDS: CallBounds = {
  ...{ promptTokens: 100, completionTokens: 10, toolCalls: 4 },
  price: { promptMicroUsd: 1, completionMicroUsd: 2 },
};
const BOUND: Amounts = { modelCalls: 1, toolCalls: 4, tokens: 110, microUsd: 120 };
const MIDNIGHT = Date.parse('2026-11-29T00:00:00Z');
const AT_MS = MIDNIGHT - 3_600_000;

type Low = Partial<Record<keyof Reserving['budgets'], Partial<Amounts>>>;

/** A house of its own: an agent, and one principal of it. */
function aHouse() {
  const agent = `agent-${randomUUID()}`;
  const limited = (budget: Omit<LimitedBudget['budget'], 'id' | 'tenant' | 'agent'>, low?: Partial<Amounts>) => ({
    budget: { id: [agent, budget.scope, budget.of, budget.day].join('/'), tenant: 'default', agent, ...budget },
    limits: { ...PLENTY, ...low },
  });
  const today = { day: '2026-11-28', endsMs: MIDNIGHT };
  const call = (conversationId: string, turn: number, low: Low = {}, more: Partial<Reserving> = {}): Reserving => ({
    ...{ callId: `${conversationId}:${turn}:0`, conversationId, turn, step: `model:${turn}:0`, bounds: BOUNDS },
    budgets: {
      conversation: limited({ scope: 'conversation', of: conversationId, day: '', endsMs: null }, low.conversation),
      principal_day: limited({ scope: 'principal_day', of: 'ada', ...today }, low.principal_day),
      agent_day: limited({ scope: 'agent_day', of: agent, ...today }, low.agent_day),
    },
    turnLimits: { tokensPerTurn: 1_000_000, microUsdPerTurn: 1_000_000 },
    atMs: AT_MS,
    ...more,
  });
  return { agent, call };
}

const used = async ({ store }: Subject, { budgets }: Reserving, scope: keyof Reserving['budgets'] = 'agent_day') => {
  const found = await store.budgets.get(budgets[scope].budget.id);
  return [found?.used, found?.held];
};

/** As the assistant records a call. */
async function recordCall(
  { store }: Subject,
  { conversationId, turn, step }: Reserving,
  { promptTokens, completionTokens, calls = 1 }: { promptTokens: number; completionTokens: number; calls?: number },
): Promise<void> {
  const called = Array.from({ length: calls }, (_, at) => ({ callId: `c${at}`, tool: 'look', argumentsText: '{}' }));
  const body = { kind: 'calls', text: '', calls: called, opaque: '' } as const;
  await store.items.append([{ key: step, conversationId, turn, trust: 'model', body }], (items) =>
    items.map((item) => ({
      ...{ subject: conversationId, step, conversationId, atMs: AT_MS },
      fact: {
        ...({ kind: 'model_call', turn, model: 'm', requestId: 'r', shown: [], itemId: item.id } as const),
        ...{ itemDigest: '', promptTokens, completionTokens, cost: null },
      },
    })),
  );
}

export const budgetsContract: Contract = {
  'what a call may use is held once in every budget, however often it is asked': async (subject) => {
    const { call } = aHouse();
    const one = call(aConversationId(), 1);
    deepEqual(await Promise.all([1, 2, 3].map(() => subject.store.budgets.reserve(one))), [
      { kind: 'held' },
      { kind: 'held' },
      { kind: 'held' },
    ]);
    for (const scope of ['conversation', 'principal_day', 'agent_day'] as const)
      deepEqual(await used(subject, one, scope), [NOTHING_USED, BOUND]);
  },

  'what is on record of a call is counted in place of what was held, once, by whoever asks next': async (subject) => {
    const { call } = aHouse();
    const first = call(aConversationId(), 1);
    await subject.store.budgets.reserve(first);
    await recordCall(subject, first, { promptTokens: 40, completionTokens: 5, calls: 2 });
    const others = [call(aConversationId(), 1), call(aConversationId(), 1)];
    await Promise.all(others.map((one) => subject.store.budgets.reserve(one)));
    const counted = { modelCalls: 1, toolCalls: 2, tokens: 45, microUsd: 50 };
    deepEqual(await used(subject, first, 'conversation'), [counted, NOTHING_USED]);
    const two = { modelCalls: 2, toolCalls: 8, tokens: 220, microUsd: 240 };
    deepEqual(await used(subject, first), [counted, two]);
    // Whoever comes again for a call that is counted is let through, and nothing is held anew.
    deepEqual(await subject.store.budgets.reserve(first), { kind: 'held' });
    deepEqual(await used(subject, first), [counted, two]);
  },

  'what cannot be is counted as the most that was held: less than nothing, no number, more than there was': async (
    subject,
  ) => {
    for (const lie of [
      { promptTokens: -1_000_000, completionTokens: -5 },
      { promptTokens: 0, completionTokens: 999 },
      { promptTokens: Number.NaN, completionTokens: 0.5 },
      { promptTokens: 101, completionTokens: 11 },
    ]) {
      const { call } = aHouse();
      const lying = call(aConversationId(), 1);
      await subject.store.budgets.reserve(lying);
      await recordCall(subject, lying, { ...lie, calls: 100 });
      await subject.store.budgets.reserve(call(aConversationId(), 1));
      deepEqual(await used(subject, lying, 'conversation'), [BOUND, NOTHING_USED]);
    }
  },

  'what never comes on record is held while it may come, and counts as a whole from then on': async (subject) => {
    const { call } = aHouse();
    const lost = call(aConversationId(), 1);
    await subject.store.budgets.reserve(lost);
    await subject.store.budgets.reserve(call(aConversationId(), 1, {}, { atMs: AT_MS + HELD_AT_MOST_MS }));
    deepEqual(await used(subject, lost, 'conversation'), [NOTHING_USED, BOUND]);
    await subject.store.budgets.reserve(call(aConversationId(), 1, {}, { atMs: AT_MS + HELD_AT_MOST_MS + 1 }));
    deepEqual(await used(subject, lost, 'conversation'), [BOUND, NOTHING_USED]);
    await recordCall(subject, lost, { promptTokens: 1, completionTokens: 1 });
    await subject.store.budgets.reserve(call(aConversationId(), 1, {}, { atMs: AT_MS + HELD_AT_MOST_MS + 2 }));
    deepEqual(await used(subject, lost, 'conversation'), [BOUND, NOTHING_USED]);
  },

  'of many that ask at once no more are let through than there is room for': async (subject) => {
    const { call } = aHouse();
    const asked = Array.from({ length: 12 }, () => call(aConversationId(), 1, { principal_day: { modelCalls: 5 } }));
    const answers = await Promise.all(asked.map((one) => subject.store.budgets.reserve(one)));
    equal(answers.filter(({ kind }) => kind === 'held').length, 5);
    equal((await used(subject, asked[0] as Reserving))[1]?.modelCalls, 5);
  },

  'each measure of each budget shuts by itself, and nothing is held then': async (subject) => {
    const least: readonly [keyof Amounts, number][] = [
      ['modelCalls', 1],
      ['toolCalls', 7],
      ['tokens', 219],
      ['microUsd', 239],
    ];
    for (const scope of ['conversation', 'principal_day', 'agent_day'] as const) {
      for (const [measure, most] of least) {
        const { call } = aHouse();
        const conversationId = aConversationId();
        const low = { [scope]: { [measure]: most } };
        deepEqual(await subject.store.budgets.reserve(call(conversationId, 1, low)), { kind: 'held' });
        const second = call(conversationId, 2, low);
        const answer = await subject.store.budgets.reserve(second);
        const { id, of, day, endsMs, tenant, agent } = second.budgets[scope].budget;
        const reached = {
          ...{ id, scope, tenant, agent, of, day, endsMs, measure },
          ...{ used: BOUND[measure], most, amount: most, openings: 0 },
        };
        deepEqual(answer, { kind: 'reached', reached });
        deepEqual(await used(subject, second), [NOTHING_USED, BOUND]);
        deepEqual(await subject.store.budgets.waiting(id, '', 10), [conversationId]);
        deepEqual(await subject.store.budgets.waiting(id, conversationId, 10), []);
      }
    }
  },

  'the tokens and the money of a turn end it before the call that comes after them': async (subject) => {
    for (const [limits, reached] of [
      [{ tokensPerTurn: 110 }, { limit: 'turn_tokens', most: 110 }],
      [{ microUsdPerTurn: 120 }, { limit: 'turn_money', most: 120 }],
    ] as const) {
      const { call } = aHouse();
      const turnLimits = { tokensPerTurn: 1_000_000, microUsdPerTurn: 1_000_000, ...limits };
      const conversationId = aConversationId();
      deepEqual(await subject.store.budgets.reserve(call(conversationId, 1, {}, { turnLimits })), { kind: 'held' });
      const next = { turnLimits, callId: `${conversationId}:1:1`, step: 'model:1:1' };
      deepEqual(await subject.store.budgets.reserve(call(conversationId, 1, {}, next)), {
        kind: 'turn_limited',
        reached,
      });
      deepEqual(await subject.store.budgets.reserve(call(conversationId, 2, {}, { turnLimits })), { kind: 'held' });
    }
  },

  'what people open is there once, with its entry, and only of its measure': async (subject) => {
    const { agent, call } = aHouse();
    const low = { agent_day: { modelCalls: 1 } };
    const conversationId = aConversationId();
    await subject.store.budgets.reserve(call(conversationId, 1, low));
    const answer = await subject.store.budgets.reserve(call(conversationId, 2, low));
    if (answer.kind !== 'reached') throw new Error('it must be reached');
    const questionId = `budget-${randomUUID()}`;
    const opening = { questionId, conversationId, decisionId: 'd1', by: 'olga', atMs: AT_MS, reached: answer.reached };
    deepEqual(
      await Promise.all([1, 2].map(() => subject.store.budgets.open(opening))).then((all) =>
        all.toSorted((one, other) => Number(one) - Number(other)),
      ),
      [false, true],
    );
    deepEqual(await subject.store.budgets.reserve(call(conversationId, 2, low)), { kind: 'held' });
    const again = await subject.store.budgets.reserve(call(conversationId, 3, low));
    equal(again.kind === 'reached' && again.reached.openings, 1);
    equal(again.kind === 'reached' && again.reached.most, 2);
    const [entry] = await subject.store.ledger.ofSubject(questionId);
    equal(entry?.fact.kind === 'budget_opened' && entry.fact.amount, 1);
    const listed = await subject.store.budgets.list({ tenant: '', agents: [agent], sinceMs: 0, limit: 10 });
    deepEqual(listed.map(({ scope }) => scope).toSorted(), ['agent_day', 'conversation', 'principal_day']);
  },
};
