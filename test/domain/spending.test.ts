import { deepEqual, equal, match, throws } from 'node:assert/strict';
import { test } from 'node:test';
import { defineAgent } from 'countersign';
import {
  DEAREST,
  dearestOf,
  DEFAULT_MODELS,
  microUsdOf,
  calledModels,
  priceOf,
  PRICES_AS_OF,
  unpricedOf,
} from '../../domain/prices.ts';
import { askedBy } from '../../domain/approval.ts';
import { endedText, otherwiseOf, titleOf } from '../../domain/card-words.ts';
import { answersTo } from '../../domain/decision.ts';
import { nextOpeningMs, shutFor, type ShutBudget, withShut } from '../../domain/reserving.ts';
import { amountText, budgetText, moneyText, shutText } from '../../domain/spending-words.ts';
import { budgetsOf, dayAt, DEFAULT_BUDGETS, MEASURES, reachedOf, usedBy } from '../../domain/spending.ts';
import { wordsOfBudget } from '../../domain/words.ts';
import { anApproval } from '../store/builders.ts';
import { morningZone } from '../support/zones.ts';

test('a model costs what the agent declares in US dollars, else what the table says; without either, what the dearest does', () => {
  match(PRICES_AS_OF, /^\d{4}-\d\d-\d\d$/);
  const own = { mine: { currency: 'USD', promptPerMillion: 0.5, completionPerMillion: 1 } };
  deepEqual(priceOf('mine', own), { promptMicroUsd: 0.5, completionMicroUsd: 1 });
  deepEqual(priceOf('gpt-5-mini'), { promptMicroUsd: 0.25, completionMicroUsd: 2 });
  deepEqual(priceOf('gpt-5-mini-2025-08-07'), priceOf('gpt-5-mini'));
  for (const unknown of ['gpt-5-mini-x', 'mine', 'toString', '__proto__', ''])
    equal(priceOf(unknown), undefined, unknown);
  const euros = { mine: { currency: 'EUR', promptPerMillion: 0.5, completionPerMillion: 1 } };
  equal(priceOf('mine', euros), undefined);
  deepEqual(dearestOf({ models: ['gpt-5-nano', 'nobody-knows'] }), DEAREST);
  // Of each figure the highest of those that may answer.
  deepEqual(dearestOf({ models: ['gpt-4o', 'claude-3-5-haiku-latest'] }), {
    promptMicroUsd: 2.5,
    completionMicroUsd: 10,
  });
  deepEqual(calledModels({ models: [] }, ['x']), ['x']);
  deepEqual(calledModels({ models: ['y'] }, ['x']), ['y']);
  deepEqual(calledModels({ models: [] }), DEFAULT_MODELS);
  deepEqual(unpricedOf({ models: ['mine', 'gpt-4o', 'x'], prices: own }), ['x']);
  for (const model of DEFAULT_MODELS) equal(priceOf(model) === undefined, false, model);
});

test('money is whole micro-dollars, rounded up', () => {
  equal(microUsdOf({ promptMicroUsd: 0.05, completionMicroUsd: 0.4 }, 1, 1), 1);
  equal(microUsdOf({ promptMicroUsd: 1.25, completionMicroUsd: 10 }, 4, 2), 25);
  equal(microUsdOf({ promptMicroUsd: 0, completionMicroUsd: 0 }, 9_999, 9_999), 0);
  deepEqual([moneyText(25_000_000), moneyText(5)], ['25.00 US dollars', '0.000005 US dollars']);
});

