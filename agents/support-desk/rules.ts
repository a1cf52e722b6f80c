// What the desk may do, and who is asked. Rules read the arguments and what the shop's own tables said, never what
// somebody wrote. The first answer wins; with none, an own read runs and all else is denied. A fact that is missing
// throws, which denies. Pure. May import countersign and this folder.
import { allow, amountOf, ask, deny, type Evidence, formatAmount, isMoreThan, type Rule, rule } from 'countersign';
import { formatMoney } from './money.ts';
import { changeAddress } from './tools/change-address.ts';
import { handOver } from './tools/hand-over.ts';
import { issueStoreCredit } from './tools/issue-store-credit.ts';
import { lookUpOrders } from './tools/look-up-orders.ts';
import { refund } from './tools/refund.ts';
import { sendMail } from './tools/send-mail.ts';
import { refundsOfCustomer, refundsOfShop } from './limits.ts';
import { setTicketState } from './tools/set-ticket-state.ts';

// 30 days: what the shop promises its customers in its terms.
export const REFUND_WINDOW_DAYS = 30;
// 500.00 EUR: above it the shop's own books demand two signatures.
export const TWO_APPROVERS_ABOVE = amountOf(50_000, 'EUR');
// 1,000.00 EUR in a month: more than all but a few customers pay in one, so beyond it two people look.
export const REFUNDS_OF_CUSTOMER = amountOf(100_000, 'EUR');
// 10,000.00 EUR in a day: three times the worst day so far. Past it something is wrong, and no single approval mends it.
export const REFUNDS_OF_SHOP = amountOf(1_000_000, 'EUR');
// 20.00 EUR within 30 days: what the shop gives without asking; the sum counts, so small ones cannot add up unseen.
export const FREE_CREDIT_CENTS = 2_000;

export const rules: readonly Rule[] = [
  rule('own-records-only', ({ evidence, principal }) =>
    evidence !== null && evidence.subject !== principal.id
      ? deny('there is no such record of the requester')
      : undefined,
  ),
  rule('orders.own', lookUpOrders, () => allow("lists the requester's own orders only")),

  rule('address.before-shipping', changeAddress, ({ evidence }) => {
    const state = textIn(evidence, 'state');
    return state === 'paid' ? undefined : deny(`the order is ${state}; an address can change before shipping only`);
  }),
  rule('address.other-country', changeAddress, ({ input, evidence }) =>
    input.country === textIn(evidence, 'country')
      ? undefined
      : ask({ group: 'support', reason: 'another country changes postage and customs' }),
  ),
  rule('address.change', changeAddress, () => allow('a change before shipping that can be taken back')),

  rule('refund.currency', refund, ({ input, evidence }) => otherCurrency(input.currency, evidence)),
  rule('refund.after-delivery', refund, ({ evidence }) => {
    const state = textIn(evidence, 'state');
    return state === 'delivered' ? undefined : deny(`the order is ${state}; refunds follow delivery`);
  }),
  rule('refund.in-time', refund, ({ evidence }) => {
    const days = numberIn(evidence, 'deliveredDaysAgo');
    if (days <= REFUND_WINDOW_DAYS) return undefined;
    return deny(`delivered ${days} days ago; refunds end after ${REFUND_WINDOW_DAYS} days`);
  }),
  rule('refund.not-more-than-paid', refund, ({ input, evidence }) => {
    const restCents = numberIn(evidence, 'refundableCents');
    if (input.amountCents <= restCents) return undefined;
    return deny(`only ${formatMoney(restCents, input.currency)} can still be refunded`);
  }),
  rule('refund.of-the-day', refund, ({ fits }) =>
    fits(refundsOfShop, REFUNDS_OF_SHOP)
      ? undefined
      : deny(`the shop refunds at most ${formatAmount(REFUNDS_OF_SHOP)} a day; ask again tomorrow`),
  ),
  rule('refund.of-the-month', refund, ({ input, fits }) =>
    fits(refundsOfCustomer, REFUNDS_OF_CUSTOMER)
      ? undefined
      : ask({
          ...{ group: 'finance', quorum: 2, amount: amountIn(input) },
          reason: `more than ${formatAmount(REFUNDS_OF_CUSTOMER)} for this customer in a month`,
        }),
  ),
  rule('refund.large', refund, ({ input }) =>
    isMoreThan(amountIn(input), TWO_APPROVERS_ABOVE)
      ? ask({
          ...{ group: 'finance', quorum: 2, amount: amountIn(input) },
          reason: `more than ${formatAmount(TWO_APPROVERS_ABOVE)}`,
        })
      : undefined,
  ),
  rule('refund.asks-finance', refund, ({ input }) =>
    ask({ group: 'finance', amount: amountIn(input), reason: 'money that leaves does not come back' }),
  ),

  rule('credit.currency', issueStoreCredit, ({ input, evidence }) => otherCurrency(input.currency, evidence)),
  rule('credit.not-more-than-paid', issueStoreCredit, ({ input, evidence }) =>
    numberIn(evidence, 'storeCreditCents') + input.amountCents > numberIn(evidence, 'paidCents')
      ? deny('store credit for an order cannot be more than was paid for it')
      : undefined,
  ),
  rule('credit.small', issueStoreCredit, ({ input, evidence }) =>
    numberIn(evidence, 'recentCreditCents') + input.amountCents <= FREE_CREDIT_CENTS
      ? allow(`not more than ${formatMoney(FREE_CREDIT_CENTS, 'EUR')} in 30 days`)
      : undefined,
  ),
  rule('credit.asks-finance', issueStoreCredit, ({ input }) =>
    ask({
      ...{ group: 'finance', amount: amountIn(input) },
      reason: `more than ${formatMoney(FREE_CREDIT_CENTS, 'EUR')} in 30 days`,
    }),
  ),

  rule('mail.to-the-requester', sendMail, ({ input, evidence }) =>
    input.to === textIn(evidence, 'addressOnRecord')
      ? undefined
      : deny("mail goes to the requester's address on record only"),
  ),
  rule('mail.asks-support', sendMail, () => ask({ group: 'support', reason: 'a mail cannot be called back' })),

  rule('ticket.by-procedure', setTicketState, ({ proposedBy }) =>
    proposedBy === undefined
      ? deny('a ticket is closed by the procedure that settles what it is about')
      : allow('a procedure settles what it is about; it can be opened again'),
  ),

  rule('handover.always', handOver, () => allow('a person may always take over')),
];

/** What it is about, so that whoever may approve only so much is not asked for more. */
const amountIn = ({ amountCents, currency }: { readonly amountCents: number; readonly currency: string }) =>
  amountOf(amountCents, currency);

function otherCurrency(currency: string, evidence: Evidence | null) {
  const paidIn = textIn(evidence, 'currency');
  return currency === paidIn ? undefined : deny(`the order was paid in ${paidIn}, not in ${currency}`);
}

function numberIn(evidence: Evidence | null, field: string): number {
  const value = evidence?.record[field];
  if (typeof value !== 'number') throw new Error(`the evidence has no number "${field}"`);
  return value;
}

function textIn(evidence: Evidence | null, field: string): string {
  const value = evidence?.record[field];
  if (typeof value !== 'string') throw new Error(`the evidence has no text "${field}"`);
  return value;
}
