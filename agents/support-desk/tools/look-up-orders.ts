// Read: the requester's own orders, newest first, and the address on record. May import countersign and this folder.
import { defineTool } from 'countersign';
import { z } from 'zod';
import { dayOf, epochMs, shopOf } from '../shop.ts';

// 20: more than a customer asks about at once; older orders are found by their number.
const MAX_ORDERS = 20;

type OrderLine = { orderId: string; state: string; placedOn: string; paidCents: number; currency: string };
type Orders = { customer: { name: string; email: string } | null; orders: OrderLine[] };

export const lookUpOrders = defineTool<Record<string, never>, Orders>({
  name: 'look_up_orders',
  version: '1',
  description:
    "The requester's own orders, newest first (at most 20), with their name and e-mail address on record. " +
    'Takes no input.',
  input: z.strictObject({}),
  effect: 'read',
  idempotent: true,
  egress: false,
  critical: [],
  scopes: ['shop:read'],
  trust: 'record',
  summarize: () => "look up the requester's orders",
  execute: async ({ principal }, context) => {
    const sql = shopOf(context);
    const customers = await sql.query<{ name: string; email: string }>(
      'select name, email from shop.customers where id = $1',
      [principal.id],
    );
    const rows = await sql.query<Omit<OrderLine, 'placedOn'> & { placedMs: number }>(
      `select o.id as "orderId", o.state, o.currency, ${epochMs('o.placed_at')} as "placedMs",
              coalesce((select sum(amount_cents) from shop.payments where order_id = o.id), 0)::int as "paidCents"
         from shop.orders o where o.customer_id = $1 order by o.placed_at desc, o.id limit ${MAX_ORDERS}`,
      [principal.id],
    );
    const orders = rows.map(({ placedMs, ...order }) => ({ ...order, placedOn: dayOf(placedMs) }));
    return { customer: customers[0] ?? null, orders };
  },
});
