// What the tools of the shop did in the benchmark, over its recorded database. They refuse in the recorded words what they
// cannot do.
import type { Json, JsonObject } from '../../../domain/json.ts';
import { type Address, type Input, isNamed, type Order, refuse, type Shop, textIn, type User } from './shop.ts';

const list = (input: Input, name: string): readonly string[] => input[name] as readonly string[];
const cents = (amount: number): number => Math.round(amount * 100) / 100;
const orderIn = (shop: Shop, input: Input): Order => shop.order(textIn(input, 'order_id')) ?? refuse('Order not found');
const userIn = (shop: Shop, id: string): User => shop.user(id) ?? refuse('User not found');

function methodOf(shop: Shop, { user_id: id }: Order, methodId: string) {
  return userIn(shop, id).payment_methods[methodId] ?? refuse('Payment method not found');
}

/** Add to a gift card, or take from it; other methods are settled elsewhere. */
function credit(shop: Shop, { user_id: id }: Order, methodId: string, amount: number): void {
  const user = userIn(shop, id);
  const method = user.payment_methods[methodId] ?? refuse('Payment method not found');
  if (method.source !== 'gift_card') return;
  const credited = { ...method, balance: cents((method.balance ?? 0) + amount) };
  shop.putUser({ ...user, payment_methods: { ...user.payment_methods, [methodId]: credited } });
}

function addressIn(input: Input): Address & JsonObject {
  const of = (name: keyof Address) => textIn(input, name);
  const street = { address1: of('address1'), address2: of('address2') };
  return { ...street, city: of('city'), state: of('state'), country: of('country'), zip: of('zip') };
}

/** What each new item costs more than the old one, in all. */
function exchanged(shop: Shop, order: Order, input: Input) {
  const [old, fresh] = [list(input, 'item_ids'), list(input, 'new_item_ids')];
  assertOrdered(order, old, (id) => `Number of ${id} not found.`);
  if (old.length !== fresh.length) refuse('The number of items to be exchanged should match.');
  const pairs = old.map((id, at) => {
    const line = order.items.find(({ item_id: one }) => one === id) ?? refuse(`Item ${id} not found`);
    const newId = fresh[at] ?? '';
    const variant = shop.product(line.product_id)?.variants[newId] ?? refuse('Variant not found');
    if (!variant.available) refuse(`New item ${newId} not found or available`);
    return { line, variant };
  });
  return { pairs, difference: pairs.reduce((sum, { line, variant }) => sum + (variant.price - line.price), 0) };
}

function assertOrdered({ items }: Order, ids: readonly string[], words: (id: string) => string): void {
  const times = (of: readonly string[], id: string) => of.filter((one) => one === id).length;
  const ordered = items.map(({ item_id: id }) => id);
  for (const id of ids) if (times(ids, id) > times(ordered, id)) refuse(words(id));
}

