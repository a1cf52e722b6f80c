// The agent of the measures: it reads pages of four kilobytes, writes notes that are allowed, and pays what people are asked
// about. May import countersign, zod, this folder and the tools of the agent of the proofs.
import { allow, ask, defineAgent, defineTool, rule } from 'countersign';
import { effect } from '../../../../test/proofs/agents/prover/far-side.ts';
import { base, pay } from '../../../../test/proofs/agents/prover/tools.ts';
import { pageText } from './page.ts';

// No budget may end a measure.
const ENOUGH_OF_A_DAY = {
  modelCalls: 1_000_000,
  toolCalls: 10_000_000,
  tokens: 10_000_000_000,
  microUsd: 1_000_000_000_000,
};

/** Its number is what the model of the proofs calls cents. */
const page = defineTool({
  ...base,
  name: 'page',
  description: 'Read one page',
  effect: 'read',
  idempotent: true,
  scopes: [],
  execute: async ({ input: { cents: nth } }) => ({ page: nth, text: pageText(nth) }),
});

// 60 s: as long as any tool may take. A measure holds it up while another process starts beside the one that has it in hand.
const HELD_UP_MS = 60_000;

const note = defineTool({
  ...base,
  name: 'note',
  description: 'Note something on an order; the far side honours the key',
  effect: 'write',
  idempotent: true,
  scopes: ['far:write'],
  timeoutMs: HELD_UP_MS,
  execute: ({ input }, context) => effect('effects/note', input, context),
});

export default defineAgent({
  name: 'reader',
  owner: 'olga',
  team: 'support',
  purpose: 'Is measured: one of each kind of turn.',
  instructions: 'You are the agent of a measure.',
  models: ['model-of-the-proofs'],
  tools: [page, note, pay],
  systems: [{ kind: 'secrets', name: 'far', secrets: ['PROOF_FAR_SIDE_URL'] }],
  rules: [
    rule('page', page, () => allow()),
    rule('note', note, () => allow()),
    rule('pay', pay, () => ask({ group: 'finance' })),
  ],
  // 13,000 tokens: four pages or five, so that turn 10 is shown as much as any later one.
  limits: { maxPromptTokens: 13_000 },
  budgets: { conversation: ENOUGH_OF_A_DAY, principalPerDay: ENOUGH_OF_A_DAY, agentPerDay: ENOUGH_OF_A_DAY },
});
