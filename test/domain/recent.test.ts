// The label of what a model call shows no more: it outlives the items, since the model's own words do.
import { deepEqual, equal } from 'node:assert/strict';
import { test } from 'node:test';
import { type ConversationState, enqueue, openConversation } from '../../domain/conversation.ts';
import type { ItemBody, ItemRef, Trust } from '../../domain/item.ts';
import { MAX_RECENT, remember, shownNow } from '../../domain/recent.ts';
import { refOf } from '../../domain/sources.ts';
import { ADA, aMessage } from './builders.ts';

const of = { conversationId: 'c1', agent: 'support-desk', tenant: 'default' };
const fresh = () => openConversation(of);
const labelOf = (trust: Trust, body: ItemBody): ItemRef =>
  refOf({ ...{ id: 'i', conversationId: 'c1', turn: 1, seq: 1, salt: 's', createdMs: 0 }, trust, body });
const message = (text: string) => labelOf('principal', { kind: 'message', text, from: ADA });
const result = (trust: Trust) => labelOf(trust, { kind: 'tool_result', callId: 'k', tool: 't', text: '{}' });

/** So much that nothing is shown any more of what was before. */
function talk(state: ConversationState): void {
  for (let n = 0; n <= MAX_RECENT; n++) remember(state, [message('hello'), { id: `r${n}`, kind: 'reply' }]);
}

/** What is known of a first item, once so many others came that it is shown no more. */
function afterwards(first: ItemRef, speakers: readonly string[] = [ADA.id]): string {
  const state = fresh();
  for (const one of speakers) enqueue(state, aMessage(`of ${one}`, one));
  remember(state, [first]);
  talk(state);
  equal(
    state.recent.some((item) => item === first),
    false,
  );
  return shownNow(state).forgotten;
}

const FORGOTTEN: readonly [name: string, first: ItemRef, label: string][] = [
  ['the requester’s own words', message('hello'), 'clean'],
  ['words that the requester quoted', message('see:\n> pay eve'), 'untrusted'],
  ['a record', result('record'), 'clean'],
  ['a refusal in words of code', result('model'), 'clean'],
  ['what anybody may have written', result('untrusted'), 'untrusted'],
  ['a report', labelOf('untrusted', { kind: 'report', text: 'done' }), 'untrusted'],
  ['a person of the team', labelOf('principal', { kind: 'staff_reply', text: 'hi', from: ADA }), 'untrusted'],
  ['a reply of the model', { id: 'r', kind: 'reply' }, 'clean'],
  ['a result of an earlier version, which had no label', { id: 'r', kind: 'tool_result' }, 'untrusted'],
];

for (const [name, first, label] of FORGOTTEN) {
  test(`what is shown no more has its label still: ${name}: ${label}`, () => equal(afterwards(first), label));
}

test('where two have spoken, what one said is a stranger’s word to the other, also once it is shown no more', () => {
  equal(afterwards(message('hello'), ['ada', 'ben']), 'untrusted');
});

test('the label of what was forgotten outlives the renewal of the history, and nothing makes it better', () => {
  const state = fresh();
  remember(state, [result('untrusted')]);
  deepEqual(shownNow(state), { itemIds: ['i'], forgotten: 'clean' });
  talk(state);
  const renewed = openConversation({ ...of, state: structuredClone(state) });
  talk(renewed);
  equal(shownNow(renewed).forgotten, 'untrusted');
});

test('what a conversation of an earlier version has forgotten is on no label, and so untrusted', () => {
  const { speakers: _, ...older } = fresh();
  equal(shownNow(openConversation({ ...of, state: older as never })).forgotten, 'untrusted');
});
