import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { PGlite } from '@electric-sql/pglite';
import { DidNotHappen } from 'countersign';
import { changeAddress } from '../../agents/support-desk/tools/change-address.ts';
import { handOver } from '../../agents/support-desk/tools/hand-over.ts';
import { issueStoreCredit } from '../../agents/support-desk/tools/issue-store-credit.ts';
import { lookUpOrder } from '../../agents/support-desk/tools/look-up-order.ts';
import { lookUpOrders } from '../../agents/support-desk/tools/look-up-orders.ts';
import { readTicket } from '../../agents/support-desk/tools/read-ticket.ts';
import { refund } from '../../agents/support-desk/tools/refund.ts';
import { shop } from '../../agents/support-desk/shop.ts';
import { aCall, aWorld, ADA, BEN, NOW_MS, sqlOver, type World } from './support.ts';

let db: PGlite;
let world: World;

before(async () => {
  db = await PGlite.create();
});
after(() => db.close());
beforeEach(async () => {
  await db.exec('drop schema if exists shop cascade');
  world = aWorld(sqlOver(db));
  await shop.prepare(world.sql, NOW_MS);
});

const money = (amountCents: number, orderId = '1042') =>
  ({ orderId, amountCents, currency: 'EUR', reason: 'one bowl was broken' }) as const;
const home = (orderId = '1043') => ({
  orderId,
  street: 'Neue Straße 5',
  postalCode: '10115',
  city: 'Berlin',
  country: 'DE',
});
const rows = async (text: string) => world.sql.query<Record<string, unknown>>(text);

test('preparing the shop twice changes nothing of what happened between', async () => {
  await refund.execute(aCall(money(1_000)), world.context());
  await shop.prepare(world.sql, NOW_MS + 86_400_000);
  assert.deepEqual(await rows('select count(*)::int as n from shop.orders'), [{ n: 7 }]);
  assert.deepEqual(await rows('select amount_cents from shop.refunds'), [{ amount_cents: 1_000 }]);
});

test('who decides is told whom it is about and how much it is', () => {
  const what = money(7_200);
  assert.deepEqual(
    [refund, issueStoreCredit].map((tool) => [tool.forWhom?.(what, ADA), tool.howMuch?.(what)]),
    [
      ['customer Ada Brandt (customer-ada)', '72.00 EUR'],
      ['customer Ada Brandt (customer-ada)', '72.00 EUR'],
    ],
  );
  assert.deepEqual(
    [changeAddress.forWhom?.(home(), BEN), changeAddress.howMuch],
    ['customer Ben Okafor (customer-ben)', undefined],
  );
});

test('a customer sees their own orders, and a stranger none', async () => {
  const own = await lookUpOrders.execute(aCall({}), world.context());
  assert.deepEqual(own.customer, { name: 'Ada Brandt', email: 'ada@example.com' });
  assert.deepEqual(own.orders, [
    { orderId: '1043', state: 'paid', currency: 'EUR', paidCents: 3_900, placedOn: '2026-03-14' },
    { orderId: '1041', state: 'delivered', currency: 'EUR', paidCents: 1_500, placedOn: '2026-03-07' },
    { orderId: '1042', state: 'delivered', currency: 'EUR', paidCents: 7_200, placedOn: '2026-02-27' },
    { orderId: '1038', state: 'delivered', currency: 'EUR', paidCents: 4_900, placedOn: '2026-01-13' },
  ]);
  const stranger = { id: 'customer-eve', name: 'Ada Brandt', tenant: 'default' };
  assert.deepEqual(await lookUpOrders.execute(aCall({}, stranger), world.context()), { customer: null, orders: [] });
});

test('an order shows its lines, money, way and tickets', async () => {
  assert.deepEqual(await lookUpOrder.execute(aCall({ orderId: '1042' }), world.context()), {
    orderId: '1042',
    state: 'delivered',
    currency: 'EUR',
    paidCents: 7_200,
    refundedCents: 0,
    refundableCents: 7_200,
    storeCreditCents: 0,
    lines: [
      { product: 'Glass teapot 1.2 l', quantity: 1, unitCents: 4_800 },
      { product: 'Tea bowl, set of two', quantity: 2, unitCents: 1_200 },
    ],
    shipTo: { recipient: 'Ada Brandt', street: 'Lindenstraße 12', postalCode: '10969', city: 'Berlin', country: 'DE' },
    shipment: { carrier: 'DHL', tracking: 'JD014610420099', shippedOn: '2026-03-01', deliveredOn: '2026-03-03' },
    ticketIds: ['77'],
  });
});

test("another customer's order and ticket are not read, whatever the rules said", async () => {
  await assert.rejects(lookUpOrder.execute(aCall({ orderId: '1044' }), world.context()), /no order 1044/);
  await assert.rejects(lookUpOrder.execute(aCall({ orderId: '9999' }), world.context()), /no order 9999/);
  await assert.rejects(readTicket.execute(aCall({ ticketId: '78' }), world.context()), /no ticket 78/);
});

