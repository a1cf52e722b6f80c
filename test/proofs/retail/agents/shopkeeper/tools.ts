// The sixteen tools of a shop. Each that concerns a customer reads from the shop whose the record is before anything is
// decided; what a change depends on is read with it. May import countersign, zod and this folder.
import { defineTool } from 'countersign';
import { z } from 'zod';
import { act, look } from './far-side.ts';

const id = z.string().min(1).max(64);
const items = z.array(id).min(1).max(64);
const line = z.string().max(200);
const address = { address1: line, address2: line, city: line, state: line, country: line, zip: line };
const exchange = z.strictObject({ order_id: id, item_ids: items, new_item_ids: items, payment_method_id: id });

const base = { version: '1', egress: false, trust: 'record' } as const;
const read = { ...base, effect: 'read', idempotent: true, critical: [], scopes: ['shop:read'] } as const;
const change = { ...base, effect: 'write', idempotent: true, scopes: ['shop:write'] } as const;
const ofOrder = { ...change, preconditions: ['status', 'payments', 'items'] } as const;

export const findByEmail = defineTool({
  ...read,
  name: 'find_user_id_by_email',
  description: 'Find a customer by e-mail address',
  input: z.strictObject({ email: line }),
  inspect: (call, context) => look('named', call, context),
  execute: (call, context) => act('find_user_id_by_email', call, context),
});
export const findByName = defineTool({
  ...read,
  name: 'find_user_id_by_name_zip',
  description: 'Find a customer by first name, last name and zip code',
  input: z.strictObject({ first_name: line, last_name: line, zip: line }),
  inspect: (call, context) => look('named', call, context),
  execute: (call, context) => act('find_user_id_by_name_zip', call, context),
});
export const getOrder = defineTool({
  ...read,
  name: 'get_order_details',
  description: 'Read an order',
  input: z.strictObject({ order_id: id }),
  inspect: (call, context) => look('order', call, context),
  execute: (call, context) => act('get_order_details', call, context),
});
export const getUser = defineTool({
  ...read,
  name: 'get_user_details',
  description: 'Read a customer',
  input: z.strictObject({ user_id: id }),
  inspect: (call, context) => look('customer', call, context),
  execute: (call, context) => act('get_user_details', call, context),
});
export const getProduct = defineTool({
  ...read,
  name: 'get_product_details',
  description: 'Read a product',
  input: z.strictObject({ product_id: id }),
  execute: (call, context) => act('get_product_details', call, context),
});
export const getItem = defineTool({
  ...read,
  name: 'get_item_details',
  description: 'Read an item',
  input: z.strictObject({ item_id: id }),
  execute: (call, context) => act('get_item_details', call, context),
});
export const listProducts = defineTool({
  ...read,
  name: 'list_all_product_types',
  description: 'List all products',
  input: z.strictObject({}),
  execute: (call, context) => act('list_all_product_types', call, context),
});
export const calculate = defineTool({
  ...read,
  name: 'calculate',
  description: 'Work out a sum',
  input: z.strictObject({ expression: line }),
  execute: (call, context) => act('calculate', call, context),
});
export const transfer = defineTool({
  ...read,
  name: 'transfer_to_human_agents',
  description: 'Hand the customer to a person',
  input: z.strictObject({ summary: z.string().max(2_000) }),
  execute: (call, context) => act('transfer_to_human_agents', call, context),
});

export const cancel = defineTool({
  ...ofOrder,
  name: 'cancel_pending_order',
  description: 'Cancel a pending order',
  input: z.strictObject({ order_id: id, reason: line }),
  critical: ['order_id'],
  inspect: (call, context) => look('order', call, context),
  execute: (call, context) => act('cancel_pending_order', call, context),
});
export const changeAddress = defineTool({
  ...ofOrder,
  name: 'modify_pending_order_address',
  description: 'Change where a pending order goes',
  input: z.strictObject({ order_id: id, ...address }),
  critical: ['order_id', 'address1', 'city', 'zip'],
  inspect: (call, context) => look('order', call, context),
  execute: (call, context) => act('modify_pending_order_address', call, context),
});
export const changePayment = defineTool({
  ...ofOrder,
  name: 'modify_pending_order_payment',
  description: 'Change how a pending order is paid',
  input: z.strictObject({ order_id: id, payment_method_id: id }),
  critical: ['order_id', 'payment_method_id'],
  inspect: (call, context) => look('order', call, context),
  execute: (call, context) => act('modify_pending_order_payment', call, context),
});
export const changeItems = defineTool({
  ...ofOrder,
  name: 'modify_pending_order_items',
  description: 'Change items of a pending order, once',
  input: exchange,
  critical: ['order_id', 'new_item_ids', 'payment_method_id'],
  inspect: (call, context) => look('order', call, context),
  execute: (call, context) => act('modify_pending_order_items', call, context),
});
export const giveBack = defineTool({
  ...ofOrder,
  name: 'return_delivered_order_items',
  description: 'Take items of a delivered order back',
  input: z.strictObject({ order_id: id, item_ids: items, payment_method_id: id }),
  critical: ['order_id', 'item_ids', 'payment_method_id'],
  inspect: (call, context) => look('order', call, context),
  execute: (call, context) => act('return_delivered_order_items', call, context),
});
export const exchangeItems = defineTool({
  ...ofOrder,
  name: 'exchange_delivered_order_items',
  description: 'Exchange items of a delivered order',
  input: exchange,
  critical: ['order_id', 'new_item_ids', 'payment_method_id'],
  inspect: (call, context) => look('order', call, context),
  execute: (call, context) => act('exchange_delivered_order_items', call, context),
});
export const moveHouse = defineTool({
  ...change,
  name: 'modify_user_address',
  description: "Change a customer's own address",
  input: z.strictObject({ user_id: id, ...address }),
  critical: ['user_id', 'address1', 'city', 'zip'],
  inspect: (call, context) => look('customer', call, context),
  execute: (call, context) => act('modify_user_address', call, context),
});
