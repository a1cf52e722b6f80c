// Money is a whole number of cents and a currency, never a fraction. May import nothing.

/** 7200, 'EUR' → '72.00 EUR'. */
export function formatMoney(amountCents: number, currency: string): string {
  const sign = amountCents < 0 ? '-' : '';
  const cents = Math.abs(amountCents);
  return `${sign}${Math.floor(cents / 100)}.${String(cents % 100).padStart(2, '0')} ${currency}`;
}

/** '72', '72.5' or '72,00' → cents. undefined for anything else, such as '1.234,00', which people read differently. */
export function parseCents(amount: string): number | undefined {
  const parts = /^(?<whole>\d{1,7})(?:[.,](?<cents>\d{1,2}))?$/.exec(amount.trim())?.groups;
  if (parts === undefined) return undefined;
  return Number(parts.whole) * 100 + Number((parts.cents ?? '').padEnd(2, '0'));
}
