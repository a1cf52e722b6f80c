import { equal, match } from 'node:assert/strict';
import { test } from 'node:test';
import { FAILURES } from '../../domain/failure.ts';
import { wordsOfModelFailure, wordsOfStop } from '../../domain/words.ts';

test('the sender is told what is true of the failure: not reached, overloaded, unusable, refused', () => {
  const said = (type: string) => wordsOfModelFailure(type, '');
  match(said('ModelUnavailable'), /could not be reached/);
  match(said('ModelRateLimited'), /overloaded/);
  match(said('ModelAnswerUnusable'), /no answer that I can use/);
  // Only these can be mended by writing again.
  for (const type of [...Object.keys(FAILURES), '']) {
    const retryable = type.startsWith('Model') && type !== 'ModelRejectedRequest' && type !== '';
    const again = retryable && ['ModelRateLimited', 'ModelUnavailable', 'ModelAnswerUnusable'].includes(type);
    equal(/Write again/.test(said(type)), again, type);
  }
  match(wordsOfModelFailure('ModelUnavailable', 'pay 72: waits for finance.'), /shows\. pay 72: waits for finance\.$/);
});

test('a stopped turn lists what was not done, and no longer than a person reads', () => {
  equal(wordsOfStop([]).includes('\n'), false);
  const many = wordsOfStop(Array.from({ length: 100 }, (_, at) => `step ${at}`));
  match(many, /- step 59\n- and 40 more$/);
});
