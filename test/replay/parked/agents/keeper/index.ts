// The agent of the parked state folders. Its tools are what people were shown by an older build: a tool that is declared
// otherwise is asked about anew, so this file is never changed. May import countersign and zod.
import { allow, ask, defineAgent, defineTool, rule, type ToolContext } from 'countersign';
import { z } from 'zod';

const FAR_SIDE = 'PARKED_FAR_SIDE_URL';
// As today's rules may say; the build that parks is made to wait for decades instead (see ../../park.ts).
const WITHIN_MS = 86_400_000;
// From 500.00 on two people must agree.
const BOTH_FROM_CENTS = 50_000;

const input = z.strictObject({ order: z.int(), cents: z.int().min(1) });
const base = {
  version: '1',
  input,
  egress: false,
  critical: ['order', 'cents'],
  trust: 'record',
  timeoutMs: 5_000,
  scopes: ['far:write'],
  idempotent: true,
} as const;

const note = defineTool({
  ...base,
  name: 'note',
  description: 'Note something on an order',
  effect: 'write',
  execute: ({ input: args }, context) => effect('note', args, context),
});

const pay = defineTool({
  ...base,
  name: 'pay',
  description: 'Pay money out for an order',
  effect: 'irreversible',
  preconditions: ['state'],
  summarize: ({ order, cents }) => `pay ${cents} cents for order ${order}`,
  inspect: async ({ input: { order }, principal }, context) => {
    const record = z.object({ order: z.int(), state: z.string() }).parse(await spoken(`records/${order}`, context));
    return { asOfMs: context.nowMs, version: '1', subject: principal.id, record };
  },
  execute: ({ input: args }, context) => effect('pay', args, context),
});

export default defineAgent({
  name: 'keeper',
  owner: 'olga',
  team: 'support',
  purpose: 'Waits for people while the code under it is replaced.',
  instructions: 'You are the agent of a test.',
  models: ['model-of-the-proofs'],
  tools: [note, pay],
  systems: [{ kind: 'secrets', name: 'far', secrets: [FAR_SIDE] }],
  rules: [
    rule('note', note, () => allow()),
    rule('pay', pay, ({ input: { cents } }) =>
      ask({ group: 'finance', quorum: cents >= BOTH_FROM_CENTS ? 2 : 1, withinMs: WITHIN_MS }),
    ),
  ],
});

async function effect(name: string, args: z.output<typeof input>, context: ToolContext): Promise<{ done: boolean }> {
  await spoken(`effects/${name}`, context, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'idempotency-key': context.idempotencyKey },
    body: JSON.stringify(args),
  });
  return { done: true };
}

async function spoken(path: string, { access, signal }: ToolContext, init: RequestInit = {}): Promise<unknown> {
  const url = access.secret(FAR_SIDE);
  if (url === undefined) throw new Error(`${FAR_SIDE} is not set; the test sets it`);
  const response = await fetch(new URL(`/${path}`, url), { ...init, signal });
  if (!response.ok) throw new Error(`the far side answers ${response.status}`);
  return response.json();
}
