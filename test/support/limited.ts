// The agent for tests, with limits per period: of what it notes and pays per requester and month, and of calls per tenant.
import { amountOf, allow, ask, defineLimit, deny, rule } from 'countersign';
import type { Agent } from '../../domain/agent.ts';
import { createTestAgent, type FarSide } from './far-side.ts';

/** 1.00 EUR may be noted in a month, and beyond that 1.00 EUR more be paid, which people are asked about. */
export const MOST = amountOf(100, 'EUR');
export const MOST_WITH_LEAVE = amountOf(200, 'EUR');

export function createLimitedAgent(far: FarSide): Agent {
  const tester = createTestAgent(far);
  const of = tester.tools.filter(({ name }) => name === 'note' || name === 'pay');
  const spent = defineLimit({
    ...{ name: 'spent', of, per: 'principal', within: 'month', timeZone: 'Europe/Berlin' },
    amount: (input) => amountOf((input as { readonly cents: number }).cents, 'EUR'),
  });
  const calls = defineLimit({ name: 'calls', of, per: 'tenant', within: 'day', timeZone: 'Pacific/Apia' });
  return {
    ...tester,
    periodLimits: [spent, calls],
    rules: [
      rule('limited.within', ({ tool, fits }) =>
        tool === 'note' && fits(spent, MOST) ? allow('it is little') : undefined,
      ),
      rule('limited.asks', ({ tool, fits }) =>
        tool === 'pay' && fits(spent, MOST_WITH_LEAVE) ? ask({ group: 'finance' }) : undefined,
      ),
      rule('limited.beyond', () => deny('all of it is used up')),
    ],
  };
}
