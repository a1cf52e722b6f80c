// The code of the support desk's procedure, against steps that answer as its tools do.
import { deepEqual, equal, match } from 'node:assert/strict';
import { test } from 'node:test';
import type { Steps } from 'countersign/workflows';
import refundOrder from '../../agents/support-desk/procedures/refund-order.ts';

const NOW_MS = Date.parse('2026-11-20T12:00:00Z');
const ORDER = {
  ...{ state: 'delivered', currency: 'EUR', refundableCents: 7_200, ticketIds: ['77'] },
  shipment: { deliveredOn: '2026-11-10' },
};
const ANSWERS: Readonly<Record<string, unknown>> = {
  look_up_order: ORDER,
  look_up_orders: { customer: { email: 'ada@example.com' } },
  read_ticket: { state: 'open' },
  set_ticket_state: {},
  send_mail: {},
};

/** What it asks for, in order, where the refund comes to this. */
async function stepsOver(paid: object) {
  const asked: { readonly name: string; readonly args: object }[] = [];
  const steps: Steps = {
    async do<Result>(name: string, tool: string, args: object) {
      asked.push({ name, args });
      return (tool === 'refund' ? paid : ANSWERS[tool]) as Result;
    },
    undo: (name, _tool, args) => void asked.push({ name, args }),
    now: () => NOW_MS,
    sleep: async () => undefined,
  };
  const code: { run(input: { orderId: string; reason: string }, with_: Steps): Promise<unknown> } = refundOrder;
  const result = await code.run({ orderId: '1042', reason: 'it is torn' }, steps);
  return { asked, result };
}

test('a refund that an approver has changed is told as it was paid, in the mail and to the model', async () => {
  const { asked, result } = await stepsOver({ orderId: '1042', refundedCents: 5_000, currency: 'EUR' });
  const mail = asked.find(({ name }) => name === 'mail')?.args;
  match(JSON.stringify(mail), /we have refunded 50\.00 EUR of your order 1042/);
  deepEqual(result, { orderId: '1042', refunded: '50.00 EUR', closedTickets: ['77'] });
  const names = ['find', 'customer', 'read-ticket-77', 'close-ticket-77', 'reopen-ticket-77', 'pay', 'mail'];
  deepEqual(
    asked.map(({ name }) => name),
    names,
  );
  equal(JSON.stringify(asked.find(({ name }) => name === 'pay')?.args).includes('7200'), true);
});