/** What each tool does. */
export const TOOLS: Readonly<Record<string, (shop: Shop, input: Input) => Json>> = {
  find_user_id_by_email: (shop, input) => {
    const email = textIn(input, 'email').toLowerCase();
    return (shop.userBy((user) => user.email.toLowerCase() === email) ?? refuse('User not found')).user_id;
  },
  find_user_id_by_name_zip: (shop, input) =>
    (shop.userBy((user) => isNamed(user, input)) ?? refuse('User not found')).user_id,
  get_order_details: (shop, input) => orderIn(shop, input),
  get_user_details: (shop, input) => userIn(shop, textIn(input, 'user_id')),
  get_product_details: (shop, input) => shop.product(textIn(input, 'product_id')) ?? refuse('Product not found'),
  get_item_details: (shop, input) => shop.variant(textIn(input, 'item_id')) ?? refuse('Item not found'),
  list_all_product_types: (shop) =>
    Object.fromEntries(shop.products().map(({ name, product_id: id }) => [name, id] as const)),
  calculate: (_shop, input) => calculated(textIn(input, 'expression')),
  transfer_to_human_agents: () => 'Transfer successful',
  cancel_pending_order: (shop, input) => {
    const order = orderIn(shop, input);
    if (order.status !== 'pending') refuse('Non-pending order cannot be cancelled');
    const reason = textIn(input, 'reason');
    if (!['no longer needed', 'ordered by mistake'].includes(reason)) refuse('Invalid reason');
    const refunds = order.payment_history.map((paid) => ({ ...paid, transaction_type: 'refund' as const }));
    for (const { payment_method_id: id, amount } of refunds) credit(shop, order, id, amount);
    const payment_history = [...order.payment_history, ...refunds];
    return shop.putOrder({ ...order, status: 'cancelled', cancel_reason: reason, payment_history });
  },
  modify_pending_order_address: (shop, input) => {
    const order = orderIn(shop, input);
    if (!order.status.startsWith('pending')) refuse('Non-pending order cannot be modified');
    return shop.putOrder({ ...order, address: addressIn(input) });
  },
  modify_pending_order_payment: (shop, input) => {
    const order = orderIn(shop, input);
    if (!order.status.startsWith('pending')) refuse('Non-pending order cannot be modified');
    const id = textIn(input, 'payment_method_id');
    const method = methodOf(shop, order, id);
    const [paid, ...more] = order.payment_history;
    if (paid === undefined || more.length > 0) return refuse('There should be exactly one payment for a pending order');
    if (paid.payment_method_id === id) refuse('The new payment method should be different from the current one');
    if (method.source === 'gift_card' && (method.balance ?? 0) < paid.amount)
      refuse('Insufficient gift card balance to pay for the order');
    credit(shop, order, id, -paid.amount);
    credit(shop, order, paid.payment_method_id, paid.amount);
    const again = { ...paid, payment_method_id: id };
    return shop.putOrder({ ...order, payment_history: [paid, again, { ...paid, transaction_type: 'refund' }] });
  },
  modify_pending_order_items: (shop, input) => {
    const order = orderIn(shop, input);
    if (order.status !== 'pending') refuse('Non-pending order cannot be modified');
    const { pairs, difference } = exchanged(shop, order, input);
    const id = textIn(input, 'payment_method_id');
    const method = methodOf(shop, order, id);
    if (method.source === 'gift_card' && (method.balance ?? 0) < difference)
      refuse('Insufficient gift card balance to pay for the new item');
    const paid = {
      transaction_type: difference > 0 ? 'payment' : 'refund',
      amount: Math.abs(difference),
      payment_method_id: id,
    } as const;
    credit(shop, order, id, -difference);
    const items = [...order.items];
    const last = pairs.at(-1)?.variant ?? refuse('There are no items to be modified');
    for (const { line, variant } of pairs) {
      const at = items.findIndex(({ item_id: one }) => one === line.item_id);
      // The recorded shop gives every line what the last of them costs and is; its database is what counts.
      items[at] = { ...line, item_id: variant.item_id, price: last.price, options: last.options };
    }
    const payment_history = [...order.payment_history, paid];
    return shop.putOrder({ ...order, items, payment_history, status: 'pending (item modified)' });
  },
  return_delivered_order_items: (shop, input) => {
    const order = orderIn(shop, input);
    if (order.status !== 'delivered') refuse('Non-delivered order cannot be returned');
    const id = textIn(input, 'payment_method_id');
    const method = methodOf(shop, order, id);
    if (method.source !== 'gift_card' && id !== order.payment_history[0]?.payment_method_id)
      refuse('Payment method should be the original payment method');
    assertOrdered(order, list(input, 'item_ids'), () => 'Some item not found');
    const return_items = list(input, 'item_ids').toSorted();
    return shop.putOrder({ ...order, status: 'return requested', return_items, return_payment_method_id: id });
  },
  exchange_delivered_order_items: (shop, input) => {
    const order = orderIn(shop, input);
    if (order.status !== 'delivered') refuse('Non-delivered order cannot be exchanged');
    const { difference } = exchanged(shop, order, input);
    const id = textIn(input, 'payment_method_id');
    const method = methodOf(shop, order, id);
    if (method.source === 'gift_card' && (method.balance ?? 0) < cents(difference))
      refuse('Insufficient gift card balance to pay for the price difference');
    return shop.putOrder({
      ...order,
      status: 'exchange requested',
      exchange_items: list(input, 'item_ids').toSorted(),
      exchange_new_items: list(input, 'new_item_ids').toSorted(),
      exchange_payment_method_id: id,
      exchange_price_difference: cents(difference),
    });
  },
  modify_user_address: (shop, input) =>
    shop.putUser({ ...userIn(shop, textIn(input, 'user_id')), address: addressIn(input) }),
};

const SUM = /^[\d\s.+\-*/()]+$/;

/** Sums, products and brackets, as the recorded expressions have them. */
function calculated(expression: string): string {
  if (!SUM.test(expression)) return refuse('Invalid characters in expression');
  let at = 0;
  const symbols = expression.match(/[\d.]+|[+\-*/()]/g) ?? [];
  const factor = (): number => {
    const symbol = symbols[at++] ?? refuse('Invalid expression');
    if (symbol === '-') return -factor();
    if (symbol !== '(') return Number(symbol);
    const inner = sum();
    at += 1;
    return inner;
  };
  const product = (): number => {
    let value = factor();
    while (symbols[at] === '*' || symbols[at] === '/')
      value = symbols[at++] === '*' ? value * factor() : value / factor();
    return value;
  };
  const sum = (): number => {
    let value = product();
    while (symbols[at] === '+' || symbols[at] === '-')
      value = symbols[at++] === '+' ? value + product() : value - product();
    return value;
  };
  const value = cents(sum());
  return Number.isInteger(value) ? `${value}.0` : String(value);
}