test('a ticket is read oldest message first, and what it returns is labelled untrusted', async () => {
  const ticket = await readTicket.execute(aCall({ ticketId: '77' }), world.context());
  assert.deepEqual([ticket.orderId, ticket.state, ticket.messages.length], ['1042', 'open', 3]);
  assert.equal(ticket.messages[0]?.sentAt, '2026-03-04T10:00:00.000Z');
  assert.equal(readTicket.trust, 'untrusted');
});

test('evidence of an own order says what it is, and of a foreign one nothing', async () => {
  const inspect = (orderId: string) => refund.inspect?.(aCall(money(1, orderId)), world.context());
  assert.deepEqual(await inspect('1042'), {
    asOfMs: NOW_MS,
    version: '1',
    subject: ADA.id,
    record: {
      orderId: '1042',
      state: 'delivered',
      currency: 'EUR',
      paidCents: 7_200,
      refundableCents: 7_200,
      storeCreditCents: 0,
      recentCreditCents: 0,
      deliveredDaysAgo: 12,
      country: 'DE',
    },
  });
  assert.deepEqual(await inspect('1044'), { asOfMs: NOW_MS, version: '', subject: '', record: {} });
  assert.deepEqual(await inspect('9999'), { asOfMs: NOW_MS, version: '', subject: '', record: {} });
  assert.equal((await inspect('1043'))?.record.deliveredDaysAgo, null);
});

test('evidence names every field that a precondition names', async () => {
  for (const tool of [refund, issueStoreCredit]) {
    const evidence = await tool.inspect?.(aCall(money(1)), world.context());
    for (const field of tool.preconditions) assert.ok(field in (evidence?.record ?? {}), `${tool.name}: ${field}`);
  }
  const evidence = await changeAddress.inspect?.(aCall(home()), world.context());
  for (const field of changeAddress.preconditions) assert.ok(field in (evidence?.record ?? {}), field);
});

test('a refund called twice with one key pays once', async () => {
  const expected = { orderId: '1042', refundedCents: 2_400, currency: 'EUR' };
  assert.deepEqual(await refund.execute(aCall(money(2_400)), world.context('k-1')), expected);
  assert.deepEqual(await refund.execute(aCall(money(2_400)), world.context('k-1')), expected);
  assert.deepEqual(await rows('select idempotency_key, amount_cents from shop.refunds'), [
    { idempotency_key: 'k-1', amount_cents: 2_400 },
  ]);
  const then = await refund.inspect?.(aCall(money(1)), world.context());
  assert.deepEqual([then?.record.refundableCents, then?.version], [4_800, '2']);
});

test('twenty refunds at once pay no more than was paid', async () => {
  const tries = Array.from({ length: 20 }, (_, at) => refund.execute(aCall(money(1_000)), world.context(`k-${at}`)));
  const ended = await Promise.allSettled(tries);
  assert.equal(ended.filter(({ status }) => status === 'fulfilled').length, 7);
  for (const end of ended) if (end.status === 'rejected') assert.ok(end.reason instanceof DidNotHappen);
  assert.deepEqual(await rows('select sum(amount_cents)::int as cents from shop.refunds'), [{ cents: 7_000 }]);
});

test('a refund of more than is left, or of a foreign order, certainly did not happen', async () => {
  await refund.execute(aCall(money(7_000)), world.context('k-1'));
  await assert.rejects(refund.execute(aCall(money(201)), world.context('k-2')), {
    name: 'DidNotHappen',
    message: 'only 2.00 EUR of order 1042 can still be refunded',
  });
  await assert.rejects(refund.execute(aCall(money(100, '1044')), world.context('k-3')), DidNotHappen);
  await assert.rejects(refund.execute(aCall(money(100), BEN), world.context('k-4')), DidNotHappen);
  assert.deepEqual(await rows('select idempotency_key from shop.refunds'), [{ idempotency_key: 'k-1' }]);
});

test('a refund in another currency than the payment certainly did not happen', async () => {
  await world.sql.query(`update shop.orders set currency = 'CHF' where id = '1042'`);
  await assert.rejects(refund.execute(aCall(money(100)), world.context()), DidNotHappen);
});

test('reconciling tells a refund that happened from one that did not', async () => {
  assert.deepEqual(await refund.reconcile?.(aCall(money(100)), world.context('k-1')), { kind: 'did_not_happen' });
  await refund.execute(aCall(money(100)), world.context('k-1'));
  assert.deepEqual(await refund.reconcile?.(aCall(money(100)), world.context('k-1')), {
    kind: 'happened',
    result: { orderId: '1042', refundedCents: 100, currency: 'EUR' },
  });
  assert.deepEqual(await refund.reconcile?.(aCall(money(100)), world.context('k-2')), { kind: 'did_not_happen' });
});

