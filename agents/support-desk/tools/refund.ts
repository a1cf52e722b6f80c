// Irreversible: pay money of an order back to the way it was paid. The refund and its idempotency key are one row in
// one transaction, so a repeat finds it and pays nothing. May import countersign and this folder.
import { DidNotHappen, defineTool, type Sql } from 'countersign';
import { z } from 'zod';
import { amountCents, currency, orderId, reason } from '../inputs.ts';
import { formatMoney } from '../money.ts';
import { customerText, inspectOrder, lockOwnOrder } from '../orders.ts';
import { shopOf } from '../shop.ts';

const input = z.strictObject({ orderId, amountCents, currency, reason });
type Refunded = { orderId: string; refundedCents: number; currency: string };

export const refund = defineTool<z.infer<typeof input>, Refunded>({
  name: 'refund',
  version: '1',
  description:
    'Refund an amount of one delivered order of the requester, to the way it was paid. Read the order first: not ' +
    'more than its refundableCents. People in finance decide, so it takes time; say so.',
  input,
  effect: 'irreversible',
  idempotent: true,
  egress: false,
  critical: ['orderId', 'amountCents', 'currency'],
  scopes: ['shop:read', 'shop:refund'],
  trust: 'record',
  preconditions: ['state', 'refundableCents'],
  summarize: (what) => `refund order ${what.orderId} · ${formatMoney(what.amountCents, what.currency)}`,
  forWhom: (_what, customer) => customerText(customer),
  howMuch: (what) => formatMoney(what.amountCents, what.currency),
  inspect: inspectOrder,
  execute: async (call, context) => {
    const { orderId: id, amountCents: cents, currency: paidIn, reason: why } = call.input;
    return shopOf(context).transaction(async (sql) => {
      const order = await lockOwnOrder(sql, id, call.principal.id);
      const before = await refundedUnder(sql, context.idempotencyKey, id);
      if (before !== undefined) return before;
      if (order.currency !== paidIn) throw new DidNotHappen(`order ${id} was paid in ${order.currency}, not ${paidIn}`);
      const restCents = order.paidCents - order.refundedCents;
      if (cents > restCents) {
        throw new DidNotHappen(`only ${formatMoney(restCents, paidIn)} of order ${id} can still be refunded`);
      }
      await sql.query(
        `insert into shop.refunds (idempotency_key, order_id, amount_cents, currency, reason, created_at)
         values ($1, $2, $3, $4, $5, to_timestamp($6::float8 / 1000))`,
        [context.idempotencyKey, id, cents, paidIn, why, context.nowMs],
      );
      await sql.query('update shop.orders set version = version + 1 where id = $1', [id]);
      return { orderId: id, refundedCents: cents, currency: paidIn };
    });
  },
  reconcile: async (call, context) => {
    const result = await refundedUnder(shopOf(context), context.idempotencyKey, call.input.orderId);
    return result === undefined ? { kind: 'did_not_happen' } : { kind: 'happened', result };
  },
});

/** What this key has paid back already. */
async function refundedUnder(sql: Sql, key: string, id: string): Promise<Refunded | undefined> {
  const rows = await sql.query<Refunded>(
    `select order_id as "orderId", amount_cents as "refundedCents", currency from shop.refunds
      where idempotency_key = $1 and order_id = $2`,
    [key, id],
  );
  return rows[0];
}
