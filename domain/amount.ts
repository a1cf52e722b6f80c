// Sums of money, for rules and tools: whole numbers of the currency's smallest unit, never fractions. What cannot be right
// (two currencies, one that does not exist, a fraction of a cent) throws, and a rule that throws denies. Pure.
import { decimalsOf } from './currency.ts';
import type { Amount } from './entitlement.ts';

/** 7200, 'EUR' → 72.00 EUR. Throws where the currency is none of ISO 4217, or the number is not whole and exact. */
export function amountOf(minorUnits: number, currency: string): Amount {
  decimalsIn(currency);
  if (!Number.isSafeInteger(minorUnits)) throw new Error(`${minorUnits} is no whole number of smallest units`);
  return { minorUnits: minorUnits + 0, currency };
}

// 15 digits are exact in a number, whatever the currency's decimals.
const DECIMAL = /^(?<sign>-?)(?<whole>0|[1-9]\d{0,14})(?:\.(?<part>\d{1,4}))?$/;

/**
 * '72.5', 'EUR' → 72.50 EUR. Undefined where the text is no plain decimal number (a thousands separator or a comma means
 * different things to different people), has more decimals than the currency, or where there is no such currency.
 */
export function parseAmount(text: string, currency: string): Amount | undefined {
  const decimals = decimalsOf(currency);
  const { sign = '', whole, part = '' } = DECIMAL.exec(text)?.groups ?? {};
  if (decimals === undefined || whole === undefined || part.length > decimals) return undefined;
  const minorUnits = Number(`${sign}${whole}${part.padEnd(decimals, '0')}`);
  return Number.isSafeInteger(minorUnits) ? amountOf(minorUnits, currency) : undefined;
}

/** 72.00 EUR. */
export function formatAmount({ minorUnits, currency }: Amount): string {
  const decimals = decimalsIn(currency);
  const digits = String(Math.abs(minorUnits)).padStart(decimals + 1, '0');
  const whole = digits.slice(0, digits.length - decimals);
  const part = digits.slice(digits.length - decimals);
  return `${minorUnits < 0 ? '-' : ''}${whole}${part === '' ? '' : `.${part}`} ${currency}`;
}

/** The sum. Throws where the currencies differ. */
export function addAmounts(first: Amount, ...others: readonly Amount[]): Amount {
  for (const one of others) assertSameCurrency(first, one);
  const minorUnits = others.reduce((sum, one) => sum + one.minorUnits, first.minorUnits);
  return amountOf(minorUnits, first.currency);
}

/** Below 0 where the first is less, above 0 where it is more, 0 where they are the same. Throws where currencies differ. */
export function compareAmounts(first: Amount, second: Amount): number {
  assertSameCurrency(first, second);
  return first.minorUnits - second.minorUnits;
}

/** Throws where the currencies differ. */
export const isMoreThan = (first: Amount, second: Amount): boolean => compareAmounts(first, second) > 0;

function assertSameCurrency(first: Amount, second: Amount): void {
  for (const one of [first, second]) amountOf(one.minorUnits, one.currency);
  if (first.currency === second.currency) return;
  throw new Error(`${formatAmount(first)} and ${formatAmount(second)} are of different currencies`);
}

function decimalsIn(currency: string): number {
  const decimals = decimalsOf(currency);
  if (decimals === undefined) throw new Error(`there is no currency "${currency}"`);
  return decimals;
}
