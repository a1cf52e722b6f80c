// Tools over the far side of the proofs, one for each way in which a far side can be: it honours keys, it can only be
// asked, or neither. Its address is a secret of the actor's environment. May import countersign, zod.
import { defineTool, type ToolContext } from 'countersign';
import { z } from 'zod';
import { ask, effect } from './far-side.ts';

export const input = z.strictObject({ order: z.int(), cents: z.int().min(1) });
export type Input = z.output<typeof input>;
export const base = { version: '1', input, egress: false, critical: ['order', 'cents'], trust: 'record' } as const;
// 3 s: the far side answers in milliseconds; a proof that waits for a time-out must not wait long.
const TIMEOUT_MS = 3_000;
const far = { ...base, timeoutMs: TIMEOUT_MS, scopes: ['far:write'] } as const;

export const look = defineTool({
  ...base,
  name: 'look',
  description: 'Read an order',
  effect: 'read',
  idempotent: true,
  scopes: ['far:read'],
  execute: ({ input: { order } }, context) => record(order, context),
});

export const note = defineTool({
  ...far,
  name: 'note',
  description: 'Note something on an order; the far side honours the key',
  effect: 'write',
  idempotent: true,
  execute: ({ input: args }, context) => effect('effects/note', args, context),
});

export const pay = defineTool({
  ...far,
  name: 'pay',
  description: 'Pay money out for an order; the far side honours the key, and can be asked',
  effect: 'irreversible',
  idempotent: true,
  preconditions: ['state'],
  summarize: ({ order, cents }) => `pay ${cents} cents for order ${order}`,
  inspect: async ({ input: { order }, principal }, context) => {
    const found = await record(order, context);
    return { asOfMs: context.nowMs, version: '1', subject: principal.id, record: found };
  },
  execute: ({ input: args }, context) => effect('effects/pay', args, context),
  reconcile: (_call, context) => asked(context),
});

export const send = defineTool({
  ...far,
  name: 'send',
  description: 'Send something for an order; the far side repeats what it is told, and can be asked',
  effect: 'irreversible',
  idempotent: false,
  execute: ({ input: args }, context) => effect('repeats/send', args, context),
  reconcile: (_call, context) => asked(context),
});

export const shout = defineTool({
  ...far,
  name: 'shout',
  description: 'Shout something about an order; the far side repeats what it is told, and tells nobody',
  effect: 'irreversible',
  idempotent: false,
  execute: ({ input: args }, context) => effect('repeats/shout', args, context),
});

async function record(order: number, context: ToolContext): Promise<{ order: number; state: string }> {
  const response = await ask(`/records/${order}`, context);
  if (!response.ok) throw new Error(`the far side answers ${response.status}`);
  return z.object({ order: z.int(), state: z.string() }).parse(await response.json());
}

async function asked(context: ToolContext) {
  const response = await ask(`/effects/${encodeURIComponent(context.idempotencyKey)}`, context);
  if (response.status === 404) return { kind: 'did_not_happen' } as const;
  return response.ok ? ({ kind: 'happened', result: { done: true } } as const) : ({ kind: 'unknown' } as const);
}
