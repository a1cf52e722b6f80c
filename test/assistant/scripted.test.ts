import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createScriptedModel, SCRIPTED_LABEL } from '../../activities/assistant/models/scripted.ts';
import type { DemoIntent } from '../../domain/agent.ts';
import type { ItemBody } from '../../domain/item.ts';
import { aRequest, calls, result, says } from './support.ts';

const INTENTS: readonly DemoIntent[] = [
  {
    example: 'where is order 1042?',
    matches: /where is order (?<order>\d+)/gi,
    call: ({ order }) => ({ tool: 'lookup', args: { order: Number(order) } }),
  },
  {
    example: 'refund order 1042',
    matches: /refund order (?<order>\d+)/i,
    call: ({ order }) => ({ tool: 'lookup', args: { order: Number(order) } }),
    then: [
      ({ order }, [record]) =>
        record?.includes('paid') ? { tool: 'refund', args: { order: Number(order), record } } : undefined,
    ],
    say: (text) => `Done: ${text}.`,
  },
];

const complete = (transcript: ItemBody[], more: { toolChoice?: 'none' } = {}) =>
  createScriptedModel(INTENTS).complete(aRequest({ transcript, ...more }), new AbortController().signal);
const spoken = async (transcript: ItemBody[], more: { toolChoice?: 'none' } = {}) => {
  const { text, calls: made } = await complete(transcript, more);
  assert.deepEqual(made, []);
  assert.ok(text.startsWith(`${SCRIPTED_LABEL} `), text);
  return text.slice(SCRIPTED_LABEL.length + 1);
};
const REFUND = says('please refund order 1042');

test('the first intent that matches the last message is called, the same one however often it is asked', async () => {
  const transcript = [says('refund order 7'), says('Where is order 1042?')];
  const expected = [{ callId: 'demo_1', tool: 'lookup', argumentsText: '{"order":1042}' }];
  for (const answer of [await complete(transcript), await complete(transcript)])
    assert.deepEqual(answer.calls, expected);
});

test('of several messages at once it says which it did not take', async () => {
  const asked = [says('refund order 7'), says('refund order 8'), says('where is order 1042?')];
  const notTaken = 'I follow the last message only. Not taken; send each again by itself:';
  const expected = `shipped\n${notTaken}\n- refund order 7\n- refund order 8`;
  const before: ItemBody[] = [says('hello'), { kind: 'reply', text: 'hello', by: 'model' }];
  assert.equal(await spoken([...before, ...asked, calls('demo_1'), result('demo_1', 'shipped')]), expected);
  assert.match(await spoken([says('refund order 7'), says('thanks')]), /did not understand[\s\S]*\n- refund order 7$/);
});

test('its result is shown as it is, or in the words of the intent', async () => {
  assert.equal(await spoken([says('where is order 1042'), calls('demo_1'), result('demo_1', 'shipped')]), 'shipped');
  const refunded = [
    REFUND,
    calls('demo_1'),
    result('demo_1', 'paid 72.00'),
    calls('demo_2'),
    result('demo_2', 'refunded'),
  ];
  assert.equal(await spoken(refunded), 'Done: refunded.');
});

test('a later call sees the results before it, and has an id of its own', async () => {
  const answer = await complete([REFUND, calls('demo_1'), result('demo_1', 'paid 72.00')]);
  assert.deepEqual(answer.calls, [
    { callId: 'demo_2', tool: 'refund', argumentsText: '{"order":1042,"record":"paid 72.00"}' },
  ]);
  assert.equal(await spoken([REFUND, calls('demo_1'), result('demo_1', 'open')]), 'Done: open.');
});

test('what waits, was denied or failed is said as it is, never as done', async () => {
  for (const text of [
    'Not done yet: it waits for finance (1 must approve) until Monday.',
    'Not done. denied: not yours',
    'It may or may not have happened: no answer. It is not repeated; a person has to look.',
  ]) {
    assert.equal(await spoken([REFUND, calls('demo_1'), result('demo_1', text)]), text);
  }
});

test('a message that it does not understand is answered with what can be tried', async () => {
  const text = await spoken([says('what is the meaning of life?')]);
  assert.match(text, /did not understand[\s\S]*script[\s\S]*- where is order 1042\?\n- refund order 1042$/);
});

test('a report is repeated', async () => {
  assert.equal(
    await spoken([REFUND, { kind: 'report', text: 'refund order 1042: succeeded' }]),
    'refund order 1042: succeeded',
  );
});

test('it calls nothing when it may only speak', async () => {
  assert.equal(await spoken([REFUND], { toolChoice: 'none' }), 'I may use no tool now.');
  assert.equal(
    await spoken([REFUND, calls('demo_1'), result('demo_1', 'paid 72.00')], { toolChoice: 'none' }),
    'Done: paid 72.00.',
  );
});
