// What a tool's credential may do in the shop: each row of its own customer only, and each change by its own scope. The
// shop's own programs are not bound by it when they own the tables; other logins need policies of their own.
// May import nothing.

const CUSTOMER = '(select countersign_access.customer())';
const may = (scope: string) => `(select countersign_access.has_scope('shop:${scope}'))`;

const OWN = `customer_id = ${CUSTOMER}`;
const OF_OWN_ORDER = `order_id in (select id from shop.orders where ${OWN})`;
const OF_OWN_TICKET = `ticket_id in (select id from shop.tickets where ${OWN})`;

const TOOLS = 'countersign_tools';

function protectedTable(table: string, own: string, readBy = 'read'): readonly string[] {
  return [
    `alter table shop.${table} enable row level security`,
    `grant select on shop.${table} to ${TOOLS}`,
    ...policy(table, 'select', `using (${own} and ${may(readBy)})`),
  ];
}

function insertable(table: string, check: string): readonly string[] {
  return [`grant insert on shop.${table} to ${TOOLS}`, ...policy(table, 'insert', `with check (${check})`)];
}

function policy(table: string, kind: 'select' | 'insert' | 'update', rows: string): readonly string[] {
  return [
    `drop policy if exists ${TOOLS}_${kind} on shop.${table}`,
    `create policy ${TOOLS}_${kind} on shop.${table} for ${kind} to ${TOOLS} ${rows}`,
  ];
}

// Every effect on an order counts its version up, so each of the three scopes may; only one may change the address.
const CHANGES_ORDERS = `${OWN} and (${may('address')} or ${may('refund')} or ${may('credit')})`;

const CHANGED_WITHOUT_SCOPE = `current_user = '${TOOLS}' and new.address_id is distinct from old.address_id
  and not countersign_access.has_scope('shop:address')`;

export const SHOP_PROTECTION: readonly string[] = [
  `grant usage on schema shop to ${TOOLS}`,
  ...protectedTable('customers', `id = ${CUSTOMER}`),
  ...protectedTable('addresses', OWN),
  ...protectedTable('orders', OWN),
  ...protectedTable('order_lines', OF_OWN_ORDER),
  ...protectedTable('payments', OF_OWN_ORDER),
  ...protectedTable('shipments', OF_OWN_ORDER),
  ...protectedTable('refunds', OF_OWN_ORDER),
  ...protectedTable('store_credits', OWN),
  ...protectedTable('tickets', OWN),
  ...protectedTable('ticket_messages', OF_OWN_TICKET),
  ...protectedTable('handovers', OWN, 'handover'),
  ...insertable('refunds', `${OF_OWN_ORDER} and ${may('refund')}`),
  ...insertable('store_credits', `${OWN} and ${OF_OWN_ORDER} and ${may('credit')}`),
  ...insertable('addresses', `${OWN} and ${may('address')}`),
  `grant update (state) on shop.tickets to ${TOOLS}`,
  ...policy('tickets', 'update', `using (${OWN} and ${may('ticket')}) with check (${OWN} and ${may('ticket')})`),
  ...insertable('handovers', `${OWN} and ${may('handover')}`),
  `grant update (address_id, version) on shop.orders to ${TOOLS}`,
  ...policy(
    'orders',
    'update',
    `using (${CHANGES_ORDERS}) with check (${CHANGES_ORDERS}
       and address_id in (select id from shop.addresses where ${OWN}))`,
  ),
  // A policy sees the new row alone, so what may not change is held by a trigger, for the tools only.
  `create or replace function shop.address_needs_scope() returns trigger language plpgsql as $$
begin raise exception 'the credential cannot change an address' using errcode = 'insufficient_privilege'; end
$$`,
  'drop trigger if exists address_needs_scope on shop.orders',
  `create trigger address_needs_scope before update on shop.orders for each row
  when (${CHANGED_WITHOUT_SCOPE}) execute function shop.address_needs_scope()`,
];