test('a day is that of its time zone, also where clocks are changed, and of whoever is ahead or behind', () => {
  const at = (text: string, zone: string) => {
    const { day, endsMs } = dayAt(Date.parse(text), zone);
    return [day, new Date(endsMs).toISOString()];
  };
  deepEqual(at('2026-11-28T23:59:59.999Z', 'UTC'), ['2026-11-28', '2026-11-29T00:00:00.000Z']);
  deepEqual(at('2026-11-29T00:00:00.000Z', 'UTC'), ['2026-11-29', '2026-11-30T00:00:00.000Z']);
  deepEqual(at('2026-11-28T23:30:00Z', 'Europe/Berlin'), ['2026-11-29', '2026-11-29T23:00:00.000Z']);
  deepEqual(at('2026-10-24T22:00:00Z', 'Europe/Berlin'), ['2026-10-25', '2026-10-25T23:00:00.000Z']); // 25 hours
  deepEqual(at('2026-03-28T23:00:00Z', 'Europe/Berlin'), ['2026-03-29', '2026-03-29T22:00:00.000Z']); // 23 hours
  deepEqual(at('2026-11-28T10:15:00Z', 'Pacific/Kiritimati'), ['2026-11-29', '2026-11-29T10:00:00.000Z']);
  deepEqual(at('2026-11-28T10:15:00Z', 'Asia/Kathmandu'), ['2026-11-28', '2026-11-28T18:15:00.000Z']);
  for (let hour = 0; hour < 24; hour++) {
    const nowMs = Date.UTC(2026, 10, 28, hour);
    const hours = (dayAt(nowMs, morningZone(nowMs)).endsMs - nowMs) / 3_600_000;
    equal(hours, 18);
  }
});

const agentWith = (budgets: object, limits = {}) =>
  defineAgent({
    ...{ name: 'a', owner: 'o', team: 't', purpose: 'p', instructions: 'i', tools: [], rules: [] },
    ...{ budgets, limits },
  });

test('an agent declares its budgets by parts, and what cannot be right stops the start with a sentence', () => {
  deepEqual(agentWith({}).budgets, DEFAULT_BUDGETS);
  equal(agentWith({ principalPerDay: { tokens: 5 } }).budgets?.principalPerDay.tokens, 5);
  equal(budgetsOf({ principalPerDay: { tokens: 5 } }).principalPerDay.modelCalls, 5_000);
  for (const [budgets, why] of [
    [
      { timeZone: 'Mars/Olympus' },
      /agent "a": budgets\.timeZone is no time zone: "Mars\/Olympus"; give a name such as/,
    ],
    [
      { conversation: { tokens: 0 } },
      /budgets\.conversation\.tokens must be a whole number from 1 to 1000000000000000/,
    ],
    [{ agentPerDay: { microUsd: 0.5 } }, /budgets\.agentPerDay\.microUsd must be a whole number/],
    [{ agentPerDay: { modelCalls: Number.NaN } }, /budgets\.agentPerDay\.modelCalls must be a whole number/],
    [
      { agentPerDay: { dollars: 5 } },
      /budgets\.agentPerDay\.dollars is none of modelCalls, toolCalls, tokens, microUsd/,
    ],
    [{ principalPerDay: { toolCalls: 15 } }, /budgets\.principalPerDay\.toolCalls must be 16 or more/],
  ] as const) {
    throws(() => agentWith(budgets), why);
  }
  equal(agentWith({ principalPerDay: { toolCalls: 2 } }, { callsPerModelCall: 2 }).name, 'a');
});

const PRICE = { promptMicroUsd: 1, completionMicroUsd: 2 };
const BOUNDS = { promptTokens: 100, completionTokens: 10, toolCalls: 4, price: PRICE };

test('of what the assistant says of a call only that counts which can be', () => {
  const used = (promptTokens: number, completionTokens: number, toolCalls = 0) =>
    usedBy(BOUNDS, { promptTokens, completionTokens, toolCalls });
  deepEqual(used(7, 0, 2), { modelCalls: 1, toolCalls: 2, tokens: 7, microUsd: 7 });
  deepEqual(used(100, 10, 4), { modelCalls: 1, toolCalls: 4, tokens: 110, microUsd: 120 });
  for (const lie of [-1, 0, 0.5, 101, Number.NaN, Infinity, -Infinity, null as unknown as number])
    equal(used(lie, 10).tokens, 110, String(lie));
  for (const lie of [-1, 0.5, 11, Number.NaN, Infinity]) equal(used(100, lie, lie).microUsd, 120, String(lie));
});

const NONE = { modelCalls: 0, toolCalls: 0, tokens: 0, microUsd: 0 };
const WHOSE = { id: 'x', scope: 'principal_day', tenant: 'default', agent: 'a', of: 'ada', day: '2026-11-28' } as const;

