import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createDecide } from '../../activities/workflows/decide.ts';
import { declarationsOf } from '../../activities/declaration.ts';
import type { RuleFacts } from '../../domain/rule.ts';
import { factsOf } from '../../domain/ruling.ts';
import type { Store } from '../../store/ports.ts';
import { givenDigest } from '../../trust/digest.ts';
import { createSigner, createVerifier, generateSigningKey } from '../../trust/signing.ts';
import { ALLOW, anEvidence, aProposal } from '../domain/builders.ts';
import { rulesHere } from '../support/rules.ts';
import { createFarSide, createTestAgent, directory } from '../support/far-side.ts';
import { noRuns } from '../support/no-runs.ts';
import { person } from '../support/system.ts';

const NOW_MS = 1_000_000;
const agent = createTestAgent(createFarSide());
const tool = agent.tools.find(({ name }) => name === 'pay')!;

/** `decide` over no earlier calls, with rules that allow everything and tell what they were asked. */
function deciding() {
  const asked: RuleFacts[] = [];
  const signer = createSigner('workflows', generateSigningKey());
  const verifier = createVerifier({ api: [], workflows: [signer.publicKey] });
  const none = async () => [];
  const store = { actions: { openWrites: none, deniedByPeople: none } } as unknown as Store;
  const loaded = { agent, ruleVersion: 'v1', declarations: declarationsOf(agent) };
  const rules = {
    ...rulesHere(new Map()),
    decide: async (_agent: string, facts: RuleFacts) => {
      asked.push(facts);
      return ALLOW;
    },
  };
  const decide = createDecide({
    ...{ store, agents: new Map([['tester', loaded]]), directory, rules, signer, verifier },
    ...{ workflowState: async () => 'running', runs: noRuns, nowMs: () => NOW_MS },
  });
  return { decide, asked, verifier };
}

const payment = (over: object = {}) =>
  aProposal({
    ...{ agent: 'tester', tool: 'pay', args: '{"cents":72,"order":1}', principal: person('finn') },
    ...{
      inspects: tool.inspect !== undefined,
      preconditions: tool.preconditions,
      effect: tool.effect,
      then: tool.then,
    },
    ...over,
  });

test('what the rules saw besides goes with the verdict, under its signature, and makes the same case again', async () => {
  const { decide, asked, verifier } = deciding();
  const proposal = payment();
  const [ruled] = await decide([{ proposal, evidence: anEvidence(), approval: null }]);
  assert.ok(ruled?.given);
  assert.deepEqual(ruled.given, { groups: ['finance'], nowMs: NOW_MS });
  assert.deepEqual(asked, [factsOf(proposal, tool, anEvidence(), ruled.given)]);
  const { givenSha256 } = await verifier.verify('verdict', ruled.signed);
  assert.equal(givenSha256, givenDigest(ruled.given));
  assert.notEqual(givenSha256, givenDigest({ ...ruled.given, groups: [] }));
});

test('where code denies before any rule is asked, there is nothing that rules saw', async () => {
  const { decide, asked, verifier } = deciding();
  const [ruled] = await decide([{ proposal: payment({ inspects: true }), evidence: null, approval: null }]);
  assert.deepEqual([ruled?.verdict.ruleId, ruled?.given, asked], ['no-evidence', undefined, []]);
  assert.equal((await verifier.verify('verdict', ruled?.signed ?? '')).givenSha256, undefined);
});
