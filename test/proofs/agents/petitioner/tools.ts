// Tools that ask people in every way there is: one person, two, soon, with a group to come, or nobody. All send their very
// arguments to the far side of the proofs, which keeps them. May import countersign, zod and the prover's system beside it.
import { defineTool } from 'countersign';
import { z } from 'zod';
import { ask, effect } from '../prover/far-side.ts';

// 3 s: the far side answers in milliseconds.
const far = { version: '1', egress: false, timeoutMs: 3_000, scopes: ['far:write'], trust: 'record' } as const;
const acts = { ...far, effect: 'irreversible', idempotent: true } as const;

// 12,000 characters: a memo that no card of any channel shows whole, and the page does.
export const input = z.strictObject({ to: z.string().max(2_000), cents: z.int().min(1), memo: z.string().max(12_000) });
type Input = z.output<typeof input>;

const moving = (name: string) =>
  defineTool({
    ...acts,
    name,
    description: 'Move money to somebody',
    input,
    critical: ['to', 'cents'],
    summarize: ({ to, cents }: Input) => `move ${cents} cents to ${to}`,
    execute: ({ input: args }, context) => effect(`effects/${name}`, args, context),
  });

export const transfer = moving('transfer');
/** Two must approve. */
export const transferTwo = moving('transfer_two');
/** Within seconds. */
export const transferSoon = moving('transfer_soon');
/** The lead may decide too, after a while. */
export const transferUp = moving('transfer_up');
/** A group asks that has nobody in it. */
export const transferNobody = moving('transfer_nobody');
/** Reads like a read, and sends; no rule is about it. */
export const getReport = moving('get_report');

/** Takes any JSON that there is. */
export const file = defineTool({
  ...acts,
  name: 'file',
  description: 'File a form of any kind',
  input: z.strictObject({ to: z.string(), amount: z.number(), form: z.record(z.string(), z.json()) }),
  critical: ['to', 'amount'],
  forWhom: ({ to }) => to,
  execute: ({ input: args }, context) => effect('effects/file', args, context),
});

/** Does it, and is then told that something went wrong: whether it happened is unknown. */
export const fumble = defineTool({
  ...far,
  name: 'fumble',
  description: 'Do something that nobody can be sure of',
  effect: 'irreversible',
  idempotent: false,
  input,
  critical: ['to', 'cents'],
  execute: ({ input: args }, context) => effect('breaks/fumble', args, context),
});

export const look = defineTool({
  ...{ version: '1', egress: false, trust: 'untrusted', timeoutMs: 3_000, scopes: ['far:read'] },
  name: 'look',
  description: 'Read what somebody wrote',
  effect: 'read',
  idempotent: true,
  input: z.strictObject({ order: z.int() }),
  critical: [],
  execute: async ({ input: { order } }, context) => {
    const response = await ask(`/records/${order}`, context);
    return z.object({ order: z.int(), state: z.string() }).parse(await response.json());
  },
});
