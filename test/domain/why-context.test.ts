// What `why` says of what a model call did not show whole.
import { deepEqual, equal, match } from 'node:assert/strict';
import { test } from 'node:test';
import type { FactOf } from '../../domain/entry.ts';
import { saw, sawInVain } from '../../domain/why-heard.ts';
import type { Known } from '../../domain/why-line.ts';

const mark = (id: string) => ({ id, digest: `digest of ${id}` });
const called = (within?: FactOf<'model_call'>['within']): FactOf<'model_call'> => ({
  ...{ kind: 'model_call', turn: 3, model: 'm1', requestId: 'r', shown: [mark('i1')], itemId: 'i9', itemDigest: 'd' },
  ...{ promptTokens: 11, completionTokens: 4, cost: null },
  ...(within === undefined ? {} : { within }),
});
const known = { items: new Map() } as unknown as Known;
const within = {
  ...{ maxTokens: 8_000, countedTokens: 7_900, reduced: [mark('i2'), mark('i3')] },
  leftOut: [
    { ...mark('i4'), why: 'no_room' as const },
    { ...mark('i5'), why: 'no_counterpart' as const },
  ],
};

test('what was cut to a line and left out is told with the limit that it was for, and named with digests', () => {
  const line = saw(called(within), known, false);
  match(
    line.text,
    /saw 1 items: \?, to stay within 8000 tokens 2 results as one line each and 1 items not at all, and 1 not that had no counterpart; 11 \+ 4 tokens$/,
  );
  const { within: details } = line.details as { within: typeof within };
  deepEqual(details, within);
  const inVain = sawInVain({ kind: 'model_call_failed', turn: 3, shown: [], within, models: ['m1'], reason: 'down' });
  match(inVain.text, /^m1 saw 0 items, to stay within 8000 tokens 2 results .* or may have, and gave no answer/);
});

test('of a call that showed all, and of one of 0.7.0, nothing is said of it', () => {
  const all = { maxTokens: 8_000, countedTokens: 10, reduced: [], leftOut: [] };
  const texts = [called(all), called()].map((fact) => saw(fact, known, false).text);
  equal(texts[0], texts[1]);
  match(texts[0] ?? '', /^the model m1 saw 1 items: \?; 11 \+ 4 tokens$/);
  equal('within' in (saw(called(), known, false).details as object), false);
});

test('what a summary has in its place is told apart, and a call that chose what is kept is no call that answered', () => {
  const leftOut = [{ ...mark('i4'), why: 'summed_up' as const, into: 'i1' }];
  const line = saw(called({ ...within, reduced: [], leftOut }), known, false);
  match(line.text, /saw 1 items: \?, a summary in the place of 1 items; 11 \+ 4 tokens$/);
  deepEqual((line.details as { within: typeof within }).within.leftOut, leftOut);
  match(saw({ ...called(), of: 'summary' }, known, false).text, /^the model m1 chose what is kept of 1 items/);
});
