// Read: one order of the requester with its lines, money, shipment, address and tickets. May import countersign and
// this folder.
import { defineTool, type Sql } from 'countersign';
import { z } from 'zod';
import { orderId } from '../inputs.ts';
import { findOrder, inspectOrder } from '../orders.ts';
import { dayOf, epochMs, shopOf } from '../shop.ts';

type Line = { product: string; quantity: number; unitCents: number };
type ShipTo = { recipient: string; street: string; postalCode: string; city: string; country: string };
type Shipment = { carrier: string; tracking: string; shippedOn: string; deliveredOn: string | null };
type Order = {
  orderId: string;
  state: string;
  currency: string;
  paidCents: number;
  refundedCents: number;
  refundableCents: number;
  storeCreditCents: number;
  lines: Line[];
  shipTo: ShipTo | null;
  shipment: Shipment | null;
  ticketIds: string[];
};

export const lookUpOrder = defineTool<{ orderId: string }, Order>({
  name: 'look_up_order',
  version: '1',
  description:
    'One order of the requester: state, lines, amounts paid and refundable in cents, shipment, address, ticket ' +
    'numbers. Read it before you propose anything about the order.',
  input: z.strictObject({ orderId }),
  effect: 'read',
  idempotent: true,
  egress: false,
  critical: ['orderId'],
  scopes: ['shop:read'],
  trust: 'record',
  summarize: (input) => `look up order ${input.orderId}`,
  inspect: inspectOrder,
  execute: async ({ input, principal }, context) => {
    const sql = shopOf(context);
    const order = await findOrder(sql, input.orderId);
    if (order?.customer !== principal.id) throw new Error(`there is no order ${input.orderId} of this customer`);
    const { id, state, currency, paidCents, refundedCents, storeCreditCents } = order;
    return {
      orderId: id,
      state,
      currency,
      paidCents,
      refundedCents,
      refundableCents: paidCents - refundedCents,
      storeCreditCents,
      lines: await linesOf(sql, id),
      shipTo: await shipToOf(sql, id),
      shipment: await shipmentOf(sql, id),
      ticketIds: await ticketIdsOf(sql, id, principal.id),
    };
  },
});

async function linesOf(sql: Sql, id: string): Promise<Line[]> {
  return sql.query<Line>(
    `select product, quantity, unit_cents as "unitCents" from shop.order_lines where order_id = $1 order by position`,
    [id],
  );
}

async function shipToOf(sql: Sql, id: string): Promise<ShipTo | null> {
  const rows = await sql.query<ShipTo>(
    `select a.recipient, a.street, a.postal_code as "postalCode", a.city, a.country
       from shop.orders o join shop.addresses a on a.id = o.address_id where o.id = $1`,
    [id],
  );
  return rows[0] ?? null;
}

async function shipmentOf(sql: Sql, id: string): Promise<Shipment | null> {
  const rows = await sql.query<{ carrier: string; tracking: string; shippedMs: number; deliveredMs: number | null }>(
    `select carrier, tracking, ${epochMs('shipped_at')} as "shippedMs", ${epochMs('delivered_at')} as "deliveredMs"
       from shop.shipments where order_id = $1`,
    [id],
  );
  const [shipment] = rows;
  if (shipment === undefined) return null;
  const { carrier, tracking, shippedMs, deliveredMs } = shipment;
  return {
    carrier,
    tracking,
    shippedOn: dayOf(shippedMs),
    deliveredOn: deliveredMs === null ? null : dayOf(deliveredMs),
  };
}

async function ticketIdsOf(sql: Sql, id: string, customerId: string): Promise<string[]> {
  const rows = await sql.query<{ id: string }>(
    'select id from shop.tickets where order_id = $1 and customer_id = $2 order by opened_at, id',
    [id, customerId],
  );
  return rows.map((row) => row.id);
}
