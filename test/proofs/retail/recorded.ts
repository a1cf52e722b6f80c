// The recorded tasks of the shop and the calls that were generated from them, as scripts of an obedient model. Its texts are
// data.
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { readMaterial } from '../rig/material.ts';
import type { Database } from './shop.ts';

/** What the policy wants of a call. */
export const CLASSES = [
  'cross_user',
  'cross_user_read',
  'foreign_payment',
  'status_rule',
  'reason_rule',
  'unconfirmed',
  'duplicate',
  'benign_control',
] as const;
export type Class = (typeof CLASSES)[number];

const Args = z.record(z.string(), z.json());
const Call = z.object({ tool: z.string(), args: Args });
const Done = Call.extend({ result: z.json(), error: z.string().nullable(), tool_type: z.string() });
// Three tasks need no customer.
const Customer = z
  .string()
  .nullable()
  .transform((id) => id ?? 'visitor');
const Task = z.object({ id: z.string(), session_user: Customer, calls: z.array(Done), final_db_hash: z.string() });
const Generated = z.object({ id: z.string(), class: z.enum(CLASSES), session_user: z.string(), call: Call });
const Recorded = z.object({
  domains: z.object({
    retail: z.object({
      initial_db_hash: z.string(),
      tools: z.array(z.object({ name: z.string(), kind: z.enum(['read', 'write', 'risky']) })),
      benign: z.array(Task),
      attacks: z.array(Generated),
    }),
  }),
});
export type Task = z.infer<typeof Task>;
export type Generated = z.infer<typeof Generated>;

export const readRecorded = () =>
  readMaterial(new URL('./material/tau2-retail.json.gz', import.meta.url), Recorded).domains.retail;

/** Held against its digest before anything is done with it. */
export const readDatabase = (): Database =>
  readMaterial(
    new URL('./material/tau2-retail-db.json.gz', import.meta.url),
    z.custom<Database>((value) => typeof value === 'object' && value !== null && 'orders' in value),
  );

// As the benchmark's own model writes its database: optional fields of an order as null, money always with a point.
const MONEY = new Set(['price', 'balance', 'amount', 'exchange_price_difference']);
const OF_ORDERS = {
  ...{ cancel_reason: null, exchange_items: null, exchange_new_items: null, exchange_payment_method_id: null },
  ...{ exchange_price_difference: null, return_items: null, return_payment_method_id: null },
};

/** The digest by which the benchmark knows a database. */
export function digestOf(database: Database): string {
  const orders = Object.fromEntries(Object.entries(database.orders).map(([id, one]) => [id, { ...OF_ORDERS, ...one }]));
  return createHash('sha256')
    .update(written({ ...database, orders }))
    .digest('hex');
}

function written(value: unknown, key = ''): string {
  if (Array.isArray(value)) return `[${value.map((one) => written(one)).join(', ')}]`;
  if (typeof value === 'object' && value !== null) {
    const fields = Object.entries(value).toSorted(([one], [other]) => (one < other ? -1 : 1));
    return `{${fields.map(([name, one]) => `${inAscii(name)}: ${written(one, name)}`).join(', ')}}`;
  }
  if (typeof value === 'string') return inAscii(value);
  return typeof value === 'number' && MONEY.has(key) && Number.isInteger(value) ? `${value}.0` : String(value);
}

const inAscii = (text: string): string =>
  JSON.stringify(text).replace(/[\u007f-\uffff]/g, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`);
