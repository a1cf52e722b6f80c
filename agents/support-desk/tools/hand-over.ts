// Write: a person of the team takes the conversation over. The agent keeps quiet until that person answers or hands
// back. May import countersign and this folder.
import { defineTool } from 'countersign';
import { z } from 'zod';
import { reason } from '../inputs.ts';
import { customerText } from '../orders.ts';
import { shopOf } from '../shop.ts';

const input = z.strictObject({ reason });

export const handOver = defineTool<z.infer<typeof input>, { handedOver: true }>({
  name: 'hand_over',
  version: '1',
  description:
    'Hand the conversation to a person of the support team: when the requester asks for one, is upset, or needs ' +
    'what no tool does. You keep quiet after it.',
  input,
  effect: 'write',
  idempotent: true,
  egress: false,
  critical: [],
  scopes: ['shop:handover'],
  trust: 'record',
  then: 'handover',
  summarize: () => 'hand the conversation to a person',
  forWhom: (_why, customer) => customerText(customer),
  execute: async (call, context) => {
    await shopOf(context).query(
      `insert into shop.handovers (idempotency_key, customer_id, conversation_id, reason, created_at)
       values ($1, $2, $3, $4, to_timestamp($5::float8 / 1000)) on conflict (idempotency_key) do nothing`,
      [context.idempotencyKey, call.principal.id, call.conversationId, call.input.reason, context.nowMs],
    );
    return { handedOver: true };
  },
  reconcile: async (_call, context) => {
    const rows = await shopOf(context).query('select 1 from shop.handovers where idempotency_key = $1', [
      context.idempotencyKey,
    ]);
    return rows.length === 0 ? { kind: 'did_not_happen' } : { kind: 'happened', result: { handedOver: true } };
  },
});
