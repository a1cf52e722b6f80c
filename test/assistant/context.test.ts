import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { assembleTranscript, wordsOf } from '../../domain/context.ts';
import type { ItemBody } from '../../domain/item.ts';
import { anItem, calls, principal, result, says } from './support.ts';

const bodies = (...given: ItemBody[]) =>
  assembleTranscript(given.map((body, at) => anItem(`i${at}`, body))).map((item) => item.body);

test('a whole transcript is shown as it is', () => {
  const whole: ItemBody[] = [
    says('hi'),
    calls('a', 'b'),
    result('a'),
    result('b'),
    { kind: 'reply', text: 'ok', by: 'model' },
  ];
  assert.deepEqual(bodies(...whole), whole);
});

test('a result without its call is left out', () => {
  assert.deepEqual(bodies(result('a'), says('hi')), [says('hi')]);
});

test('a call without its result is left out, and what the provider wants back for all calls with it', () => {
  const item = { ...calls('a', 'b'), opaque: 'sealed' };
  assert.deepEqual(bodies(says('hi'), item, result('b')), [says('hi'), calls('b'), result('b')]);
  assert.deepEqual(bodies(says('hi'), calls('a')), [says('hi')]);
});

test('results stand directly after their calls, in the order of the calls', () => {
  const shown = bodies(calls('a', 'b'), says('meanwhile'), result('b'), result('a'));
  assert.deepEqual(shown, [calls('a', 'b'), result('a'), result('b'), says('meanwhile')]);
});

test('a call id that a provider uses again belongs to the latest call, and the first result stands', () => {
  const shown = bodies(calls('a'), result('a', 'one'), calls('a'), result('a', 'two'), result('a', 'three'));
  assert.deepEqual(shown, [calls('a'), result('a', 'one'), calls('a'), result('a', 'two')]);
});

test('whatever the items, every call shown has its result right behind it and no result stands alone', () => {
  const id = fc.constantFrom('a', 'b', 'c', '__proto__');
  const body = fc.oneof(
    fc.constant(says('x')),
    id.map((one) => result(one)),
    fc.uniqueArray(id, { minLength: 1 }).map((ids) => calls(...ids)),
  );
  fc.assert(
    fc.property(fc.array(body, { maxLength: 20 }), (given) => {
      let due: string[] = [];
      for (const shown of bodies(...given)) {
        if (shown.kind === 'tool_result') assert.equal(due.shift(), shown.callId);
        else assert.deepEqual(due, []);
        if (shown.kind === 'calls') due = shown.calls.map((call) => call.callId);
      }
      assert.deepEqual(due, []);
    }),
  );
});

test("a report and a person's answer are shown as notes, never as the model's own words", () => {
  const report = wordsOf({ kind: 'report', text: 'refunded' });
  const staff = wordsOf({ kind: 'staff_reply', text: 'I am on it', from: principal });
  assert.deepEqual([report.role, staff.role], ['user', 'user']);
  assert.match(report.text, /^\[note of the system: .*\]\nrefunded$/);
  assert.match(staff.text, /^\[note of the system: Ada .*\]\nI am on it$/);
  assert.deepEqual(wordsOf({ kind: 'reply', text: 'ok', by: 'code' }), { role: 'assistant', text: 'ok' });
});
