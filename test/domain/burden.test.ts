import assert from 'node:assert/strict';
import { test } from 'node:test';
import { notSeenOf, type RuleBurden, stampSignsOf, type Times, yesShareOf } from '../../domain/burden.ts';

const took = (count: number, medianMs: number | null): Times => ({
  ...{ count, sumMs: 0, medianMs, p10Ms: medianMs, buckets: [] },
});

function aRule({
  yes = 0,
  no = 0,
  edits = 0,
  ...over
}: Partial<RuleBurden> & Record<string, unknown> = {}): RuleBurden {
  const answers = { approve: Number(yes), deny: Number(no), edit: Number(edits), withdraw: 9, ask_back: 9 };
  const nothing = { decided: took(0, null), page: took(0, null), card: took(0, null) };
  return { agent: 'a', ruleId: 'r', asked: 0, expired: 0, open: 0, answers, ...nothing, ...over };
}

test('more than 95 % of fifty decisions or more look like a rubber stamp; an edit is no yes, taking back no decision', () => {
  assert.deepEqual(stampSignsOf(aRule({ yes: 50 })), ['nearly_always_yes']);
  assert.deepEqual(stampSignsOf(aRule({ yes: 49 })), [], 'too few to say');
  assert.deepEqual(stampSignsOf(aRule({ yes: 48, no: 2 })), ['nearly_always_yes']);
  assert.deepEqual(stampSignsOf(aRule({ yes: 47, no: 2, edits: 1 })), []);
  assert.deepEqual(stampSignsOf(aRule({ yes: 95, no: 5 })), [], '95 % is not over 95 %');
  assert.deepEqual([yesShareOf(aRule()), yesShareOf(aRule({ yes: 3, edits: 1 }))], [null, 0.75]);
});

test('a median below two seconds looks like one, from the ask or from the page, of five decisions or more', () => {
  assert.deepEqual(stampSignsOf(aRule({ decided: took(5, 1_999) })), ['at_a_glance']);
  assert.deepEqual(stampSignsOf(aRule({ decided: took(4, 1) })), [], 'too few to say');
  assert.deepEqual(stampSignsOf(aRule({ decided: took(50, 2_000) })), []);
  assert.deepEqual(stampSignsOf(aRule({ decided: took(9, 600_000), page: took(5, 800) })), ['at_a_glance']);
  assert.deepEqual(stampSignsOf(aRule({ decided: took(9, 600_000), card: took(9, 5_000) })), []);
  const both = aRule({ yes: 60, decided: took(60, 900) });
  assert.deepEqual(stampSignsOf(both), ['at_a_glance', 'nearly_always_yes']);
});

test('what was decided without a page or card of which we know is counted as not looked at', () => {
  assert.equal(notSeenOf(aRule({ decided: took(9, 1), page: took(2, 1), card: took(3, 1) })), 4);
});
