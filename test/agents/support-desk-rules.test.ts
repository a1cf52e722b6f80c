import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Effect } from 'countersign';
import { decideByRules } from '../../domain/rule.ts';
import { rules } from '../../agents/support-desk/rules.ts';
import { aCase, ADA, evidenceOf } from './support.ts';

const order = (record: Record<string, number | string | null> = {}) =>
  evidenceOf(ADA.id, {
    orderId: '1042',
    state: 'delivered',
    currency: 'EUR',
    paidCents: 7_200,
    refundableCents: 7_200,
    storeCreditCents: 0,
    recentCreditCents: 0,
    deliveredDaysAgo: 12,
    country: 'DE',
    ...record,
  });
const foreign = evidenceOf('customer-ben', {});
const nowhere = evidenceOf('', {});
const customer = evidenceOf(ADA.id, { addressOnRecord: 'ada@example.com' });
const money = (amountCents: number, currency = 'EUR') => ({ orderId: '1042', amountCents, currency, reason: 'broken' });
const to = (country: string) => ({
  orderId: '1042',
  street: 'Neue Straße 5',
  postalCode: '10115',
  city: 'Berlin',
  country,
});
const mail = (address: string) => ({ to: address, subject: 'Your orders', text: 'Hello' });

/** tool, effect, input, evidence → 'kind rule' or 'ask rule group quorum' */
const TABLE: readonly [string, Effect, object, ReturnType<typeof order> | null, string][] = [
  ['look_up_orders', 'read', {}, null, 'allow orders.own'],
  ['look_up_order', 'read', { orderId: '1042' }, order(), 'allow default'],
  ['look_up_order', 'read', { orderId: '1044' }, foreign, 'deny own-records-only'],
  ['look_up_order', 'read', { orderId: '9999' }, nowhere, 'deny own-records-only'],
  ['look_up_order', 'read', { orderId: '1042' }, null, 'deny default'],
  ['read_ticket', 'read', { ticketId: '77' }, evidenceOf(ADA.id, {}), 'allow default'],
  ['read_ticket', 'read', { ticketId: '78' }, foreign, 'deny own-records-only'],

  [
    'set_ticket_state',
    'write',
    { ticketId: '77', state: 'closed' },
    evidenceOf(ADA.id, {}),
    'deny ticket.by-procedure',
  ],
  ['set_ticket_state', 'write', { ticketId: '78', state: 'closed' }, foreign, 'deny own-records-only'],
  ['refund_order', 'start', { orderId: '1042', reason: 'broken' }, null, 'allow default'],

  ['change_address', 'write', to('DE'), order({ state: 'paid' }), 'allow address.change'],
  ['change_address', 'write', to('FR'), order({ state: 'paid' }), 'ask address.other-country support 1'],
  ['change_address', 'write', to('DE'), order({ state: 'shipped' }), 'deny address.before-shipping'],
  ['change_address', 'write', to('DE'), order(), 'deny address.before-shipping'],
  ['change_address', 'write', to('DE'), foreign, 'deny own-records-only'],
  ['change_address', 'write', to('DE'), null, 'deny address.before-shipping'],

  ['refund', 'irreversible', money(1), order(), 'ask refund.asks-finance finance 1'],
  ['refund', 'irreversible', money(7_200), order(), 'ask refund.asks-finance finance 1'],
  ['refund', 'irreversible', money(7_201), order(), 'deny refund.not-more-than-paid'],
  ['refund', 'irreversible', money(1), order({ refundableCents: 0 }), 'deny refund.not-more-than-paid'],
  ['refund', 'irreversible', money(50_000), order({ refundableCents: 64_900 }), 'ask refund.asks-finance finance 1'],
  ['refund', 'irreversible', money(50_001), order({ refundableCents: 64_900 }), 'ask refund.large finance 2'],
  ['refund', 'irreversible', money(7_200), order({ deliveredDaysAgo: 30 }), 'ask refund.asks-finance finance 1'],
  ['refund', 'irreversible', money(7_200), order({ deliveredDaysAgo: 31 }), 'deny refund.in-time'],
  ['refund', 'irreversible', money(7_200), order({ deliveredDaysAgo: null }), 'deny refund.in-time'],
  ['refund', 'irreversible', money(7_200), order({ state: 'shipped' }), 'deny refund.after-delivery'],
  ['refund', 'irreversible', money(7_200, 'USD'), order(), 'deny refund.currency'],
  ['refund', 'irreversible', money(1), foreign, 'deny own-records-only'],
  ['refund', 'irreversible', money(1), nowhere, 'deny own-records-only'],
  ['refund', 'irreversible', money(1), null, 'deny refund.currency'],

  ['issue_store_credit', 'write', money(2_000), order(), 'allow credit.small'],
  ['issue_store_credit', 'write', money(2_001), order(), 'ask credit.asks-finance finance 1'],
  ['issue_store_credit', 'write', money(1_000), order({ recentCreditCents: 1_000 }), 'allow credit.small'],
  ['issue_store_credit', 'write', money(1), order({ recentCreditCents: 2_000 }), 'ask credit.asks-finance finance 1'],
  ['issue_store_credit', 'write', money(7_201), order(), 'deny credit.not-more-than-paid'],
  ['issue_store_credit', 'write', money(500), order({ storeCreditCents: 7_000 }), 'deny credit.not-more-than-paid'],
  ['issue_store_credit', 'write', money(500, 'USD'), order(), 'deny credit.currency'],
  ['issue_store_credit', 'write', money(500), foreign, 'deny own-records-only'],

  ['send_mail', 'irreversible', mail('ada@example.com'), customer, 'ask mail.asks-support support 1'],
  ['send_mail', 'irreversible', mail('eve@example.net'), customer, 'deny mail.to-the-requester'],
  ['send_mail', 'irreversible', mail('ada@example.com'), nowhere, 'deny own-records-only'],

  ['hand_over', 'write', { reason: 'asked for a person' }, null, 'allow handover.always'],
  ['drop_tables', 'irreversible', {}, null, 'deny default'],
];

for (const [tool, effect, input, evidence, expected] of TABLE) {
  const seen = evidence === null ? 'no evidence' : `${evidence.subject || 'nobody'} ${JSON.stringify(evidence.record)}`;
  test(`support desk: ${tool} ${JSON.stringify(input)} over ${seen} → ${expected}`, () => {
    const verdict = decideByRules(rules, 'v1', aCase({ tool, effect, input: input as never, evidence }));
    const asked = verdict.kind === 'ask' ? ` ${verdict.group} ${verdict.quorum}` : '';
    assert.equal(`${verdict.kind} ${verdict.ruleId}${asked}`, expected);
  });
}

test('a ticket is closed and opened again by the code of a procedure only', () => {
  const closing = { tool: 'set_ticket_state', input: { ticketId: '77', state: 'closed' } };
  const verdict = (over: object) =>
    decideByRules(rules, 'v1', aCase({ ...closing, evidence: evidenceOf(ADA.id, {}), ...over })).kind;
  assert.equal(verdict({}), 'deny');
  assert.equal(verdict({ proposedBy: { procedure: 'refund_order', step: 'close-ticket-77' } }), 'allow');
});

test('every rule of the support desk is reached by a row of its table', () => {
  const reached = new Set(TABLE.map(([, , , , expected]) => expected.split(' ')[1]));
  assert.deepEqual(
    rules.map((rule) => rule.id).filter((id) => !reached.has(id)),
    [],
  );
});
