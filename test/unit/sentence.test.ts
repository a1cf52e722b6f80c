import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sentence } from '../../api/problem.ts';

test('a reason becomes a sentence, and the name of an argument stays as it is written', () => {
  const told = ['too late', 'it has ended.', 'amountCents: too big', 'order_id: none', 'lines.0.sku: none', 'a. b'];
  assert.deepEqual(told.map(sentence), [
    'Too late.',
    'It has ended.',
    'amountCents: too big.',
    'order_id: none.',
    'lines.0.sku: none.',
    'A. b.',
  ]);
});
