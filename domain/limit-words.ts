// Limits in words, for whoever asks why. Pure. May import domain only.
import { formatAmount } from './amount.ts';
import { nameOf, type LimitUse, type Reserve, type Sums } from './limit.ts';

/**
 * What a ruling saw of limits and takes of them: "; of refunds-of-shop (2026-03): 420.00 EUR before it, 72.00 EUR for it, up
 * to 500.00 EUR in all". `uses` is sealed, and so may be gone; what it takes is not.
 */
export function limitsText(uses: readonly LimitUse[] = [], reserves: readonly Reserve[] = []): string {
  const names = [...new Set([...uses, ...reserves].map(({ limit }) => limit))];
  return names.map((name) => textOf(find(uses, name), find(reserves, name))).join('');
}

const find = <T extends { readonly limit: string }>(all: readonly T[], name: string): T | undefined =>
  all.find(({ limit }) => limit === name);

function textOf(use: LimitUse | undefined, reserve: Reserve | undefined): string {
  const about = use ?? reserve;
  if (about === undefined) return '';
  const parts = [
    use && `${sumsText(use.used)} before it`,
    reserve && `${unitsText(reserve.currency, reserve.takes)} for it`,
    reserve && reserve.most !== null && `up to ${unitsText(reserve.currency, reserve.most)} in all`,
  ];
  return `; of ${nameOf(about)}: ${parts.filter(Boolean).join(', ')}`;
}

function sumsText(sums: Sums): string {
  const told = Object.entries(sums).map(([currency, units]) => unitsText(currency, units));
  return told.length === 0 ? 'nothing' : told.join(' and ');
}

const unitsText = (currency: string, units: number): string =>
  currency === '' ? `${units} ${units === 1 ? 'call' : 'calls'}` : formatAmount({ minorUnits: units, currency });
