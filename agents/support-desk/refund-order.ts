// What the model may start: the refund of an order, from its check to the mail. Its code, which the model cannot steer, is
// procedures/refund-order.ts. May import countersign and this folder.
import { procedure } from 'countersign';
import { z } from 'zod';
import { orderId, reason } from './inputs.ts';
import type { RefundOrder } from './procedures/refund-order.ts';

export const refundOrder = procedure<RefundOrder>({
  name: 'refund_order',
  version: '1',
  description:
    'Refund all that is left of one delivered order of the requester, close its tickets, and tell them by mail. ' +
    'Takes as long as people in finance and support need to decide; say so.',
  input: z.strictObject({ orderId, reason }),
  critical: ['orderId'],
  summarize: (what) => `refund what is left of order ${what.orderId}, and tell the customer`,
});
