// The test agent with a procedure, whose code is in agents/tester: what it does is its input, so each test says it in place.
import { join } from 'node:path';
import { z } from 'zod';
import { ask, defineAgent, deny, procedure, rule } from 'countersign';
import { findProcedures } from '../../workers/procedures.ts';
import type { ErrandInput } from './agents/tester/procedures/errand.ts';
import { createTestAgent, type FarSide } from './far-side.ts';
import { ROOT } from './sources.ts';
import { obedient, type Script } from './system.ts';

export const errand = procedure<ErrandInput>({
  name: 'errand',
  version: '1',
  description: 'do what the plan lists',
  input: z.strictObject({ order: z.int(), plan: z.array(z.string()) }),
  critical: ['order'],
  summarize: ({ order, plan }) => `errand ${order} of ${plan.length} lines`,
});

/** Its start is denied for the order 66, and asked of finance for 13; only a step may note 99. */
export function createErrandAgent(far: FarSide) {
  const agent = createTestAgent(far);
  return defineAgent({
    ...agent,
    procedures: [errand],
    rules: [
      rule('errand.never', errand, ({ input: { order } }) => (order === 66 ? deny('not this one') : undefined)),
      rule('errand.asks', errand, ({ input: { order } }) => (order === 13 ? ask({ group: 'finance' }) : undefined)),
      rule('note.steps-only', ({ tool, input, proposedBy }) =>
        tool === 'note' && input['cents'] === 99 && proposedBy === undefined ? deny('only a procedure may') : undefined,
      ),
      ...agent.rules,
    ],
  });
}

export const errandCode = () => findProcedures(join(ROOT, 'test/support/agents'));

/**
 * A message "errand ORDER: LINE; LINE" starts it, and " && note CENTS" calls for that behind it; "call NAME" calls that, and
 * "calls JSON" calls all of these at once.
 */
export const errands: Script = (request) => {
  const last = request.transcript.at(-1);
  if (last?.kind !== 'message' || request.toolChoice === 'none') return obedient(request);
  const called = /^call (\S+)$/.exec(last.text)?.[1];
  if (called !== undefined) return [[called, { order: 1, cents: 1 }]];
  const raw = /^calls (.*)$/.exec(last.text)?.[1];
  if (raw !== undefined) return JSON.parse(raw) as readonly (readonly [string, object])[];
  const [, order, lines, cents] = /^errand (\d+): (.*?)(?: && note (\d+))?$/.exec(last.text) ?? [];
  if (order === undefined || lines === undefined) return obedient(request);
  const start = ['errand', { order: Number(order), plan: lines.split('; ') }] as const;
  return cents === undefined ? [start] : [start, ['note', { order: 1, cents: Number(cents) }]];
};
