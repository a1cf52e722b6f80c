// Write: close a ticket of the requester, or open it again. Setting it twice is setting it once. May import countersign and
// this folder.
import { DidNotHappen, defineTool, type Sql } from 'countersign';
import { z } from 'zod';
import { ticketId } from '../inputs.ts';
import { customerText } from '../orders.ts';
import { shopOf } from '../shop.ts';

const input = z.strictObject({ ticketId, state: z.enum(['open', 'closed']).describe('What it becomes.') });
type TicketState = { ticketId: string; state: string };

export const setTicketState = defineTool<z.infer<typeof input>, TicketState>({
  name: 'set_ticket_state',
  version: '1',
  description: 'Close a ticket of the requester, or open it again. Procedures do that; you never need to.',
  input,
  effect: 'write',
  idempotent: true,
  egress: false,
  critical: ['ticketId', 'state'],
  scopes: ['shop:read', 'shop:ticket'],
  trust: 'record',
  summarize: (what) => `ticket ${what.ticketId} becomes ${what.state}`,
  forWhom: (_what, customer) => customerText(customer),
  inspect: async ({ input: { ticketId: id } }, context) => {
    const rows = await shopOf(context).query<{ customer: string; state: string }>(
      'select customer_id as customer, state from shop.tickets where id = $1',
      [id],
    );
    const [ticket] = rows;
    const known = { asOfMs: context.nowMs, version: '' };
    if (ticket === undefined) return { ...known, subject: '', record: {} };
    return { ...known, subject: ticket.customer, record: { ticketId: id, state: ticket.state } };
  },
  execute: async ({ input: { ticketId: id, state }, principal }, context) => {
    const rows = await shopOf(context).query<TicketState>(
      `update shop.tickets set state = $2 where id = $1 and customer_id = $3 returning id as "ticketId", state`,
      [id, state, principal.id],
    );
    const [ticket] = rows;
    if (ticket === undefined) throw new DidNotHappen(`there is no ticket ${id} of this customer`);
    return ticket;
  },
  reconcile: async ({ input: { ticketId: id, state } }, context) => {
    const result = await stateOf(shopOf(context), id);
    return result?.state === state ? { kind: 'happened', result } : { kind: 'did_not_happen' };
  },
});

async function stateOf(sql: Sql, id: string): Promise<TicketState | undefined> {
  const rows = await sql.query<TicketState>('select id as "ticketId", state from shop.tickets where id = $1', [id]);
  return rows[0];
}
