// What model use leaves in the store: what of it is due, and that dropping it changes nothing that anybody counts.
import { deepEqual, equal, ok } from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { HELD_AT_MOST_MS } from '../../../domain/spending.ts';
import type { Reserving } from '../../../store/budget-port.ts';
import { aConversationId, anEntry } from '../builders.ts';
import type { Contract } from '../contract.test.ts';
import {
  aCall,
  answer,
  aTalk,
  DAY_MS,
  daysAgo,
  dueOf,
  makeCall,
  NOW_MS,
  reservedIn,
  run,
  standing,
} from '../growing.ts';

export const grownBudgetsContract: Contract = {
  'what a call had held is due once it is counted, its turn is over and it is old; what is young, or goes on, is not':
    async (subject) => {
      const { store } = subject;
      const old = daysAgo(70);
      const [spoken, paused, failed, young] = [1, 2, 3, 4].map(() => aConversationId()) as [
        string,
        string,
        string,
        string,
      ];
      for (const turn of [1, 2]) await makeCall(subject, aCall(spoken, turn, old + turn));
      // The one before is counted by whoever asks next; this one is nobody's to count yet.
      await store.budgets.reserve(aCall(spoken, 3, old + 3));
      const first = aCall(paused, 1, old);
      await makeCall(subject, first, false);
      const second = { ...aCall(paused, 1, old + 1), callId: `${paused}:1:1`, step: 'model:1:1' };
      await makeCall(subject, second, false);
      await store.budgets.reserve(aCall(failed, 1, old));
      await makeCall(subject, aCall(failed, 2, old + HELD_AT_MOST_MS + 1));
      for (const turn of [1, 2, 3]) await makeCall(subject, aCall(young, turn, daysAgo(60) + turn));
      const { ids, due } = await dueOf(subject, 'drop_reservations');
      const own = ids.filter((id) => [spoken, paused, failed, young].some((one) => id.startsWith(one)));
      deepEqual(own, [`${failed}:1:0`, `${spoken}:1:0`, `${spoken}:2:0`]);
      // As the day begins that comes 60 days after its own.
      const dueMs = due.find(({ id }) => id === `${spoken}:1:0`)?.dueMs ?? 0;
      deepEqual([dueMs % DAY_MS, dueMs - old > 60 * DAY_MS, dueMs - old <= 61 * DAY_MS], [0, true, true]);
      const before = (await dueOf(subject, 'drop_reservations', dueMs - 1)).ids;
      deepEqual(
        [
          before.includes(`${spoken}:1:0`),
          (await dueOf(subject, 'drop_reservations', dueMs)).ids.includes(own[1] ?? ''),
        ],
        [false, true],
      );

      await run(subject);
      deepEqual(await reservedIn(subject, spoken), [`${spoken}:3:0`]);
      deepEqual(await reservedIn(subject, paused), [`${paused}:1:0`, `${paused}:1:1`]);
      deepEqual(await reservedIn(subject, failed), [`${failed}:2:0`]);
      equal((await reservedIn(subject, young)).length, 3);
      // A turn that was paused for months goes on with the limits that it has left: both calls have used 45 tokens.
      const goesOn = { ...aCall(paused, 1, NOW_MS, 90), callId: `${paused}:1:2`, step: 'model:1:2' };
      equal((await store.budgets.reserve(goesOn)).kind, 'turn_limited');
    },

  'what was held in a turn that went on for months is due since its answer, or since its conversation was closed':
    async (subject) => {
      const id = aConversationId();
      const paused = aCall(id, 1, daysAgo(90));
      await makeCall(subject, paused, false);
      await makeCall(subject, { ...paused, callId: `${id}:1:1`, step: 'model:1:1' }, false);
      await answer(subject, paused, daysAgo(3));
      const closed = await aTalk(subject, daysAgo(90), daysAgo(65));
      for (const turn of [1, 2]) await makeCall(subject, aCall(closed, turn, daysAgo(90) + turn), false);
      const { due } = await dueOf(subject, 'drop_reservations');
      const sinceOf = (callId: string) => due.find((one) => one.id === callId)?.dueMs;
      // As the day begins that comes 60 days after the one on which it was closed.
      const dayMs = Math.floor(daysAgo(4) / DAY_MS) * DAY_MS;
      deepEqual([sinceOf(paused.callId), sinceOf(`${closed}:1:0`)], [daysAgo(3), dayMs]);
    },

  'a call whose reservation was dropped is let through again and counts no second time; one that never was counts':
    async (subject) => {
      const { store } = subject;
      const id = await aTalk(subject, daysAgo(70));
      for (const turn of [1, 2]) await makeCall(subject, aCall(id, turn, daysAgo(70) + turn));
      await store.budgets.reserve(aCall(id, 3, daysAgo(70) + 3));
      await run(subject);
      await store.budgets.reserve(aCall(id, 4, NOW_MS));
      deepEqual(await reservedIn(subject, id), [`${id}:3:0`, `${id}:4:0`]);
      // As a Reset repeats it: today, under the same names.
      const again = aCall(id, 1, NOW_MS);
      const before = await standing(subject, again);
      deepEqual(await store.budgets.reserve(again), { kind: 'held' });
      deepEqual(await standing(subject, again), before);
      deepEqual(await reservedIn(subject, id), [`${id}:3:0`, `${id}:4:0`]);
      // No word of the assistant's spares a call that never was: it is held, and counts.
      await store.budgets.reserve({ ...again, callId: `${id}:1:7`, step: 'model:1:7' });
      deepEqual([before[2]?.held.modelCalls, (await standing(subject, again))[2]?.held.modelCalls], [1, 2]);
    },

  'no record that comes before its call spares the call': async (subject) => {
    const id = await aTalk(subject, daysAgo(70));
    for (const turn of [1, 2]) await makeCall(subject, aCall(id, turn, daysAgo(70) + turn));
    await subject.store.budgets.reserve(aCall(id, 3, daysAgo(70) + 3));
    await run(subject);
    const next = aCall(id, 4, NOW_MS);
    const shape = {
      turn: 4,
      model: 'm',
      requestId: 'r',
      shown: [],
      itemId: 'none',
      itemDigest: '',
      cost: null,
    } as const;
    const forged = { kind: 'model_call', ...shape, promptTokens: 1, completionTokens: 0 } as const;
    await subject.store.record([anEntry(id, id, next.step, forged, NOW_MS)]);
    equal((await subject.store.budgets.reserve(next)).kind, 'held');
    equal((await standing(subject, next))[2]?.held.modelCalls, 1);
  },

  'the budget of a day goes when the day is long over, and that of a conversation when it has long been closed': async (
    subject,
  ) => {
    const { store, sql } = subject;
    const [open, closed, justClosed] = [
      await aTalk(subject, daysAgo(80)),
      await aTalk(subject, daysAgo(80), daysAgo(70)),
      await aTalk(subject, daysAgo(80), daysAgo(60)),
    ];
    const calls = [open, closed, justClosed].map((id) => aCall(id, 1, daysAgo(80)));
    for (const call of calls) {
      await store.budgets.reserve(call);
      for (const { budget } of Object.values(call.budgets))
        await sql.query('insert into countersign.budget_waits values ($1, $2, 1)', [budget.id, call.conversationId]);
    }
    const today = aCall(aConversationId(), 1, daysAgo(60));
    await store.budgets.reserve(today);
    const names = (call: Reserving) => Object.values(call.budgets).map(({ budget }) => budget.id);
    const { ids } = await dueOf(subject, 'drop_budgets');
    const gone = new Set([...calls.flatMap((call) => names(call).slice(1)), ...names(calls[1]!)]);
    const kept = [names(calls[0]!)[0]!, names(calls[2]!)[0]!, ...names(today)];
    deepEqual([[...gone].filter((id) => !ids.includes(id)), kept.filter((id) => ids.includes(id))], [[], []]);

    await run(subject);
    for (const id of gone) {
      equal(await store.budgets.get(id), undefined, id);
      deepEqual(await store.budgets.waiting(id, '', 10), [], id);
    }
    for (const id of kept) ok(await store.budgets.get(id), id);
    deepEqual(await store.budgets.waiting(kept[0]!, '', 10), [open]);
    // What a closed conversation held and nobody has counted goes with its budget.
    deepEqual([await reservedIn(subject, closed), await reservedIn(subject, justClosed)], [[], [`${justClosed}:1:0`]]);
    // A call of the day that is over is counted all the same, where somebody is left to count it.
    await store.budgets.reserve(aCall(open, 3, daysAgo(59)));
    equal((await store.budgets.get(kept[0]!))?.used.modelCalls, 1);
  },

  'a yes to a budget that is gone opens nothing, and ends': async ({ store }) => {
    const { budget } = aCall(aConversationId(), 1, NOW_MS).budgets.agent_day;
    const reached = { ...budget, measure: 'tokens', amount: 5, openings: 0 } as const;
    const said = { questionId: randomUUID(), conversationId: 'c', decisionId: 'd', by: 'olga', atMs: NOW_MS };
    equal(await store.budgets.open({ reached, ...said }), false);
  },
};
