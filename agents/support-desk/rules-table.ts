// What the desk's rules answer, case by case: run by `countersign rules check`. Each limit stands here from both sides.
// May import countersign and this folder.
import { allows, amountOf, asks, denies, type RowCase, type RuleRow, row } from 'countersign';
import { refundOrder } from './refund-order.ts';
import { changeAddress } from './tools/change-address.ts';
import { handOver } from './tools/hand-over.ts';
import { issueStoreCredit } from './tools/issue-store-credit.ts';
import { lookUpOrder } from './tools/look-up-order.ts';
import { lookUpOrders } from './tools/look-up-orders.ts';
import { readTicket } from './tools/read-ticket.ts';
import { refund } from './tools/refund.ts';
import { sendMail } from './tools/send-mail.ts';
import { setTicketState } from './tools/set-ticket-state.ts';

type Case = Omit<RowCase<never>, 'input'>;

/** An order as the shop's tables have it, paid in euros and delivered twelve days ago, but for what is said otherwise. */
const order = (but: Record<string, number | string | null> = {}): Case => ({
  record: {
    orderId: '1042',
    state: 'delivered',
    currency: 'EUR',
    paidCents: 7_200,
    refundableCents: 7_200,
    storeCreditCents: 0,
    recentCreditCents: 0,
    deliveredDaysAgo: 12,
    country: 'DE',
    ...but,
  },
});
const OF_SOMEBODY_ELSE: Case = { record: {}, recordOf: 'customer-ben' };
const NOT_THERE: Case = { record: {}, recordOf: '' };
const UNREADABLE: Case = {};

const see = (orderId: string, of: Case) => ({ input: { orderId }, ...of });
const ticket = (ticketId: string, of: Case) => ({ input: { ticketId }, ...of });
const money = (amountCents: number, of: Case) => ({
  input: { orderId: '1042', amountCents, currency: 'EUR' as const, reason: 'broken' },
  ...of,
});
/** What was refunded before, of the customer in this month and of the shop on this day. */
const refunded = (ofCustomer: number, ofShop = ofCustomer) => ({
  'refunds-of-customer': amountOf(ofCustomer, 'EUR'),
  'refunds-of-shop': amountOf(ofShop, 'EUR'),
});
const moveTo = (country: string, of: Case) => ({
  input: { orderId: '1042', street: 'Neue Straße 5', postalCode: '10115', city: 'Berlin', country },
  ...of,
});
const mail = (to: string, of: Case) => ({ input: { to, subject: 'Your orders', text: 'Hello' }, ...of });
const closing = (ticketId: string, of: Case) => ({ input: { ticketId, state: 'closed' as const }, ...of });
const OF_A_REFUND = { procedure: 'refund_order', step: 'close-ticket-77' };
const CUSTOMER: Case = { record: { addressOnRecord: 'ada@example.com' } };