test('what is used, what is held and what was opened say together whether a call has room', () => {
  const limits = { modelCalls: 3, toolCalls: 9, tokens: 9, microUsd: 9 };
  const asked = { ...NONE, modelCalls: 1 };
  const budget = { ...WHOSE, endsMs: 5, used: { ...NONE, modelCalls: 1 }, held: { ...NONE, modelCalls: 1 } };
  const rest = { opened: NONE, openings: NONE };
  equal(reachedOf([{ budget: { ...budget, ...rest }, limits }], asked), undefined);
  const full = { ...budget, ...rest, used: { ...NONE, modelCalls: 2 } };
  deepEqual(reachedOf([{ budget: full, limits }], asked), {
    ...{ ...WHOSE, endsMs: 5, measure: 'modelCalls', used: 3, most: 3, amount: 3, openings: 0 },
  });
  const more = { ...full, opened: { ...NONE, modelCalls: 3 }, openings: { ...NONE, modelCalls: 1 } };
  equal(reachedOf([{ budget: more, limits }], asked), undefined);
  // Of what was lowered since, nothing is left.
  equal(reachedOf([{ budget: full, limits: { ...limits, modelCalls: 1 } }], asked)?.used, 3);
});

test('the words say which budget it is, how much, until when it is shut, and how far the turn has come', () => {
  const endsMs = Date.parse('2026-11-29T00:00:00Z');
  const reached = {
    ...WHOSE,
    endsMs,
    measure: 'microUsd',
    used: 5,
    most: 5_000_000,
    amount: 5_000_000,
    openings: 0,
  } as const;
  equal(budgetText(reached), 'ada on 2026-11-28 may use 5.00 US dollars of my language model');
  equal(
    wordsOfBudget(reached, { done: ['refund 1'], notDone: ['refund 2'], waiting: '' }),
    'I stopped here: ada on 2026-11-28 may use 5.00 US dollars of my language model, and that is used up. Done: refund 1. ' +
      'Not done: refund 2. It is shut until 2026-11-29 00:00 UTC, or until people open more of it; they are asked. ' +
      'What you write until then I answer after it.',
  );
  match(
    wordsOfBudget(reached, { done: [], notDone: [], waiting: '', ended: ['pay 9'] }),
    /used up\. What waited has ended: pay 9\. How, the record of this conversation says\. It is shut until/,
  );
  equal(shutText({ endsMs: null }), 'It is shut until people open more of it; they are asked.');
  for (const measure of MEASURES) match(amountText(measure, 2), /^(?:2|0\.000002) /);
});

test('what is shut holds the messages of those whose budget it is, and the oldest of too many are forgotten', () => {
  const one = (questionId: string, more: Partial<ShutBudget>): ShutBudget => ({
    ...{ questionId, budgetId: 'b', measure: 'tokens', openings: 0, scope: 'principal_day', principalId: 'ada' },
    ...{ untilMs: 9, ...more },
  });
  const all = withShut(withShut(undefined, one('q1', {})), one('q2', { principalId: 'finn', untilMs: 5 }));
  equal(shutFor(all, 'ada')?.questionId, 'q1');
  equal(shutFor(all, 'lena'), undefined);
  equal(shutFor(withShut(all, one('q3', { principalId: '' })), 'lena')?.questionId, 'q3');
  equal(nextOpeningMs(all), 5);
  equal(nextOpeningMs([one('q4', { untilMs: null })]), Infinity);
  equal(nextOpeningMs(undefined), Infinity);
  let many: readonly ShutBudget[] = [];
  for (let at = 0; at < 30; at++) many = withShut(many, one(`q${at}`, {}));
  deepEqual([many.length, many[0]?.questionId], [20, 'q10']);
  equal(withShut(many, one('q29', {})).length, 20);
});

test('a card that asks for more says so, what happens without an answer, and that it is no leave to act', () => {
  const asks = { ...anApproval('c-1'), question: 'budget', end: 'open' } as const;
  match(titleOf(asks, 0), /^support-desk asks for more of a budget: /);
  equal(otherwiseOf(asks), 'then it stays shut');
  deepEqual(answersTo(asks), ['approve', 'deny']);
  deepEqual(askedBy(asks).authors, [asks.requester]);
  const expired = { ...asks, end: 'expired' } as const;
  equal(endedText(expired, null, undefined), 'Expired: nobody answered in time, so it stays shut');
  equal(endedText({ ...asks, end: 'approved' }, null, undefined), 'Approved');
});
