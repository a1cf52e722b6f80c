// Write: another address for an order that has not been shipped. The old address stays on file, so the change can be
// taken back by the same tool. May import countersign and this folder.
import { DidNotHappen, defineTool, type Sql } from 'countersign';
import { z } from 'zod';
import { oneLine, orderId } from '../inputs.ts';
import { customerText, inspectOrder, lockOwnOrder } from '../orders.ts';
import { shopOf } from '../shop.ts';

const input = z.strictObject({
  orderId,
  street: oneLine(120).describe('Street and number.'),
  postalCode: oneLine(12).describe('Postal code.'),
  city: oneLine(80).describe('City.'),
  country: z
    .string()
    .regex(/^[A-Z]{2}$/, 'a country is two capital letters, such as DE')
    .describe('Country, ISO 3166 code of two capital letters, such as "DE".'),
});
type Changed = { orderId: string; shipTo: string };

export const changeAddress = defineTool<z.infer<typeof input>, Changed>({
  name: 'change_address',
  version: '1',
  description:
    'Change where an order of the requester goes. Only before it is shipped. The name of the recipient stays as it is.',
  input,
  effect: 'write',
  idempotent: true,
  egress: false,
  critical: ['orderId', 'street', 'postalCode', 'city', 'country'],
  scopes: ['shop:read', 'shop:address'],
  trust: 'record',
  preconditions: ['state'],
  summarize: (to) => `send order ${to.orderId} to ${to.street}, ${to.postalCode} ${to.city}, ${to.country}`,
  forWhom: (_to, customer) => customerText(customer),
  inspect: inspectOrder,
  execute: async (call, context) => {
    const { idempotencyKey } = context;
    const { orderId: id, street, postalCode, city, country } = call.input;
    return shopOf(context).transaction(async (sql) => {
      const order = await lockOwnOrder(sql, id, call.principal.id);
      const before = await changedUnder(sql, idempotencyKey, call.principal.id, id);
      if (before !== undefined) return before;
      if (order.state !== 'paid') throw new DidNotHappen(`order ${id} is ${order.state}; its address is final`);
      await sql.query(
        `insert into shop.addresses (id, customer_id, recipient, street, postal_code, city, country)
         select $1, o.customer_id, a.recipient, $3, $4, $5, $6
           from shop.orders o join shop.addresses a on a.id = o.address_id where o.id = $2`,
        [idempotencyKey, id, street, postalCode, city, country],
      );
      await sql.query('update shop.orders set address_id = $1, version = version + 1 where id = $2', [
        idempotencyKey,
        id,
      ]);
      return { orderId: id, shipTo: `${street}, ${postalCode} ${city}, ${country}` };
    });
  },
  reconcile: async (call, context) => {
    const { orderId: id } = call.input;
    const result = await changedUnder(shopOf(context), context.idempotencyKey, call.principal.id, id);
    return result === undefined ? { kind: 'did_not_happen' } : { kind: 'happened', result };
  },
});

/** What this key has changed: its address row exists exactly when the change was committed. */
async function changedUnder(sql: Sql, key: string, customerId: string, id: string): Promise<Changed | undefined> {
  const rows = await sql.query<{ shipTo: string }>(
    `select street || ', ' || postal_code || ' ' || city || ', ' || country as "shipTo"
       from shop.addresses where id = $1 and customer_id = $2`,
    [key, customerId],
  );
  const [row] = rows;
  return row === undefined ? undefined : { orderId: id, shipTo: row.shipTo };
}
