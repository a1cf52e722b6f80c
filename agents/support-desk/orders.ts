// What the tools share about orders: find one, and turn it into evidence. All reads. The credential shows the requester's
// own orders only; that every tool asks for the owner as well is a second line. May import countersign and this folder.
import { type Call, DidNotHappen, type Evidence, type Principal, type Sql, type ToolContext } from 'countersign';
import { epochMs, shopOf } from './shop.ts';

const DAY_MS = 24 * 60 * 60 * 1000;
// 30 days: small store credits add up over this window, so that many small ones are seen as the large one they are.
const CREDIT_WINDOW_MS = 30 * DAY_MS;

export interface OrderState {
  readonly id: string;
  readonly customer: string;
  readonly state: string;
  readonly currency: string;
  readonly version: number;
  readonly paidCents: number;
  readonly refundedCents: number;
  readonly storeCreditCents: number;
  readonly deliveredMs: number | null;
  readonly country: string;
}

/** The requester, as people who decide see them: by name, and by the id that nobody can take. */
export const customerText = ({ name, id }: Principal): string => `customer ${name} (${id})`;

/** The order, as far as the credential shows it; undefined when it shows none. */
export async function findOrder(sql: Sql, id: string): Promise<OrderState | undefined> {
  const rows = await sql.query<OrderState>(
    `select o.id, o.customer_id as customer, o.state, o.currency, o.version, a.country,
            coalesce((select sum(amount_cents) from shop.payments where order_id = o.id), 0)::int as "paidCents",
            coalesce((select sum(amount_cents) from shop.refunds where order_id = o.id), 0)::int as "refundedCents",
            coalesce((select sum(amount_cents) from shop.store_credits where order_id = o.id), 0)::int
              as "storeCreditCents",
            (select ${epochMs('delivered_at')} from shop.shipments where order_id = o.id) as "deliveredMs"
       from shop.orders o join shop.addresses a on a.id = o.address_id
      where o.id = $1`,
    [id],
  );
  return rows[0];
}

/**
 * Evidence about one order of the requester. Another customer's order is to the credential as one that does not exist:
 * the subject is '', so a rule that demands the requester as subject refuses both.
 */
export async function inspectOrder(call: Call<{ orderId: string }>, context: ToolContext): Promise<Evidence> {
  const { nowMs } = context;
  const sql = shopOf(context);
  const order = await findOrder(sql, call.input.orderId);
  if (order?.customer !== call.principal.id) return { asOfMs: nowMs, version: '', subject: '', record: {} };
  const { state, currency, paidCents, refundedCents, storeCreditCents, deliveredMs, country } = order;
  return {
    asOfMs: nowMs,
    version: String(order.version),
    subject: order.customer,
    record: {
      orderId: order.id,
      state,
      currency,
      paidCents,
      refundableCents: paidCents - refundedCents,
      storeCreditCents,
      recentCreditCents: await recentCreditCents(sql, order.customer, nowMs),
      deliveredDaysAgo: deliveredMs === null ? null : Math.floor((nowMs - deliveredMs) / DAY_MS),
      country,
    },
  };
}

/**
 * Lock the principal's own order for the rest of the transaction, so that two effects on it run one after the other.
 * Throws DidNotHappen when it is not theirs, which rolls the transaction back.
 */
export async function lockOwnOrder(sql: Sql, id: string, principalId: string): Promise<OrderState> {
  const own = 'select id from shop.orders where id = $1 and customer_id = $2 for update';
  const locked = await sql.query(own, [id, principalId]);
  const order = locked.length === 1 ? await findOrder(sql, id) : undefined;
  if (order === undefined) throw new DidNotHappen(`there is no order ${id} of this customer`);
  return order;
}

async function recentCreditCents(sql: Sql, customerId: string, nowMs: number): Promise<number> {
  const rows = await sql.query<{ cents: number }>(
    `select coalesce(sum(amount_cents), 0)::int as cents from shop.store_credits
      where customer_id = $1 and created_at > to_timestamp($2::float8 / 1000)`,
    [customerId, nowMs - CREDIT_WINDOW_MS],
  );
  return rows[0]?.cents ?? 0;
}
