// The agent of the proof `flat`: it reads leaves of four kilobytes, and now and then notes something. Its limits let one
// turn make a hundred calls. May import countersign, zod, this folder and the tools of the agent of the proofs.
import { allow, defineAgent, defineTool, rule } from 'countersign';
import { z } from 'zod';
import { note } from '../../../agents/prover/tools.ts';
import { numbersFor } from '../../numbers.ts';

const LEAF_CHARS = 4_096;
// 13,000 tokens: what is left of them, once room was made, is more than 8,000.
const PROMPT_TOKENS = 13_000;
// 1,000 calls: no budget may end a turn of the proof, nor a limit of a turn.
const ENOUGH = 1_000;
const ENOUGH_OF_A_DAY = {
  modelCalls: 1_000_000,
  toolCalls: 10_000_000,
  tokens: 10_000_000_000,
  microUsd: 1_000_000_000_000,
};

const leaf = defineTool({
  name: 'leaf',
  version: '1',
  description: 'Read one leaf',
  input: z.strictObject({ leaf: z.int().min(1) }),
  effect: 'read',
  idempotent: true,
  egress: false,
  critical: [],
  scopes: [],
  trust: 'record',
  execute: async ({ input }) => ({ leaf: input.leaf, text: numbersFor(input.leaf, LEAF_CHARS) }),
});

export default defineAgent({
  name: 'reader',
  owner: 'olga',
  team: 'support',
  purpose: 'Reads for as long as anybody likes, and must not become dearer by it.',
  instructions: 'You are the agent of a proof.',
  models: ['model-of-the-proofs'],
  tools: [leaf, note],
  systems: [{ kind: 'secrets', name: 'far', secrets: ['PROOF_FAR_SIDE_URL'] }],
  rules: [rule('leaf', leaf, () => allow()), rule('note', note, () => allow())],
  limits: {
    toolCallsPerTurn: ENOUGH,
    tokensPerTurn: ENOUGH * PROMPT_TOKENS,
    maxPromptTokens: PROMPT_TOKENS,
  },
  budgets: { conversation: ENOUGH_OF_A_DAY, principalPerDay: ENOUGH_OF_A_DAY, agentPerDay: ENOUGH_OF_A_DAY },
});
