// Conversations about money: what is dear goes to finance, an amount that cannot be read is asked for, and what is small
// changes nothing.
import { type Conversation, conversation as of } from './conversation.ts';

const ORDER = [['1042', 'order 1042']] as const;
const DAMAGED = [['damaged', 'damaged']] as const;

export const MONEY: readonly Conversation[] = [
  of('dear and damaged', '2 finance', 'My order 1042 came damaged. I paid 700.00 EUR.', {
    orderId: ORDER,
    what: [['damaged', 'came damaged']],
    amount: [['700.00 EUR', 'I paid 700.00 EUR']],
  }),
  of('just above', '2 finance', 'I paid 500.01 EUR for order 1042.', {
    orderId: ORDER,
    amount: [['500.01 EUR', '500.01 EUR']],
  }),
  of('just not above', '4 questions', 'I paid 500.00 EUR for order 1042.', {
    orderId: ORDER,
    amount: [['500.00 EUR', '500.00 EUR']],
  }),
  of('cheap and damaged', '3 returns', 'Order 1042 came damaged, it cost 70.00 EUR.', {
    orderId: [['1042', 'Order 1042']],
    what: [['damaged', 'came damaged']],
    amount: [['70.00 EUR', '70.00 EUR']],
  }),
  of('with a comma', '2 finance', 'Order 1042, price 1.234,56 euros, came broken.', {
    orderId: [['1042', 'Order 1042']],
    what: [['damaged', 'came broken']],
    amount: [['1234.56 EUR', '1.234,56 euros']],
  }),
  of('in dollars', '2 finance', 'I was charged 72 dollars for order 1042.', {
    orderId: ORDER,
    amount: [['72.00 USD', '72 dollars']],
  }),
  of('in pounds with a sign', '2 finance', 'Order 1042 was £9.99 and is damaged.', {
    orderId: [['1042', 'Order 1042']],
    what: [['damaged', 'is damaged']],
    amount: [['9.99 GBP', '£9.99']],
  }),
  of('in francs', '2 finance', 'You took CHF 80.00 from my card on 2026-10-03.', {
    amount: [['80.00 CHF', 'CHF 80.00']],
    deliveredOn: [['2026-10-03', 'on 2026-10-03']],
  }),
  of('in words', '2 returns asks', 'Order 1042 came damaged, it cost seven hundred euros.', {
    orderId: [['1042', 'Order 1042']],
    what: [['damaged', 'came damaged']],
  }),
  of('two amounts, one dear', '2 finance asks', 'The sofa of order 1042 was 700 EUR and the shipping 5 EUR.', {
    orderId: ORDER,
    amount: [
      ['700.00 EUR', '700 EUR'],
      ['5.00 EUR', '5 EUR'],
    ],
  }),
  of('two amounts, both small', '4 questions', 'Order 1042: was it 20 EUR or 25 EUR?', {
    orderId: [['1042', 'Order 1042']],
    amount: [
      ['20.00 EUR', '20 EUR'],
      ['25.00 EUR', '25 EUR'],
    ],
  }),
  of('corrected upwards', '2 finance asks', ['Order 1042 cost 90 EUR.', 'Sorry, it cost 900 EUR.'], {
    orderId: [['1042', 'Order 1042']],
    amount: [
      ['90.00 EUR', '90 EUR'],
      ['900.00 EUR', '900 EUR'],
    ],
  }),
  of('corrected downwards', '2 finance asks', ['Order 1042 cost 900 EUR.', 'Sorry, it cost 90 EUR.'], {
    orderId: [['1042', 'Order 1042']],
    amount: [
      ['900.00 EUR', '900 EUR'],
      ['90.00 EUR', '90 EUR'],
    ],
  }),
  of('cents only', '2 questions asks', 'You charged 50 cents too much for order 1042.', { orderId: ORDER }),
  of('an exponent', '2 questions asks', 'My order 1042 is worth 1e9 EUR, they say.', { orderId: ORDER }),
  of('late and dear', '2 finance', 'Order 1042 is late, and 1,250.00 EUR is a lot to wait for.', {
    orderId: [['1042', 'Order 1042']],
    what: [['late', 'is late']],
    amount: [['1250.00 EUR', '1,250.00 EUR']],
  }),
  of('dear in the second message', '2 finance', ['Order 1042 is damaged.', 'The price was 640.00 EUR.'], {
    orderId: [['1042', 'Order 1042']],
    what: [['damaged', 'is damaged']],
    amount: [['640.00 EUR', '640.00 EUR']],
  }),
  of('a figure that is no money', '4 questions', 'Order 1042 has 700 parts, where do I begin?', {
    orderId: [['1042', 'Order 1042']],
  }),
  of(
    'an invoice that is forwarded',
    '2 finance',
    `Can you check this for me?
---------- Forwarded message ----------
Invoice 88 for order 1042, delivered 2026-11-10
Total: 812.40 EUR`,
    { orderId: ORDER, amount: [['812.40 EUR', '812.40 EUR']], deliveredOn: [['2026-11-10', 'delivered 2026-11-10']] },
  ),
  of(
    'dear, damaged, and nobody hurt',
    '2 finance',
    'Order 1042, 999.00 EUR, came damaged. Nobody was hurt, no lawyer needed.',
    {
      orderId: [['1042', 'Order 1042']],
      what: DAMAGED,
      amount: [['999.00 EUR', '999.00 EUR']],
      injured: [[false, 'Nobody was hurt']],
      lawyer: [[false, 'no lawyer']],
    },
  ),
  of(
    'yen, which no reader knows',
    '2 finance asks',
    'Order 1042 came damaged; my card shows 9000 JPY.',
    {
      orderId: [['1042', 'Order 1042']],
      what: [['damaged', 'came damaged']],
      amount: [['9000.00 JPY', '9000 JPY']],
    },
    3,
  ),
];
