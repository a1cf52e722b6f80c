// The shop's policy as rules: whose the record is, what an order is in the state for, how it may be paid; and whatever is
// lawful then waits until a person has the customer's yes. May import countersign and this folder.
import { allow, ask, deny, rule, type RuleCase } from 'countersign';
import { cancel, changeAddress, changeItems, changePayment, exchangeItems, giveBack } from './tools.ts';

/** What the shop has on record of an order, as the tools' `inspect` reads it. */
interface OnRecord {
  readonly status: string;
  /** Ids of the items, one for each piece. */
  readonly items: readonly { readonly id: string; readonly productId: string; readonly price: number }[];
  /** Whose order it is, and how they can pay. */
  readonly methods: Readonly<Record<string, { readonly isGiftCard: boolean; readonly balance: number }>>;
  readonly payments: readonly { readonly methodId: string; readonly kind: string; readonly amount: number }[];
  /** The items that are wanted instead, as the shop has them now. */
  readonly wanted: Readonly<
    Record<string, { readonly productId: string; readonly price: number; readonly available: boolean }>
  >;
}

type Exchange = Readonly<{ item_ids: readonly string[]; new_item_ids: readonly string[]; payment_method_id: string }>;

type Looked = Pick<RuleCase, 'evidence'>;

const orderOf = ({ evidence }: Looked): OnRecord => evidence?.record as unknown as OnRecord;
const REASONS = ['no longer needed', 'ordered by mistake'];
const A_CENT = 0.01;

const isNotPending = (action: Looked, done: string) =>
  orderOf(action).status === 'pending' ? undefined : deny(`Non-pending order cannot be ${done}`);
const isNotDelivered = (action: Looked, done: string) =>
  orderOf(action).status === 'delivered' ? undefined : deny(`Non-delivered order cannot be ${done}`);

function isNoMethod(action: Looked, methodId: string) {
  return Object.hasOwn(orderOf(action).methods, methodId) ? undefined : deny('Payment method not found');
}

function cannotPay(action: Looked, methodId: string, amount: number, what: string) {
  const method = orderOf(action).methods[methodId];
  const isShort = method?.isGiftCard === true && method.balance < amount;
  return isShort ? deny(`Insufficient gift card balance to pay for ${what}`) : undefined;
}

/** As many pieces of each as the order has, and for each an item of the same product that is there. */
function cannotExchange(action: Looked, { item_ids: old, new_item_ids: fresh }: Exchange) {
  const { items, wanted } = orderOf(action);
  const missing = cannotTake(action, old);
  if (missing !== undefined) return missing;
  if (old.length !== fresh.length) return deny('The number of items to be exchanged should match.');
  const isOther = old.some((id, at) => {
    const want = wanted[fresh[at] ?? ''];
    return want === undefined || want.productId !== items.find((one) => one.id === id)?.productId || !want.available;
  });
  return isOther ? deny('a new item must be an available one of the same product') : undefined;
}

function cannotTake(action: Looked, ids: readonly string[]) {
  const times = (all: readonly string[], id: string) => all.filter((one) => one === id).length;
  const ordered = orderOf(action).items.map(({ id }) => id);
  return ids.some((id) => times(ids, id) > times(ordered, id))
    ? deny('the order does not have these items')
    : undefined;
}

/** What the new items cost more than the old ones. */
function differenceOf(action: Looked, { item_ids: old, new_item_ids: fresh }: Exchange): number {
  const { items, wanted } = orderOf(action);
  const costs = old.map(
    (id, at) => (wanted[fresh[at] ?? '']?.price ?? 0) - (items.find((one) => one.id === id)?.price ?? 0),
  );
  return Math.round(costs.reduce((sum, one) => sum + one, 0) / A_CENT) * A_CENT;
}

export const rules = [
  rule('shop.own', ({ evidence, principal }) =>
    evidence === null || evidence.subject === '' || evidence.subject === principal.id
      ? undefined
      : deny('it belongs to somebody else'),
  ),
  rule('shop.read', ({ effect }) => (effect === 'read' ? allow() : undefined)),
  rule('shop.nothing', ({ evidence }) =>
    evidence === null || evidence.subject === '' ? deny('there is no such record') : undefined,
  ),
  rule('cancel.status', cancel, (action) => isNotPending(action, 'cancelled')),
  rule('cancel.reason', cancel, ({ input }) => (REASONS.includes(input.reason) ? undefined : deny('Invalid reason'))),
  rule('address.status', changeAddress, (action) => isNotPending(action, 'modified')),
  rule('payment.status', changePayment, (action) => isNotPending(action, 'modified')),
  rule('payment.method', changePayment, (action) => isNoMethod(action, action.input.payment_method_id)),
  rule('payment.another', changePayment, (action) => {
    const [paid, ...more] = orderOf(action).payments;
    if (paid === undefined || more.length > 0) return deny('There should be exactly one payment for a pending order');
    const { payment_method_id: methodId } = action.input;
    if (paid.methodId === methodId) return deny('The new payment method should be different from the current one');
    return cannotPay(action, methodId, paid.amount, 'the order');
  }),
  rule('items.status', changeItems, (action) => isNotPending(action, 'modified')),
  rule('items.method', changeItems, (action) => isNoMethod(action, action.input.payment_method_id)),
  rule('items.exchange', changeItems, (action) => cannotExchange(action, action.input)),
  rule('items.pay', changeItems, (action) =>
    cannotPay(action, action.input.payment_method_id, differenceOf(action, action.input), 'the new item'),
  ),
  rule('return.status', giveBack, (action) => isNotDelivered(action, 'returned')),
  rule('return.method', giveBack, (action) => isNoMethod(action, action.input.payment_method_id)),
  rule('return.refund', giveBack, (action) => {
    const { methods, payments } = orderOf(action);
    const { payment_method_id: methodId } = action.input;
    const mayTakeIt = methods[methodId]?.isGiftCard === true || methodId === payments[0]?.methodId;
    return mayTakeIt ? undefined : deny('Payment method should be the original payment method');
  }),
  rule('return.items', giveBack, (action) => cannotTake(action, action.input.item_ids)),
  rule('exchange.status', exchangeItems, (action) => isNotDelivered(action, 'exchanged')),
  rule('exchange.method', exchangeItems, (action) => isNoMethod(action, action.input.payment_method_id)),
  rule('exchange.items', exchangeItems, (action) => cannotExchange(action, action.input)),
  rule('exchange.pay', exchangeItems, (action) =>
    cannotPay(action, action.input.payment_method_id, differenceOf(action, action.input), 'the price difference'),
  ),
  rule('shop.confirm', () => ask({ group: 'counter', reason: 'the customer has to say yes' })),
];
