import { deepEqual, equal } from 'node:assert/strict';
import { test } from 'node:test';
import { defineTool } from 'countersign';
import { z } from 'zod';
import { declarationsOf } from '../../activities/declaration.ts';
import type { WorkflowsDeps } from '../../activities/workflows/deps.ts';
import { createVerifyDecision } from '../../activities/workflows/verify.ts';
import { createSigner, createVerifier, generateSigningKey } from '../../trust/signing.ts';
import { createFarSide, createTestAgent, directory } from '../support/far-side.ts';
import { person } from '../support/system.ts';

const api = createSigner('api', generateSigningKey());
const verifier = createVerifier({ api: [api.publicKey], workflows: [] });
// A refinement that throws, as `new URL` does of what is no address: zod lets it through.
const visit = defineTool({
  name: 'visit',
  version: '1',
  description: 'Visit an address',
  input: z.strictObject({ url: z.string().refine((text) => new URL(text).protocol === 'https:') }),
  effect: 'write',
  idempotent: true,
  egress: true,
  critical: [],
  scopes: [],
  summarize: ({ url }) => url,
  execute: async () => ({}),
});
const agent = { ...createTestAgent(createFarSide()), tools: [visit] };
const agents = new Map([['tester', { agent, ruleVersion: 'test', declarations: declarationsOf(agent) }]]);
const verify = createVerifyDecision({ agents, directory, verifier } as unknown as WorkflowsDeps);

const approval = {
  id: 'batch-1:0',
  digest: 'd1',
  tenant: 'default',
  agent: 'tester',
  tool: 'visit',
  args: '{"url":"https://one.example"}',
  asked: { group: 'support', escalation: [], authors: ['ada'] },
};
const edited = (args: string) =>
  api.sign({
    ...({ kind: 'decision', decisionId: 'x', approvalId: approval.id, digest: 'd1', answer: 'edit' } as const),
    ...{ reason: '', args, person: person('olga'), method: 'api', atMs: 1_000 },
  });
const answerTo = async (args: string) => verify({ signed: await edited(args), approvals: [approval] });

test('an edit that the schema of its tool throws at is refused with its words, and holds nothing up', async () => {
  const good = await answerTo('{"url":"https://two.example"}');
  equal(good.kind, 'valid');
  const bad = await answerTo('{"url":"nowhere"}');
  deepEqual(bad, { kind: 'refused', reason: 'the tool could not read this call: Invalid URL' });
});
