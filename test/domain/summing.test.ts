// When a conversation is summed up, and what it keeps in mind meanwhile.
import { deepEqual, equal, ok } from 'node:assert/strict';
import { test } from 'node:test';
import { noteOf, openThings } from '../../domain/beginning.ts';
import { type ConversationState, openConversation } from '../../domain/conversation.ts';
import type { ItemRef } from '../../domain/item.ts';
import { noteQuoted, quotedNow } from '../../domain/quoted.ts';
import { MAX_RECENT, remember, shownNow } from '../../domain/recent.ts';
import { SUM_UP_FROM, takeOnSummary, toSumUp, unshownBy } from '../../domain/summing.ts';

const fresh = (): ConversationState => openConversation({ conversationId: 'c1', agent: 'desk', tenant: 'default' });
const ref = (id: string, kind: ItemRef['kind']): ItemRef => ({ id, kind, isClean: true });
const exchange = (n: number): readonly ItemRef[] => [
  ref(`m${n}`, 'message'),
  ref(`c${n}`, 'calls'),
  ref(`r${n}`, 'tool_result'),
  ref(`a${n}`, 'reply'),
];
function talk(state: ConversationState, from: number, to: number): void {
  for (let n = from; n <= to; n++) for (const item of exchange(n)) remember(state, [item]);
}
const ids = (items: readonly ItemRef[]) => items.map(({ id }) => id);
const all = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, at) => ids(exchange(from + at))).flat();

test('nothing is summed up until there is more than a call should show; then whole exchanges, the oldest', () => {
  const state = fresh();
  talk(state, 1, SUM_UP_FROM / 4);
  deepEqual(toSumUp(state), []);
  talk(state, 11, 11);
  deepEqual(ids(toSumUp(state)), all(1, 6));
});

test('the summary stands at the beginning, in the place of its sources, and outlives a renewal', () => {
  const state = fresh();
  talk(state, 1, 11);
  const sources = ids(toSumUp(state));
  talk(state, 12, 12); // a turn ran meanwhile
  takeOnSummary(state, ref('s1', 'summary'), sources);
  const expected = { itemIds: ['s1', ...all(7, 12)], forgotten: 'clean' };
  deepEqual(shownNow(state), expected);
  const renewed = openConversation({ ...state, state: structuredClone(state) });
  deepEqual(shownNow(renewed), expected);
  deepEqual(toSumUp(renewed), []);
});

test('what a long turn pushes out is kept in mind until it is summed up, and counted meanwhile', () => {
  const state = fresh();
  talk(state, 1, 10);
  remember(state, [ref('m11', 'message')]);
  for (let n = 0; n < MAX_RECENT; n++) remember(state, [ref(`x${n}`, 'tool_result')]);
  equal(unshownBy(state), 10, 'nothing of it is shown just now');
  remember(state, [ref('m12', 'message'), ref('a12', 'reply')]);
  const sources = ids(toSumUp(state));
  ok(
    all(1, 10).every((id) => sources.includes(id)),
    'nothing of it is lost',
  );
  takeOnSummary(state, ref('s1', 'summary'), sources);
  equal(unshownBy(state), 0);
  ok(shownNow(state).itemIds.every((id) => !sources.includes(id)));
});

test('of more than can be kept in mind the rest is counted as lost', () => {
  const state = fresh();
  talk(state, 1, 300);
  const { leaving = [], lost = 0 } = state;
  ok(leaving.length <= 400 && lost > 0);
  equal(unshownBy(state), 300 - state.recent.filter(({ kind }) => kind === 'message').length);
});

test('where a call had little room the older half is summed up, but never the last exchange', () => {
  const state = fresh();
  talk(state, 1, 4);
  state.isTight = true;
  deepEqual(ids(toSumUp(state)), all(1, 2));
  takeOnSummary(state, ref('s1', 'summary'), ids(toSumUp(state)));
  equal(state.isTight, undefined);
  const one = fresh();
  talk(one, 1, 1);
  one.isTight = true;
  deepEqual(toSumUp(one), []);
});

test('whose words a report quotes is known as long as a summary may repeat them', () => {
  const state = fresh();
  remember(state, [ref('report', 'report')]);
  noteQuoted(state, 'report', ['finn']);
  takeOnSummary(state, ref('s1', 'summary'), ['report']);
  deepEqual(quotedNow(state), ['finn']);
  takeOnSummary(state, ref('s2', 'summary'), []);
  deepEqual(quotedNow(state), ['finn'], 'the next one goes on from it');
});

test('a model is told how much it does not see, and what still waits of that', () => {
  const waiting = { batchId: 'c1:3:0', principal: 's', summaries: ['refund order 1042'], group: 'finance' } as const;
  const [open] = openThings([{ ...waiting, deadlineMs: Date.UTC(2026, 10, 30, 9) }]);
  ok(open !== undefined);
  const note = noteOf({ messages: 2, first: undefined, open: [open] });
  equal(
    note?.text,
    '[note of the system]\nThis conversation began before what you see: 2 earlier messages and what followed upon them are not shown.\n' +
      'Open since turn 3: refund order 1042 (waits for finance, until 2026-11-30 09:00 UTC)',
  );
  equal(noteOf({ messages: 0, first: undefined, open: [] }), undefined);
});