export const table: readonly RuleRow[] = [
  row(lookUpOrders, { input: {} }, allows('orders.own')),
  row(lookUpOrder, see('1042', order()), allows('default')),
  row(lookUpOrder, see('1044', OF_SOMEBODY_ELSE), denies('own-records-only')),
  row(lookUpOrder, see('9999', NOT_THERE), denies('own-records-only')),
  row(lookUpOrder, see('1042', UNREADABLE), denies('default')),
  row(readTicket, ticket('77', { record: {} }), allows('default')),
  row(readTicket, ticket('78', OF_SOMEBODY_ELSE), denies('own-records-only')),

  row(changeAddress, moveTo('DE', order({ state: 'paid' })), allows('address.change')),
  row(changeAddress, moveTo('FR', order({ state: 'paid' })), asks('address.other-country', 'support')),
  row(changeAddress, moveTo('DE', order({ state: 'shipped' })), denies('address.before-shipping')),
  row(changeAddress, moveTo('DE', order()), denies('address.before-shipping')),
  row(changeAddress, moveTo('DE', OF_SOMEBODY_ELSE), denies('own-records-only')),
  row(changeAddress, moveTo('DE', UNREADABLE), denies('address.before-shipping')),

  row(refund, money(1, order()), asks('refund.asks-finance', 'finance')),
  row(refund, money(7_200, order()), asks('refund.asks-finance', 'finance')),
  row(refund, money(7_201, order()), denies('refund.not-more-than-paid')),
  row(refund, money(1, order({ refundableCents: 0 })), denies('refund.not-more-than-paid')),
  row(refund, money(50_000, order({ refundableCents: 64_900 })), asks('refund.asks-finance', 'finance')),
  row(refund, money(50_001, order({ refundableCents: 64_900 })), asks('refund.large', 'finance', 2)),
  row(refund, money(7_200, { ...order(), used: refunded(92_800) }), asks('refund.asks-finance', 'finance')),
  row(refund, money(7_200, { ...order(), used: refunded(92_801) }), asks('refund.of-the-month', 'finance', 2)),
  row(refund, money(7_200, { ...order(), used: refunded(0, 992_800) }), asks('refund.asks-finance', 'finance')),
  row(refund, money(7_200, { ...order(), used: refunded(0, 992_801) }), denies('refund.of-the-day')),
  row(refund, money(7_200, order({ deliveredDaysAgo: 30 })), asks('refund.asks-finance', 'finance')),
  row(refund, money(7_200, order({ deliveredDaysAgo: 31 })), denies('refund.in-time')),
  row(refund, money(7_200, order({ deliveredDaysAgo: null })), denies('refund.in-time')),
  row(refund, money(7_200, order({ state: 'shipped' })), denies('refund.after-delivery')),
  row(refund, money(7_200, order({ currency: 'USD' })), denies('refund.currency')),
  row(refund, money(1, OF_SOMEBODY_ELSE), denies('own-records-only')),
  row(refund, money(1, NOT_THERE), denies('own-records-only')),
  row(refund, money(1, UNREADABLE), denies('refund.currency')),

  row(issueStoreCredit, money(2_000, order()), allows('credit.small')),
  row(issueStoreCredit, money(2_001, order()), asks('credit.asks-finance', 'finance')),
  row(issueStoreCredit, money(1_000, order({ recentCreditCents: 1_000 })), allows('credit.small')),
  row(issueStoreCredit, money(1, order({ recentCreditCents: 2_000 })), asks('credit.asks-finance', 'finance')),
  row(issueStoreCredit, money(7_200, order()), asks('credit.asks-finance', 'finance')),
  row(issueStoreCredit, money(7_201, order()), denies('credit.not-more-than-paid')),
  row(issueStoreCredit, money(500, order({ storeCreditCents: 7_000 })), denies('credit.not-more-than-paid')),
  row(issueStoreCredit, money(500, order({ currency: 'USD' })), denies('credit.currency')),
  row(issueStoreCredit, money(500, OF_SOMEBODY_ELSE), denies('own-records-only')),
  row(issueStoreCredit, money(500, UNREADABLE), denies('credit.currency')),

  row(sendMail, mail('ada@example.com', CUSTOMER), asks('mail.asks-support', 'support')),
  row(sendMail, mail('eve@example.net', CUSTOMER), denies('mail.to-the-requester')),
  row(sendMail, mail('ada@example.com.example.net', CUSTOMER), denies('mail.to-the-requester')),
  row(sendMail, mail('ada@example.com', NOT_THERE), denies('own-records-only')),
  row(sendMail, mail('ada@example.com', UNREADABLE), denies('mail.to-the-requester')),

  row(setTicketState, closing('77', { record: {} }), denies('ticket.by-procedure')),
  row(setTicketState, closing('77', { record: {}, proposedBy: OF_A_REFUND }), allows('ticket.by-procedure')),
  row(setTicketState, closing('78', { ...OF_SOMEBODY_ELSE, proposedBy: OF_A_REFUND }), denies('own-records-only')),
  row(refundOrder, { input: { orderId: '1042', reason: 'broken' } }, allows('default')),

  row(handOver, { input: { reason: 'asked for a person' } }, allows('handover.always')),
];
