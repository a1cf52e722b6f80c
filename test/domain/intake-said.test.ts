import { deepEqual, equal, throws } from 'node:assert/strict';
import { test } from 'node:test';
import { fact, type FactKind, mentionsIn, valuesQuoted } from '../../domain/fact-kind.ts';
import { defineIntake } from '../../domain/intake.ts';
import { folded, placesOf, saidText } from '../../domain/said.ts';

const money = fact.money();
const boxes = fact.count(['box', 'boxes']);
const date = fact.date();
const order = fact.id(/\border\s{0,3}#?(\d{3,10})|^(\d{3,10})$/i);
const what = fact.oneOf(
  { damaged: ['damaged', 'arrived broken'], late: ['late', 'has not arrived'], fine: ['not damaged'] },
  { except: ['late evening'] },
);
const injured = fact.yesNo({ yes: ['injured', 'burned'], no: ['nobody was injured', 'not injured'] });
const eur = (minorUnits: number, currency = 'EUR') => ({ currency, minorUnits });

/** kind, text → every value that code finds in it; null is one that it cannot read. */
const TABLE: readonly [FactKind, string, readonly unknown[]][] = [
  [money, 'I paid 72.00 EUR', [eur(7200)]],
  [money, 'I paid 72,00 Euro, and 5€ for shipping', [eur(7200), eur(500)]],
  [money, '€72 or $ 80.5', [eur(7200), eur(8050, 'USD')]],
  [money, '1.234,56 EUR and 1,234.56 EUR', [eur(123_456), eur(123_456)]],
  [money, '1.234 EUR', [eur(123_400)]],
  [money, '１２ ＥＵＲ', [eur(1200)]],
  [money, 'seven hundred euros', [null]],
  [money, '0.001 EUR, 1e9 EUR, -5 EUR, €5k', [null, null, null, null]],
  [money, '72 euros 50 cents', [eur(7200), eur(5000), null]],
  [money, 'it cost 2 100 EUR', [eur(10_000), eur(210_000)]],
  [money, 'order 1042 EUR 72', [eur(104_200), eur(7200)]],
  [money, 'order 1042: EUR 72', [eur(7200)]],
  [money, '24.00 EUR of order 1042', [eur(2400)]],
  [money, '$2 million, EUR 5 k, €5 hundred', [null, null, null]],
  [money, '2 x 500 EUR, 5 thousand 3 EUR, minus 5 EUR', [null, null, null]],
  [money, 'EUR 72 to 900, or 900 or 50 EUR', [null, null]],
  [money, '5 TEUR, kEUR 5', [null, null]],
  [boxes, '2 x 3 boxes, 3 to 5 boxes, 3 or 4 boxes', [null, null, null]],
  [date, '3-10 March 2026, 3 to 10 March 2026, 3. bis 10. März 2026', [null, null, null]],
  [money, 'it cost € 10 000', [eur(1000), eur(1_000_000)]],
  [money, 'EUR 1 000 000,50', [eur(100), eur(100_000_050)]],
  [money, 'HK$500, A$ 5 and US$7', [null, null, eur(700, 'USD')]],
  [money, '7200', []],
  [money, 'a pound of europium', []],
  [boxes, '3 boxes and two boxes, not a box', [3, 2]],
  [boxes, '1e3 boxes', [null]],
  [boxes, 'twenty boxes, twenty-two boxes, ten thousand boxes', [null, null, null]],
  [boxes, 'one hundred and two boxes, 10k boxes, 10 k boxes', [null, null, null]],
  [date, 'on 2026-11-10, or 10.11.2026', ['2026-11-10', '2026-11-10']],
  [date, 'on 10/11/2026', ['2026-11-10', '2026-10-11']],
  [date, 'on 25/11/2026', ['2026-11-25']],
  [date, 'November 10, 2026 or the 9th of November 2026', ['2026-11-09', '2026-11-10']],
  [date, '2026-02-30', [null]],
  [date, '2026/11/10, 2026.11.10 or 10. 11. 2026', ['2026-11-10', '2026-11-10', '2026-11-10']],
  [date, 'on 10-11-2026', ['2026-11-10', '2026-10-11']],
  [date, 'on 10.11.26, or 10/11/26', [null, null]],
  [date, 'at 10.0.11.26', []],
  [date, 'yesterday', []],
  [order, 'Order #1042, order 1043', ['1042', '1043']],
  [order, '1042', ['1042']],
  [order, 'reorder 1042x', []],
  [what, 'It is LATE, and it arrived\n broken', ['damaged', 'late']],
  [what, 'not damaged, lately in the late evening', ['fine']],
  [injured, 'nobody was injured', [false]],
  [injured, 'I got burned', [true]],
];

const asText = (value: unknown): string => JSON.stringify(value);

test('code finds each value that is said, and what it cannot read as null', () => {
  for (const [kind, text, values] of TABLE) {
    const found = mentionsIn(kind, saidText('i1', text)).map(({ value }) => value);
    deepEqual(found.map(asText).toSorted(), values.map(asText).toSorted(), text);
  }
});

/** kind, text, quote → what the quote says where it stands there. */
const QUOTES: readonly [FactKind, string, string, readonly unknown[]][] = [
  [money, 'I paid “72.00 EUR” for it', 'paid "72.00 eur"', [eur(7200)]],
  [money, 'I paid 172.00 EUR', '72.00 EUR', []],
  [money, 'I paid 1.072.00 EUR', '072.00 EUR', []],
  [money, 'I paid 72.00 EUR', '72.00', []],
  [money, 'I paid 72.00 EUR', 'they paid 72.00 EUR', []],
  [money, 'it is 72 EUR or 80 EUR', 'it is 72 EUR or 80 EUR', [eur(7200), eur(8000)]],
  [injured, 'nobody was injured', 'injured', []],
  [injured, 'nobody was injured', 'nobody was injured', [false]],
  [what, 'I ate late', 'ate', []],
  [order, 'order 1042', '1042', ['1042']],
  [order, 'order 1042', '', []],
];

test('a quote counts where it stands, on the borders of words, and says what stands there and no part of it', () => {
  for (const [kind, text, quote, values] of QUOTES)
    deepEqual(valuesQuoted(kind, saidText('i1', text), quote), values, `${quote} in ${text}`);
});

test('typographic quotes, blanks, case, widths and invisible characters make no difference', () => {
  const text = saidText('i1', 'It’s\u00a0 “NOT\u200b here” — ﬁne').folded;
  equal(text, `it's "not here" - fine`);
  equal(placesOf(text, folded('IT’S  «not')).length, 1);
});

test('a text without end costs a bounded search', () => {
  const text = saidText('i1', '5 EUR '.repeat(10_000));
  equal(mentionsIn(money, text).length, 201);
  equal(placesOf(text.folded, '5 eur').length, 50);
});

test('what stands behind more of the same than is looked through does not pass for not said', () => {
  const behind = (words: string) => mentionsIn(injured, saidText('i1', words)).map(({ value }) => value);
  const fifty = 'Not injured. '.repeat(50);
  equal(behind(`${fifty}I was injured`).includes(null), true);
  equal(behind(`${'Not injured. '.repeat(49)}I was ill`).includes(null), false);
  equal(mentionsIn(money, saidText('i1', '5 EUR. '.repeat(201))).at(-1)?.value, null);
  equal(mentionsIn(money, saidText('i1', '5 EUR. '.repeat(200))).at(-1)?.value === null, false);
});

test('an intake that cannot be right is refused with a sentence', () => {
  const right = {
    route: () => ({ priority: 3, queue: 'support' }) as const,
    unclear: { priority: 2, queue: 'a', handover: true } as const,
  };
  throws(() => defineIntake({ ...right, facts: {} }), /name 1 to 12 facts/);
  throws(() => defineIntake({ ...right, facts: { 'Order-Id': money } }), /no name of a fact/);
  throws(() => defineIntake({ ...right, facts: { boxes: fact.count([]) } }), /needs units/);
  throws(
    () => defineIntake({ ...right, facts: { what: fact.oneOf({ late: [' '] }) } }),
    /needs the phrases that say it/,
  );
  throws(
    () => defineIntake({ ...right, facts: { money }, questions: { money: ' ' } }),
    /must have 1 to 500 characters/,
  );
  throws(
    () => defineIntake({ ...right, facts: { money }, unclear: { priority: 2, queue: 'Über', handover: true } }),
    /unclear needs a priority/,
  );
});
