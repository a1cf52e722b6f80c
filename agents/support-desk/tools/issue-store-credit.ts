// Write: store credit for a customer, on account of one of their orders. Credit can be taken back until it is spent.
// One row under its idempotency key, so a repeat gives nothing twice. May import countersign and this folder.
import { DidNotHappen, defineTool, type Sql } from 'countersign';
import { z } from 'zod';
import { amountCents, currency, orderId, reason } from '../inputs.ts';
import { formatMoney } from '../money.ts';
import { customerText, inspectOrder, lockOwnOrder } from '../orders.ts';
import { shopOf } from '../shop.ts';

const input = z.strictObject({ orderId, amountCents, currency, reason });
type Credited = { orderId: string; creditedCents: number; currency: string };

export const issueStoreCredit = defineTool<z.infer<typeof input>, Credited>({
  name: 'issue_store_credit',
  version: '1',
  description:
    'Give the requester store credit for something that went wrong with one of their orders. Small amounts run at ' +
    'once; larger ones are decided by finance.',
  input,
  effect: 'write',
  idempotent: true,
  egress: false,
  critical: ['orderId', 'amountCents', 'currency'],
  scopes: ['shop:read', 'shop:credit'],
  trust: 'record',
  preconditions: ['recentCreditCents'],
  summarize: (what) => `store credit ${formatMoney(what.amountCents, what.currency)} for order ${what.orderId}`,
  forWhom: (_what, customer) => customerText(customer),
  howMuch: (what) => formatMoney(what.amountCents, what.currency),
  inspect: inspectOrder,
  execute: async (call, context) => {
    const { orderId: id, amountCents: cents, currency: paidIn, reason: why } = call.input;
    return shopOf(context).transaction(async (sql) => {
      const order = await lockOwnOrder(sql, id, call.principal.id);
      const before = await creditedUnder(sql, context.idempotencyKey, id);
      if (before !== undefined) return before;
      if (order.currency !== paidIn) throw new DidNotHappen(`order ${id} was paid in ${order.currency}, not ${paidIn}`);
      if (order.storeCreditCents + cents > order.paidCents) {
        throw new DidNotHappen(`the store credit for order ${id} would be more than was paid for it`);
      }
      await sql.query(
        `insert into shop.store_credits
           (idempotency_key, customer_id, order_id, amount_cents, currency, reason, created_at)
         values ($1, $2, $3, $4, $5, $6, to_timestamp($7::float8 / 1000))`,
        [context.idempotencyKey, call.principal.id, id, cents, paidIn, why, context.nowMs],
      );
      await sql.query('update shop.orders set version = version + 1 where id = $1', [id]);
      return { orderId: id, creditedCents: cents, currency: paidIn };
    });
  },
  reconcile: async (call, context) => {
    const result = await creditedUnder(shopOf(context), context.idempotencyKey, call.input.orderId);
    return result === undefined ? { kind: 'did_not_happen' } : { kind: 'happened', result };
  },
});

/** What this key has given already. */
async function creditedUnder(sql: Sql, key: string, id: string): Promise<Credited | undefined> {
  const rows = await sql.query<Credited>(
    `select order_id as "orderId", amount_cents as "creditedCents", currency from shop.store_credits
      where idempotency_key = $1 and order_id = $2`,
    [key, id],
  );
  return rows[0];
}
