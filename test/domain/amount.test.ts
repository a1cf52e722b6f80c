import { deepEqual, equal, throws } from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { addAmounts, amountOf, compareAmounts, formatAmount, isMoreThan, parseAmount } from '../../domain/amount.ts';

const eur = (minorUnits: number) => amountOf(minorUnits, 'EUR');

for (const [text, currency, expected] of [
  ['72', 'EUR', 7_200],
  ['72.5', 'EUR', 7_250],
  ['72.05', 'EUR', 7_205],
  ['0.07', 'EUR', 7],
  ['-3.10', 'EUR', -310],
  ['500', 'JPY', 500],
  ['1.234', 'KWD', 1_234],
  ['1.5', 'CLF', 15_000],
  ['0', 'EUR', 0],
  // More decimals than the currency has, also where they are zeros: whoever wrote that meant something else.
  ['72.005', 'EUR', undefined],
  ['1.000', 'EUR', undefined],
  ['5.0', 'JPY', undefined],
  // What people read in different ways, and what only programs read.
  ['1,234.00', 'EUR', undefined],
  ['72,00', 'EUR', undefined],
  ['1 000', 'EUR', undefined],
  ['1e3', 'EUR', undefined],
  ['0x10', 'EUR', undefined],
  ['+5', 'EUR', undefined],
  ['.5', 'EUR', undefined],
  ['5.', 'EUR', undefined],
  ['007', 'EUR', undefined],
  ['', 'EUR', undefined],
  ['NaN', 'EUR', undefined],
  ['Infinity', 'EUR', undefined],
  ['٣', 'EUR', undefined],
  ['72\n', 'EUR', undefined],
  ['999999999999999', 'EUR', undefined],
  // No currencies, or without smallest units.
  ['1', 'eur', undefined],
  ['1', 'XAU', undefined],
  ['1', 'toString', undefined],
] as const) {
  test(`the text ${JSON.stringify(text)} is ${expected ?? 'no amount'} of ${currency}`, () => {
    equal(parseAmount(text, currency)?.minorUnits, expected);
  });
}

test('an amount that is written out is read as the same again, in any currency', () => {
  fc.assert(
    fc.property(fc.maxSafeInteger(), fc.constantFrom('EUR', 'JPY', 'KWD', 'CLF', 'HUF'), (minorUnits, currency) => {
      const amount = amountOf(minorUnits, currency);
      const [text = '', unit = ''] = formatAmount(amount).split(' ');
      const read = parseAmount(text, unit);
      // Fifteen digits before the point are read: more is no sum of money.
      if (read === undefined) return text.replace(/^-|\..*$/g, '').length > 15;
      deepEqual(read, amount);
    }),
  );
});

test('amounts of different currencies are neither added nor compared', () => {
  const usd = amountOf(1, 'USD');
  for (const work of [addAmounts, compareAmounts, isMoreThan]) {
    throws(() => work(eur(1), usd), /0\.01 EUR and 0\.01 USD are of different currencies/);
  }
});

test('amounts are added and compared in smallest units', () => {
  deepEqual(addAmounts(eur(10), eur(20), eur(-5)), eur(25));
  deepEqual(
    [isMoreThan(eur(2), eur(1)), isMoreThan(eur(1), eur(1)), compareAmounts(eur(1), eur(2)) < 0],
    [true, false, true],
  );
});

test('what is no whole and exact number of a currency’s units is no amount', () => {
  for (const figure of [0.1, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53])
    throws(() => eur(figure), /no whole number/);
  throws(() => addAmounts(eur(Number.MAX_SAFE_INTEGER), eur(1)), /no whole number/);
  throws(() => amountOf(1, 'EURO'), /there is no currency "EURO"/);
  // As JSON may have it, past the types.
  throws(() => isMoreThan({ minorUnits: '9' as never, currency: 'EUR' }, eur(1)), /no whole number/);
});
