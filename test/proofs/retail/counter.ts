// The shop as a far side, a copy for each conversation, and the people at the counter, who say that the customer said yes.
// What the shop was asked for is kept: that is what happened.
import { z } from 'zod';
import type { JsonObject } from '../../../domain/json.ts';
import { createPatient } from '../crash/journey.ts';
import { serve } from '../rig/serve.ts';
import type { Rig } from '../rig/rig.ts';
import { createHttp } from '../support.ts';
import type { Visit } from './plan.ts';
import { type Database, isNamed, openShop, type Order, Refused, type Shop, textIn, type User } from './shop.ts';
import { TOOLS } from './shop-tools.ts';

/** One request that reached a tool of the shop. */
export interface Reached {
  readonly actionId: string;
  readonly conversationId: string;
  readonly tool: string;
  readonly input: JsonObject;
  /** What it answered; as an error where it refused. */
  readonly answer:
    | { readonly kind: 'done'; readonly result: unknown }
    | { readonly kind: 'refused'; readonly error: string };
}

const Asked = z.object({ conversationId: z.string(), input: z.record(z.string(), z.json()) });
const REFUSED = 422;

export async function startShops(base: Database) {
  const shops = new Map<string, Shop>();
  const reached: Reached[] = [];
  const answers = new Map<string, { status: number; body: unknown }>();
  const shopOf = (conversationId: string): Shop => {
    const shop = shops.get(conversationId) ?? openShop(base);
    shops.set(conversationId, shop);
    return shop;
  };
  const served = await serve(({ path, headers, body }) => {
    const { conversationId, input } = Asked.parse(body);
    const [, folder = '', name = ''] = path.split('/');
    const shop = shopOf(conversationId);
    if (folder === 'look') return { status: 200, body: lookedUp(shop, name, input) };
    const actionId = String(headers['idempotency-key']);
    // It honours the key: the same action has one effect, however often it is asked for.
    const before = answers.get(actionId);
    if (before !== undefined) return before;
    const tool = TOOLS[name];
    if (tool === undefined) return { status: 404, body: {} };
    const answer = done(() => tool(shop, input));
    reached.push({ actionId, conversationId, tool: name, input, answer });
    const given =
      answer.kind === 'done'
        ? { status: 200, body: answer.result }
        : { status: REFUSED, body: { error: answer.error } };
    answers.set(actionId, given);
    return given;
  });
  return { url: served.url, reached, shopOf, stop: () => served.stop() };
}

export type Shops = Awaited<ReturnType<typeof startShops>>;

function done(work: () => unknown): Reached['answer'] {
  try {
    return { kind: 'done', result: work() };
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    return { kind: 'refused', error: error.message };
  }
}

/** What is on record before anything is decided: whose it is, and what a change depends on. */
function lookedUp(shop: Shop, what: string, input: JsonObject): { subject: string; record: object } {
  switch (what) {
    case 'order': {
      const order = shop.order(textIn(input, 'order_id'));
      if (order === undefined) return { subject: '', record: {} };
      return { subject: order.user_id, record: recordOf(shop, order, input) };
    }
    case 'customer':
      return { subject: shop.user(textIn(input, 'user_id'))?.user_id ?? '', record: {} };
    case 'named':
      return { subject: shop.userBy((user) => isMeant(user, input))?.user_id ?? '', record: {} };
    default:
      throw new Error(`nothing is on record of ${what}`);
  }
}

const isMeant = (user: User, input: JsonObject): boolean =>
  'email' in input ? user.email.toLowerCase() === textIn(input, 'email').toLowerCase() : isNamed(user, input);

function recordOf(shop: Shop, order: Order, input: JsonObject): object {
  const methods = Object.entries(shop.user(order.user_id)?.payment_methods ?? {}).map(
    ([id, { source, balance = 0 }]) => {
      return [id, { isGiftCard: source === 'gift_card', balance }] as const;
    },
  );
  const wanted = ((input['new_item_ids'] ?? []) as readonly string[]).flatMap((id) => {
    const product = shop.products().find(({ variants }) => Object.hasOwn(variants, id));
    const variant = product?.variants[id];
    if (product === undefined || variant === undefined) return [];
    const { price, available } = variant;
    return [[id, { productId: product.product_id, price, available }] as const];
  });
  return {
    status: order.status,
    items: order.items.map(({ item_id: id, product_id: productId, price }) => ({ id, productId, price })),
    methods: Object.fromEntries(methods),
    payments: order.payment_history.map((one) => {
      return { methodId: one.payment_method_id, kind: one.transaction_type, amount: one.amount };
    }),
    wanted: Object.fromEntries(wanted),
  };
}

/** Who confirms: everything once, but where the customer never said yes. */
export function confirming(
  rig: Rig,
  keys: readonly string[],
  visits: ReadonlyMap<string, Visit>,
): (id: string, conversationId: string) => Promise<void> {
  const clients = keys.map((key) => createPatient(createHttp(rig.apiUrl, key)));
  const confirmed = new Set<string>();
  return async (id, conversationId) => {
    const kind = visits.get(conversationId)?.of.kind;
    if (kind === undefined || kind === 'unconfirmed') return;
    // What is called for anew after it was done is no business of the customer's yes.
    if (kind === 'duplicate' && confirmed.has(conversationId)) return;
    confirmed.add(conversationId);
    const http = clients[confirmed.size % clients.length];
    if (http === undefined) return;
    const click = async () => {
      const body = { answer: 'approve', id: `yes-of-${conversationId}` };
      return JSON.stringify((await http.post(`/v1/approvals/${encodeURIComponent(id)}/decision`, body)).body);
    };
    // Twice, as a double click does; the second is answered with the receipt of the first.
    const [first, second] = await Promise.all(kind === 'duplicate' ? [click(), click()] : [click()]);
    if (second !== undefined && second !== first)
      throw new Error(`the second click was answered ${second}, not ${first}`);
  };
}
