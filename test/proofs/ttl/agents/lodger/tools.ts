// Tools into whose arguments, results, evidence and errors anything can be written. May import countersign, zod and the
// prover's far side.
import { defineTool, type ToolContext } from 'countersign';
import { z } from 'zod';
import { ask, effect } from '../../../agents/prover/far-side.ts';

// 3 s: the far side answers in milliseconds.
const far = { version: '1', egress: false, timeoutMs: 3_000, trust: 'record' } as const;
const writes = { ...far, scopes: ['far:write'], critical: ['order'] } as const;
const input = z.strictObject({ order: z.int(), memo: z.string().max(200) });

/** How a memo begins that no rule lets through, and a record that no tool can read. */
export const DENIED = 'denied-';
const BROKEN = 'broken-';

export const look = defineTool({
  ...{ ...far, name: 'look', effect: 'read', idempotent: true, scopes: ['far:read'], critical: [] },
  description: 'Read an order',
  input: z.strictObject({ order: z.int() }),
  execute: async ({ input: { order } }, context) => {
    const found = await record(order, context);
    if (found.state.startsWith(BROKEN)) throw new Error(`the record cannot be read: ${found.state}`);
    return found;
  },
});

export const note = defineTool({
  ...{ ...writes, name: 'note', effect: 'write', idempotent: true, input },
  description: 'Note something on an order',
  execute: ({ input: args }, context) => effect('effects/note', args, context),
});

export const pay = defineTool({
  ...{ ...writes, name: 'pay', effect: 'irreversible', idempotent: true, input },
  description: 'Pay money out for an order',
  summarize: ({ order, memo }) => `pay for order ${order}: ${memo}`,
  inspect: async ({ input: { order }, principal }, context) => {
    return { asOfMs: context.nowMs, version: '1', subject: principal.id, record: await record(order, context) };
  },
  execute: ({ input: args }, context) => effect('effects/pay', args, context),
});

/** Does it, and is then told that something went wrong: whether it happened is unknown. */
export const fumble = defineTool({
  ...{ ...writes, name: 'fumble', effect: 'irreversible', idempotent: false, input },
  description: 'Do something that nobody can be sure of',
  execute: ({ input: args }, context) => effect('breaks/fumble', args, context),
});

async function record(order: number, context: ToolContext): Promise<{ order: number; state: string }> {
  const response = await ask(`/records/${order}`, context);
  if (!response.ok) throw new Error(`the far side answers ${response.status}`);
  return z.object({ order: z.int(), state: z.string() }).parse(await response.json());
}
