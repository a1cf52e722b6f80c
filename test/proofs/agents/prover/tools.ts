// Tools over the far side of the proofs, which speaks HTTP and honours idempotency keys. Its address is a secret of the
// actor's environment. May import countersign, zod.
import { defineTool, type ToolContext } from 'countersign';
import { z } from 'zod';

const input = z.strictObject({ order: z.int(), cents: z.int().min(1) });
type Input = z.output<typeof input>;
const base = { version: '1', input, egress: false, critical: ['order', 'cents'] } as const;

export const look = defineTool({
  ...base,
  name: 'look',
  description: 'Read an order',
  effect: 'read',
  idempotent: true,
  scopes: ['far:read'],
  trust: 'record',
  execute: ({ input: { order } }, context) => record(order, context),
});

export const note = defineTool({
  ...base,
  name: 'note',
  description: 'Note something on an order',
  effect: 'write',
  idempotent: true,
  scopes: ['far:write'],
  trust: 'record',
  execute: ({ input: args }, context) => effect('note', args, context),
});

export const pay = defineTool({
  ...base,
  name: 'pay',
  description: 'Pay money out for an order',
  effect: 'irreversible',
  idempotent: true,
  scopes: ['far:write'],
  trust: 'record',
  preconditions: ['state'],
  summarize: ({ order, cents }) => `pay ${cents} cents for order ${order}`,
  inspect: async ({ input: { order }, principal }, context) => {
    const found = await record(order, context);
    return { asOfMs: context.nowMs, version: '1', subject: principal.id, record: found };
  },
  execute: ({ input: args }, context) => effect('pay', args, context),
  reconcile: async (_call, context) => {
    const response = await ask(`/effects/${encodeURIComponent(context.idempotencyKey)}`, context);
    if (response.status === 404) return { kind: 'did_not_happen' };
    return response.ok ? { kind: 'happened', result: { done: true } } : { kind: 'unknown' };
  },
});

function ask(path: string, { access, signal }: ToolContext, init: RequestInit = {}): Promise<Response> {
  const url = access.secret('PROOF_FAR_SIDE_URL');
  if (url === undefined) throw new Error('PROOF_FAR_SIDE_URL is not set; the rig sets it');
  return fetch(new URL(path, url), { ...init, signal });
}

async function record(order: number, context: ToolContext): Promise<{ order: number; state: string }> {
  const response = await ask(`/records/${order}`, context);
  if (!response.ok) throw new Error(`the far side answers ${response.status}`);
  return z.object({ order: z.int(), state: z.string() }).parse(await response.json());
}

async function effect(tool: string, args: Input, context: ToolContext): Promise<{ done: boolean }> {
  const response = await ask(`/effects/${tool}`, context, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'idempotency-key': context.idempotencyKey },
    body: JSON.stringify(args),
  });
  if (!response.ok) throw new Error(`the far side answers ${response.status}`);
  await response.arrayBuffer();
  return { done: true };
}
