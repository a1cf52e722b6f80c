// What the desk counts: how much is refunded, by the shop's own calendar. How much that may be its rules say. May import
// countersign and this folder.
import { amountOf, defineLimit } from 'countersign';
import { refund } from './tools/refund.ts';

// The shop's books are kept there.
const timeZone = 'Europe/Berlin';
const amount = ({ amountCents, currency }: { readonly amountCents: number; readonly currency: string }) =>
  amountOf(amountCents, currency);

export const refundsOfCustomer = defineLimit({
  name: 'refunds-of-customer',
  of: [refund],
  per: 'principal',
  within: 'month',
  timeZone,
  amount,
});

export const refundsOfShop = defineLimit({
  name: 'refunds-of-shop',
  of: [refund],
  per: 'tenant',
  within: 'day',
  timeZone,
  amount,
});
