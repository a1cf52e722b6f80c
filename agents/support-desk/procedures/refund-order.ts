// Refund what is left of an order, the whole way: look it up, close its tickets, pay, and tell the customer. Where it cannot
// be brought to its end, the tickets are open again, for a person to look at. Workflow code: may import
// countersign/workflows, and files of this agent that do the same. The rules of the desk check each step once more.
import { defineProcedure, ProcedureFailed, type Steps } from 'countersign/workflows';
import { formatMoney } from '../money.ts';

export interface RefundOrder {
  readonly orderId: string;
  readonly reason: string;
}

interface Order {
  readonly state: string;
  readonly currency: string;
  readonly refundableCents: number;
  readonly shipment: { readonly deliveredOn: string | null } | null;
  readonly ticketIds: readonly string[];
}

interface Paid {
  readonly orderId: string;
  readonly refundedCents: number;
  readonly currency: string;
}

const DAY_MS = 24 * 60 * 60 * 1000;
// 30 days: what the shop promises its customers in its terms, as the rules have it.
const WINDOW_DAYS = 30;
// 5: an order with more tickets than that is none for a procedure.
const MAX_TICKETS = 5;

export default defineProcedure<RefundOrder>({
  name: 'refund_order',
  async run({ orderId, reason }, steps) {
    const order = await steps.do<Order>('find', 'look_up_order', { orderId });
    assertRefundable(orderId, order, steps.now());
    const { customer } = await steps.do<{ customer: { email: string } }>('customer', 'look_up_orders', {});
    const closed = await closeTickets(order.ticketIds, steps);
    const { refundableCents: amountCents, currency } = order;
    // What was paid, and of which order: an approver may have changed what is asked for here.
    const paid = await steps.do<Paid>('pay', 'refund', { orderId, amountCents, currency, reason });
    const refunded = formatMoney(paid.refundedCents, paid.currency);
    await steps.do('mail', 'send_mail', {
      to: customer.email,
      subject: `Your refund for order ${paid.orderId}`,
      text: `Hello,\n\nwe have refunded ${refunded} of your order ${paid.orderId}, to the way it was paid.\n\nYour support desk\n`,
    });
    return { orderId: paid.orderId, refunded, closedTickets: closed };
  },
});

function assertRefundable(orderId: string, { state, refundableCents, shipment }: Order, nowMs: number): void {
  if (state !== 'delivered') throw new ProcedureFailed(`order ${orderId} is ${state}; refunds follow delivery`);
  if (refundableCents <= 0) throw new ProcedureFailed(`nothing of order ${orderId} is left to refund`);
  const days = Math.floor((nowMs - Date.parse(shipment?.deliveredOn ?? '')) / DAY_MS);
  if (days <= WINDOW_DAYS) return;
  throw new ProcedureFailed(`order ${orderId} was delivered ${days} days ago; refunds end after ${WINDOW_DAYS} days`);
}

/** Those that are open, before anything is paid: a refund that is not paid leaves them open. */
async function closeTickets(ticketIds: readonly string[], steps: Steps): Promise<readonly string[]> {
  if (ticketIds.length > MAX_TICKETS)
    throw new ProcedureFailed(`it has ${ticketIds.length} tickets; a person must look`);
  const closed: string[] = [];
  for (const ticketId of ticketIds) {
    const { state } = await steps.do<{ state: string }>(`read-ticket-${ticketId}`, 'read_ticket', { ticketId });
    if (state !== 'open') continue;
    await steps.do(`close-ticket-${ticketId}`, 'set_ticket_state', { ticketId, state: 'closed' });
    steps.undo(`reopen-ticket-${ticketId}`, 'set_ticket_state', { ticketId, state: 'open' });
    closed.push(ticketId);
  }
  return closed;
}