test('store credit called twice with one key is given once, and counts in the evidence', async () => {
  await issueStoreCredit.execute(aCall(money(1_500)), world.context('k-1'));
  await issueStoreCredit.execute(aCall(money(1_500)), world.context('k-1'));
  const evidence = await issueStoreCredit.inspect?.(aCall(money(1, '1041')), world.context());
  assert.deepEqual([evidence?.record.recentCreditCents, evidence?.record.storeCreditCents], [1_500, 0]);
  const later = await issueStoreCredit.inspect?.(aCall(money(1)), world.context('k', NOW_MS + 31 * 86_400_000));
  assert.deepEqual([later?.record.recentCreditCents, later?.record.storeCreditCents], [0, 1_500]);
  const result = { orderId: '1042', creditedCents: 1_500, currency: 'EUR' };
  const reconciled = await issueStoreCredit.reconcile?.(aCall(money(1_500)), world.context('k-1'));
  assert.deepEqual(reconciled, { kind: 'happened', result });
});

test('store credit for a foreign order, or beyond what was paid, certainly did not happen', async () => {
  await assert.rejects(issueStoreCredit.execute(aCall(money(100, '1044')), world.context('k-1')), DidNotHappen);
  await assert.rejects(issueStoreCredit.execute(aCall(money(7_201)), world.context('k-2')), DidNotHappen);
  const none = await issueStoreCredit.reconcile?.(aCall(money(7_201)), world.context('k-2'));
  assert.deepEqual(none, { kind: 'did_not_happen' });
  assert.deepEqual(await rows('select * from shop.store_credits'), []);
});

test('an address changes once per key, before shipping only, and the old one stays on file', async () => {
  const changed = { orderId: '1043', shipTo: 'Neue Straße 5, 10115 Berlin, DE' };
  assert.deepEqual(await changeAddress.reconcile?.(aCall(home()), world.context('k-1')), { kind: 'did_not_happen' });
  assert.deepEqual(await changeAddress.execute(aCall(home()), world.context('k-1')), changed);
  await world.sql.query(`update shop.orders set state = 'shipped' where id = '1043'`);
  assert.deepEqual(await changeAddress.execute(aCall(home()), world.context('k-1')), changed);
  await assert.rejects(changeAddress.execute(aCall(home()), world.context('k-2')), /is shipped/);
  assert.deepEqual(await changeAddress.reconcile?.(aCall(home()), world.context('k-1')), {
    kind: 'happened',
    result: changed,
  });
  const files = await rows(
    `select recipient, street from shop.addresses where customer_id = 'customer-ada' order by id`,
  );
  assert.deepEqual(files, [
    { recipient: 'Ada Brandt', street: 'Lindenstraße 12' },
    { recipient: 'Ada Brandt', street: 'Neue Straße 5' },
  ]);
  const { shipTo } = await lookUpOrder.execute(aCall({ orderId: '1043' }), world.context());
  assert.equal(shipTo?.street, 'Neue Straße 5');
});

test("another customer's address, and that of an order that has gone, stay as they are", async () => {
  await assert.rejects(changeAddress.execute(aCall(home(), BEN), world.context('k-1')), DidNotHappen);
  await assert.rejects(changeAddress.execute(aCall(home('1042')), world.context('k-2')), DidNotHappen);
  assert.deepEqual(await rows('select count(*)::int as n from shop.addresses'), [{ n: 4 }]);
});

test('a handover keeps its reason, once, and makes the agent quiet', async () => {
  const call = aCall({ reason: 'asks for a person' });
  assert.deepEqual(await handOver.reconcile?.(call, world.context('k-1')), { kind: 'did_not_happen' });
  await handOver.execute(call, world.context('k-1'));
  await handOver.execute(call, world.context('k-1'));
  assert.deepEqual(await rows('select customer_id, conversation_id, reason from shop.handovers'), [
    { customer_id: ADA.id, conversation_id: 'c-1', reason: 'asks for a person' },
  ]);
  assert.equal((await handOver.reconcile?.(call, world.context('k-1')))?.kind, 'happened');
  assert.equal(handOver.then, 'handover');
});

test('inputs that are wrong, too large or carry unseen characters are no proposal', () => {
  const bad: readonly [{ readonly input: { safeParse(value: unknown): { success: boolean } } }, object][] = [
    [refund, { ...money(1), amountCents: 0 }],
    [refund, { ...money(1), amountCents: 10.5 }],
    [refund, { ...money(1), amountCents: '7200' }],
    [refund, { ...money(1), amountCents: 1_000_001 }],
    [refund, { ...money(1), currency: 'USD' }],
    [refund, { ...money(1), orderId: "1042' or 1=1" }],
    [refund, { ...money(1), reason: 'fine\u202e001 ecnanif' }],
    [refund, { ...money(1), reason: '   ' }],
    [refund, { ...money(1), approved: true }],
    [changeAddress, { ...home(), street: 'a\nb' }],
    [changeAddress, { ...home(), country: 'Germany' }],
    [lookUpOrders, { customer: 'customer-ben' }],
  ];
  for (const [tool, input] of bad) assert.equal(tool.input.safeParse(input).success, false, JSON.stringify(input));
  assert.equal(refund.input.safeParse(money(7_200)).success, true);
  assert.equal(refund.summarize(money(7_200)), 'refund order 1042 · 72.00 EUR');
});
