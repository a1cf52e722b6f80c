import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { faultOf } from '../../api/faults.ts';

const schema = z.strictObject({
  text: z.string().max(5, { error: 'is too long; shorten it' }),
  count: z.int().optional(),
  answer: z.enum(['approve', 'deny']).optional(),
});

const CASES: readonly (readonly [unknown, string])[] = [
  [{}, 'text: is missing; write a text, in quotes'],
  [{ text: 5 }, 'text: must be a text, in quotes'],
  [{ text: 'hello', count: 'three' }, 'count: must be a number, without quotes'],
  [{ text: 'hello', count: 1.5 }, 'count: must be a whole number, without quotes'],
  [{ text: 'hello', extra: 1 }, ': has what is not known here: "extra"; leave it out'],
  [{ text: 'hello', answer: 'perhaps' }, 'answer: must be one of: "approve", "deny"'],
  [{ text: 'hello, world' }, 'text: is too long; shorten it'],
  ['hello', ': must be an object: {…}'],
];

for (const [given, told] of CASES)
  test(`what is wrong with ${JSON.stringify(given)} is said with what to do`, () => {
    const { error } = schema.safeParse(given, { error: faultOf });
    const [first] = error?.issues ?? [];
    assert.equal(`${first?.path.join('.')}: ${first?.message}`, told);
  });
