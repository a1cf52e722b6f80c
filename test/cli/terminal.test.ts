import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clockTime, colorsFor, columns, labelled, plain, plainLine, span, untilWhen } from '../../cli/terminal.ts';

const NO_COLORS = colorsFor(false, {});

const HIDDEN: readonly (readonly [what: string, text: string, shown: string])[] = [
  ['an escape sequence', 'a\u001b[2Jb', 'a<U+001B>[2Jb'],
  ['a one-byte escape', 'a\u009b2Jb', 'a<U+009B>2Jb'],
  ['a backspace', 'deny\b\b\b\bpay', 'deny<U+0008><U+0008><U+0008><U+0008>pay'],
  ['a carriage return that goes back over a line', 'paid\rowed', 'paid<U+000D>owed'],
  ['a mark that turns text around', 'invoice\u202efdp', 'invoice<U+202E>fdp'],
  ['an isolate', '\u2066x\u2069', '<U+2066>x<U+2069>'],
  ['invisible tag letters', 'ok\u{e0041}', 'ok<U+E0041>'],
  ['a bell', 'x\u0007', 'x<U+0007>'],
  ['a Unicode line end', 'a\u2028b', 'a<U+2028>b'],
  ['half of a surrogate pair', 'a\ud800b', 'a<U+D800>b'],
];

for (const [what, text, shown] of HIDDEN) {
  test(`text from elsewhere is written out: ${what}`, () => assert.equal(plain(text), shown));
}

test('what people write stays as it is', () => {
  const text = 'Straße · 72,00 €\nзаказ 1042 — 订单 👩\u200d🔧 قيمة';
  assert.equal(plain(text), text);
  assert.equal(plain('a\r\nb\tc'), 'a\nb  c');
});

test('a text of several lines cannot pass for lines of ours', () => {
  assert.equal(plainLine('refund\n  waits    nothing'), 'refund waits    nothing');
  assert.equal(
    labelled('Ada', 'one\n  waits       order 7', NO_COLORS.bold),
    'Ada           one\n                waits       order 7',
  );
  assert.equal(labelled('A\nda', 'x'), 'A da          x');
});

test('columns are aligned, and a cell is one line', () => {
  const rows = [
    ['c-1', 'one\ntwo', 'x'],
    ['c-22', 'a\u001b[31mb', 'y'],
  ];
  assert.equal(
    columns(['ID', 'WHAT', 'FOR'], rows, NO_COLORS),
    ['ID    WHAT            FOR', 'c-1   one two         x', 'c-22  a<U+001B>[31mb  y'].join('\n'),
  );
});

test('only a terminal gets colors, and not when NO_COLOR is set', () => {
  const on = (isTerminal: boolean, env: Record<string, string>) => colorsFor(isTerminal, env).bold('x');
  assert.equal(on(true, {}), '\u001b[1mx\u001b[22m');
  assert.equal(on(true, { NO_COLOR: '1' }), 'x');
  assert.equal(on(true, { TERM: 'dumb' }), 'x');
  assert.equal(on(false, { CI: '1', FORCE_COLOR: '1' }), 'x');
});

test('a deadline is told as a time and how long it is until then', () => {
  const noon = new Date(2026, 10, 23, 12, 0).getTime();
  assert.equal(untilWhen(noon + 14_280_000, noon), '15:58 (in 3 h 58 min)');
  assert.equal(untilWhen(noon + 86_400_000, noon), '2026-11-24 12:00 (in 1 d)');
  assert.equal(untilWhen(noon - 1, noon), '11:59 (over)');
  assert.equal(clockTime(1e300, noon), 'at no known time');
  assert.deepEqual([1_000, 60_000, 3_600_000, 90_000_000].map(span), ['1 min', '1 min', '1 h', '1 d 1 h']);
});
