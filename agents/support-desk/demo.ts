// What the scripted demo model understands when no model is configured: patterns over the last message, and the calls
// that a real model would make. It decides nothing; rules and people do. May import countersign and this folder.
import type { DemoIntent } from 'countersign';
import { formatMoney, parseCents } from './money.ts';

const ORDER = String.raw`\border\s{0,5}(?:no\.?|number|#)?\s{0,5}#?(?<orderId>\d{3,10})\b`;
// 60 characters: words of one sentence; a bound keeps a long message from costing quadratic time.
const GAP = '.{0,60}?';
// Money moves only where nothing is left to guess: the message has no number besides the amount and the order, and the
// amount stands by itself. Of "1e9 EUR", "0,001 EUR" or "-5 EUR" no part may pass for the amount.
const WORDS = String.raw`\D{0,60}?`;
const AMOUNT =
  String.raw`(?<![^\s(:"])(?<amount>\d{1,7}(?:[.,]\d{1,2})?)\s{0,5}(?:EUR|euros?|€)` +
  String.raw`(?!\w|[\s-]{0,5}cents?\b)`;
const CURRENCY = String.raw`(?:(?<![a-z])(?:EUR|euros?|USD|dollars?|cents?)(?![a-z])|[€$])`;
const only = (pattern: string, but = '(?!)'): RegExp => new RegExp(String.raw`^(?![^]*${but})\D*${pattern}\D*$`, 'i');

export const demo: readonly DemoIntent[] = [
  {
    example: 'talk to a person',
    matches: /\b(?:talk|speak)\s+(?:to|with)\s+(?:a|some)\s*(?:person|human|body|one)|\bhuman\b/i,
    call: () => ({ tool: 'hand_over', args: { reason: 'The customer asks for a person.' } }),
    say: () => 'A person of the team takes over from here. I keep quiet until they answer.',
  },
  {
    example: 'store credit of 10 EUR for order 1042',
    matches: only(String.raw`\bcredit\b${WORDS}${AMOUNT}${WORDS}${ORDER}`),
    call: ({ amount = '', orderId = '' }) => ({
      tool: 'issue_store_credit',
      args: { orderId, amountCents: parseCents(amount) ?? 0, currency: 'EUR', reason: 'The customer asked for it.' },
    }),
    say: (result) =>
      told(result, ({ orderId, creditedCents, currency }) =>
        typeof creditedCents === 'number'
          ? `You have ${formatMoney(creditedCents, String(currency))} of store credit for order ${orderId}.`
          : undefined,
      ),
  },
  {
    example: 'refund 24.00 EUR of order 1042',
    matches: only(String.raw`\brefund\b${WORDS}${AMOUNT}${WORDS}${ORDER}`),
    call: ({ amount = '', orderId = '' }) => refundCall(orderId, parseCents(amount) ?? 0),
    say: refunded,
  },
  {
    example: 'refund order 1042',
    // All of it, so no amount and no currency: an amount that was not understood must not become everything.
    matches: only(String.raw`\brefund\b${WORDS}${ORDER}`, CURRENCY),
    call: ({ orderId = '' }) => ({ tool: 'look_up_order', args: { orderId } }),
    then: [
      ({ orderId = '' }, results) => {
        const refundableCents = recordIn(results[0])?.refundableCents;
        return typeof refundableCents === 'number' && refundableCents > 0
          ? refundCall(orderId, refundableCents)
          : undefined;
      },
    ],
    say: refunded,
  },
  {
    example: 'return order 1041',
    matches: only(String.raw`\breturn\b${WORDS}${ORDER}`, CURRENCY),
    call: ({ orderId = '' }) => ({
      tool: 'refund_order',
      args: { orderId, reason: 'The customer sends it back.' },
    }),
  },
  {
    example: 'change the address of order 1043 to Neue Straße 5, 10115 Berlin',
    matches: new RegExp(
      String.raw`\baddress\b${GAP}${ORDER}\s+to\s+(?<street>[^,\n]+),` +
        String.raw`\s*(?<postalCode>[\w-]{3,12})\s+(?<city>[^,\n]+?)(?:,\s*(?<country>[A-Z]{2}))?[\s.]*$`,
      'i',
    ),
    call: ({ orderId = '', street = '', postalCode = '', city = '', country }) => ({
      tool: 'change_address',
      args: { orderId, street: street.trim(), postalCode, city: city.trim(), country: (country ?? 'DE').toUpperCase() },
    }),
    say: (result) =>
      told(result, ({ orderId, shipTo }) =>
        typeof shipTo === 'string' ? `Order ${orderId} now goes to ${shipTo}.` : undefined,
      ),
  },
  {
    example: 'mail me the state of my orders',
    matches: /\bmail\s+me\b/i,
    call: () => ({ tool: 'look_up_orders', args: {} }),
    then: [(_groups, results) => mailCall(recordIn(results[0]))],
    say: (result) =>
      told(result, ({ to }) => (typeof to === 'string' ? `The mail to ${to} is on its way.` : undefined)),
  },
  {
    example: 'read ticket 77',
    matches: /\bticket\s*#?(?<ticketId>\d{1,10})\b/i,
    call: ({ ticketId = '' }) => ({ tool: 'read_ticket', args: { ticketId } }),
    say: (result) => told(result, ticketText),
  },
  {
    example: 'where is order 1042',
    // Whoever asks for money is not answered with where the order is.
    matches: new RegExp(String.raw`^(?!.*\b(?:refund|credit)\b).*?${ORDER}`, 'is'),
    call: ({ orderId = '' }) => ({ tool: 'look_up_order', args: { orderId } }),
    say: (result) => told(result, orderText),
  },
  {
    example: 'my orders',
    matches: /\b(?:my|all)\s+orders\b/i,
    call: () => ({ tool: 'look_up_orders', args: {} }),
    say: (result) => told(result, ordersText),
  },
];

