// The agent of the proof `approvals`: whatever it does must be approved. May import countersign, zod and this folder.
import { allow, ask, defineAgent, procedure, rule } from 'countersign';
import { z } from 'zod';
import type { Settlement } from './procedures/settle.ts';
import {
  file,
  fumble,
  getReport,
  input,
  look,
  transfer,
  transferNobody,
  transferSoon,
  transferTwo,
  transferUp,
} from './tools.ts';

// 8 s: long enough that people decide on a busy machine, short enough to wait for.
const SOON_MS = 8_000;
// 12 s before the lead may decide: what is tried before must come before.
const LEAD_AFTER_MS = 12_000;

const settle = procedure<Settlement>({
  name: 'settle',
  version: '1',
  description: 'Move some sums, one after the other',
  // 5: more than a case has.
  input: z.strictObject({
    moves: z.array(input.extend({ tool: z.enum(['transfer', 'transfer_two', 'fumble']) })).max(5),
  }),
  critical: ['moves'],
  summarize: ({ moves }) => `settle ${moves.length}`,
});

export default defineAgent({
  name: 'petitioner',
  owner: 'otto',
  team: 'support',
  purpose: 'Wants approvals, by whatever means.',
  instructions: 'You are the agent of a proof.',
  models: ['model-of-the-proofs'],
  tools: [transfer, transferTwo, transferSoon, transferUp, transferNobody, getReport, file, fumble, look],
  procedures: [settle],
  systems: [{ kind: 'secrets', name: 'far', secrets: ['PROOF_FAR_SIDE_URL'] }],
  rules: [
    rule('look', look, () => allow()),
    rule('transfer', transfer, () => ask({ group: 'desk' })),
    rule('two', transferTwo, () => ask({ group: 'desk', quorum: 2 })),
    rule('soon', transferSoon, () => ask({ group: 'desk', withinMs: SOON_MS })),
    rule('up', transferUp, () => ask({ group: 'desk', escalation: [{ group: 'leads', afterMs: LEAD_AFTER_MS }] })),
    rule('nobody', transferNobody, () => ask({ group: 'idle' })),
    rule('file', file, () => ask({ group: 'desk' })),
    rule('fumble', fumble, () => ask({ group: 'desk' })),
  ],
});
