import assert from 'node:assert/strict';
import { test } from 'node:test';
import { anApi, anApproval, at, run } from './support.ts';

test('what of an approval hides or pretends is said wherever it is listed or shown, and that not all can be seen', async (t) => {
  const approval = anApproval({
    ...{ summary: 'pay', isWhole: false },
    flagged: [{ of: 'argument', name: 'to', text: 'a<U+200B>b', flags: ['invisible'] }],
    origins: [{ path: 'to', origin: 'untrusted', text: 'read<U+202E>mail (untrusted)', flags: ['bidi'] }],
    headline: {
      what: { text: 'pay р<U+0430>ul', flags: ['mixed_script'] },
      forWhom: { text: 'x', flags: ['bidi'] },
      howMuch: { text: '1 EUR', flags: [] },
    },
  });
  const api = await anApi(t, {
    'GET /v1/approvals': () => ({ body: { rows: [approval], next: '' } }),
    'GET /v1/approvals/c-1:1:0.0.0': () => ({ body: approval }),
  });
  const list = await run(t, ['approvals'], at(api.url));
  assert.match(
    list.output,
    /pay \(careful: characters that turn text around; letters of different alphabets in one word\)/,
  );
  const { output } = await run(t, ['approvals', 'c-1:1:0.0.0'], at(api.url));
  for (const words of [
    /what +pay р<U\+0430>ul \(careful: letters of different alphabets in one word\)/,
    /for whom +x \(careful: characters that turn text around\)/,
    /how much +1 EUR\n/,
    /to comes from read<U\+202E>mail \(untrusted\) \(careful: characters that turn text around\)/,
    /careful +argument to: a<U\+200B>b \(careful: characters that nobody sees\)/,
    /careful +Its page cannot show all of it/,
  ]) {
    assert.match(output, words);
  }
});