type Fields = Readonly<Record<string, unknown>>;

function refundCall(orderId: string, amountCents: number) {
  const reason = 'The customer asks for their money back.';
  return { tool: 'refund', args: { orderId, amountCents, currency: 'EUR', reason } };
}

function mailCall(record: Fields | undefined) {
  const text = record === undefined ? undefined : ordersText(record);
  const email = fieldsIn(record?.customer)?.email;
  if (text === undefined || typeof email !== 'string') return undefined;
  const body = `Hello,\n\nas you asked:\n\n${text}\n\nYour support desk\n`;
  return { tool: 'send_mail', args: { to: email, subject: 'Your orders', text: body } };
}

function refunded(result: string): string {
  return told(result, ({ orderId, refundedCents, refundableCents, currency }) => {
    if (refundableCents === 0) return `Nothing of order ${orderId} is left to refund.`;
    if (typeof refundedCents !== 'number') return undefined;
    return `${formatMoney(refundedCents, String(currency))} of order ${orderId} are refunded.`;
  });
}

function orderText({ orderId, state, paidCents, refundedCents, currency, shipment }: Fields): string | undefined {
  if (typeof paidCents !== 'number') return undefined;
  const on = fieldsIn(shipment);
  const now = typeof on?.deliveredOn === 'string' ? `delivered ${on.deliveredOn}` : 'on its way';
  const way =
    on === undefined
      ? 'It has not been shipped yet.'
      : `${on.carrier} ${on.tracking}: shipped ${on.shippedOn}, ${now}.`;
  const back = Number(refundedCents) > 0 ? ` Refunded: ${formatMoney(Number(refundedCents), String(currency))}.` : '';
  return `Order ${orderId} (${formatMoney(paidCents, String(currency))}) is ${state}. ${way}${back}`;
}

function ordersText({ orders }: Fields): string | undefined {
  if (!Array.isArray(orders)) return undefined;
  if (orders.length === 0) return 'There are no orders of yours.';
  const lines = orders.map(fieldsIn).map((order) => {
    const money = formatMoney(Number(order?.paidCents), String(order?.currency));
    return `- ${order?.orderId} of ${order?.placedOn}: ${money}, ${order?.state}`;
  });
  return `Your orders:\n${lines.join('\n')}`;
}

function ticketText({ ticketId, subject, state, messages }: Fields): string | undefined {
  if (!Array.isArray(messages)) return undefined;
  const lines = messages.map(fieldsIn).map((message) => `${message?.author}: ${message?.text}`);
  return [`Ticket ${ticketId}, "${subject}", is ${state}.`, ...lines].join('\n');
}

/** The sentence, or the result as it is when it is no record: a refusal, or what waits for whom. */
function told(result: string, sentence: (record: Fields) => string | undefined): string {
  const record = recordIn(result);
  return (record === undefined ? undefined : sentence(record)) ?? result;
}

function recordIn(result: string | undefined): Fields | undefined {
  try {
    return fieldsIn(JSON.parse(result ?? ''));
  } catch {
    return undefined;
  }
}

function fieldsIn(value: unknown): Fields | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : undefined;
}
