// Long results: what is shown of them, and that the rest can be read to its last character.
import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { actionAt, placeOf, turnOfBatch } from '../../domain/ids.ts';
import { MAX_SHOWN_CHARS, partOf, reducedText, resultText, shownResult } from '../../domain/parts.ts';

const earlier = (text: string) =>
  ({ place: '3:0', tool: 'get_log', text, trust: 'record', principalId: 'ada' }) as const;
/** The part itself, and where the next one begins. */
const read = (text: string, from: number): readonly [part: string, next: number | undefined] => {
  const shown = partOf(earlier(text), from);
  const [first = ''] = shown.split('\n', 1);
  const next = /"from":(\d+)/.exec(first)?.[1];
  return [shown.slice(first.length + 1), next === undefined ? undefined : Number(next)];
};

test('a result that is not too long is shown as it is', () => {
  for (const text of ['', 'a', 'x'.repeat(MAX_SHOWN_CHARS)]) equal(shownResult(text, '3:0'), text);
});

test('of a longer one its two ends are shown, and between them how much is left out and how to read it', () => {
  const text = `${'a'.repeat(6_000)}${'b'.repeat(90_000)}${'c'.repeat(1_500)}`;
  const shown = shownResult(text, '3:0');
  match(
    shown,
    /^a{6000}\n\[90000 of 97500 characters are left out here; read_more\(\{"result":"3:0","from":6000\}\) shows them\]\nc{1500}$/,
  );
  ok(shown.length <= MAX_SHOWN_CHARS);
});

test('read on from what was shown, a result comes whole, to its last character', () => {
  const units = fc.string({
    unit: fc.constantFrom('a', '漢', '👩‍👩‍👧', '\n', '🙂'),
    minLength: 4_000,
    maxLength: 12_000,
  });
  fc.assert(
    fc.property(units, (text) => {
      const parts: string[] = [];
      for (let at: number | undefined = 0; at !== undefined; ) {
        ok(partOf(earlier(text), at).length <= MAX_SHOWN_CHARS, 'a part is shown whole itself');
        const [part, next] = read(text, at);
        ok(part.isWellFormed());
        parts.push(part);
        ok(next === undefined || next > at);
        at = next;
      }
      equal(parts.join(''), text);
      ok(shownResult(text, '3:0').isWellFormed());
    }),
    { numRuns: 30 },
  );
});

test('past the end there is nothing to read, and it says so', () => {
  equal(partOf(earlier('abc'), 3), '[get_log gave back 3 characters; there are none from 3 on]');
  match(partOf(earlier('abc'), 0), /^\[characters 0 to 3 of the 3 that get_log gave back, to its end\]\nabc$/);
});

test('what cannot be read again can be called again', () => {
  match(reducedText({ tool: 'get_log', text: 'abc' }), /call it again where it matters\]$/);
});

test('a place names an action of one conversation alone, and what is none names nothing', () => {
  equal(actionAt('c1', placeOf('c1:3:0~1')), 'c1:3:0~1');
  deepEqual(
    ['', '3', '3:0/step', 'c2:3:0', '3:0:0', '../3:0', '3:0\n', ' 3:0'].map((text) => actionAt('c1', text)),
    Array.from({ length: 8 }, () => undefined),
  );
});

test('the turn of what waits stands in its id', () => {
  deepEqual(['c1:12:0', 'c1:12:3~1.question', 'c1:7:0.procedure', 'c1', ''].map(turnOfBatch), [
    12,
    12,
    7,
    undefined,
    undefined,
  ]);
});

test('a result is read as the text that it is, else as JSON, and nothing as null', () => {
  deepEqual(['a "b"', { a: 1 }, null, undefined].map(resultText), ['a "b"', '{"a":1}', 'null', 'null']);
});
