import { deepEqual, equal, rejects } from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import { MockActivityEnvironment } from '@temporalio/testing';
import { ACT_WITHIN_MS, createActorActivities, VERDICT_FRESH_MS } from '../../activities/actor/act.ts';
import { createLocalBroker } from '../../activities/actor/broker.ts';
import type { ActResult, Evidence, Proposal, Warrant } from '../../domain/action.ts';
import type { Verdict } from '../../domain/verdict.ts';
import type { DecisionStatement, MessageStatement, VerdictStatement } from '../../domain/signed.ts';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../store/embedded.ts';
import type { Store } from '../../store/ports.ts';
import { openStore } from '../../store/store.ts';
import { actionDigest } from '../../trust/digest.ts';
import { createSigner, createVerifier, generateSigningKey } from '../../trust/signing.ts';
import { ALLOW, aProposal, ASK } from '../domain/builders.ts';
import { createFarSide, createTestAgent, directory } from '../support/far-side.ts';
import { person } from '../support/system.ts';

const api = createSigner('api', generateSigningKey());
const workflows = createSigner('workflows', generateSigningKey());
const verifier = createVerifier({ api: [api.publicKey], workflows: [workflows.publicKey] });
const far = createFarSide();
const clock = { nowMs: 1_000_000 };
let folder: string;
let postgres: EmbeddedPostgres;
let store: Store;
let made = 0;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'countersign-act-'));
  postgres = await startEmbeddedPostgres({ dataDir: folder });
  store = await openStore({ pool: postgres.poolConfig });
});
after(async () => {
  await store?.close();
  await postgres?.stop();
  await rm(folder, { recursive: true, force: true });
});
beforeEach(() => {
  far.effects.length = 0;
  Object.assign(far.record, { state: 'delivered', fail: '', readable: true });
  clock.nowMs = 1_000_000;
});

function actor() {
  const agents = new Map([['tester', { agent: createTestAgent(far), ruleVersion: 'test' }]]);
  const broker = createLocalBroker({
    databases: new Map(),
    secrets: new Map(),
    readSecret: () => undefined,
    foldersPath: folder,
  });
  return createActorActivities({ store, agents, directory, verifier, broker, nowMs: () => clock.nowMs });
}

function payment(over: Partial<Proposal> = {}): Proposal {
  const proposal = aProposal({
    actionId: `act:${++made}:0`,
    conversationId: 'act',
    agent: 'tester',
    tool: 'pay',
    args: '{"cents":72,"order":1}',
    principal: person('ada'),
    ...over,
  });
  return { ...proposal, digest: over.digest ?? actionDigest(proposal) };
}

interface Over {
  readonly message?: Partial<MessageStatement>;
  readonly verdict?: Partial<VerdictStatement>;
  readonly decision?: Partial<DecisionStatement>;
}

async function warrantFor(proposal: Proposal, verdict: Verdict, over: Over = {}): Promise<Warrant> {
  const { actionId, conversationId, digest, agent, tenant, principal } = proposal;
  const atMs = clock.nowMs;
  const approvalId = `${actionId}.0.0`;
  const message = { kind: 'message', conversationId, messageId: 'm', principal, textSha256: '', atMs } as const;
  const asked = verdict.kind === 'ask' ? { id: approvalId, deadlineMs: atMs + 1_000 } : null;
  const ruled = {
    actionId,
    digest,
    agent,
    tenant,
    principalId: principal.id,
    verdict,
    evidenceSha256: '',
    approval: asked,
    atMs,
  };
  const decided = {
    decisionId: 'd',
    approvalId,
    digest,
    answer: 'approve',
    reason: '',
    person: person('finn'),
    method: 't',
    atMs,
  } as const;
  return {
    principal: await api.sign({ ...message, ...over.message }),
    verdict: await workflows.sign({ kind: 'verdict', ...ruled, ...over.verdict }),
    decisions: verdict.kind === 'ask' ? [await api.sign({ kind: 'decision', ...decided, ...over.decision })] : [],
  };
}

const act = (proposal: Proposal, warrant: Warrant): Promise<ActResult> =>
  new MockActivityEnvironment({ attempt: 1 }).run(actor().act, { proposal, warrant, notesResult: false });
const endingOf = (result: ActResult) => (result.kind === 'settled' ? result.ending.kind : result.kind);

type Forgery = readonly [what: string, forge: (p: Proposal) => Promise<readonly [Proposal, Warrant]>];

/** Each part of a warrant altered once. `other` is an action that really has leave. */
const forgeries = (other: Proposal): readonly Forgery[] => [
  ['other arguments', async (p) => [{ ...p, args: '{"cents":73,"order":1}' }, await warrantFor(p, ASK)]],
  ['another tool', async (p) => [{ ...p, tool: 'note', effect: 'write' }, await warrantFor(p, ASK)]],
  ['another effect', async (p) => [{ ...p, effect: 'read' }, await warrantFor(p, ASK)]],
  ['another version', async (p) => [{ ...p, toolVersion: '2' }, await warrantFor(p, ASK)]],
  ['an unknown tool', async (p) => [{ ...p, tool: 'shell' }, await warrantFor(p, ASK)]],
  [
    'arguments that are not canonical',
    async () => {
      const p = payment({ args: '{"order":1,"cents":72}' });
      return [p, await warrantFor(p, ASK)];
    },
  ],
  ["another action's warrant", async (p) => [p, await warrantFor(other, ASK)]],
  ['another principal', async (p) => [p, await warrantFor(p, ASK, { message: { principal: person('bob') } })]],
  [
    'another tenant',
    async (p) => [p, await warrantFor(p, ASK, { message: { principal: { ...person('ada'), tenant: 'x' } } })],
  ],
  ['another conversation', async (p) => [p, await warrantFor(p, ASK, { message: { conversationId: 'x' } })]],
  [
    'a verdict that denies',
    async (p) => [p, await warrantFor(p, { kind: 'deny', ruleId: 'r', ruleVersion: 'v', reason: '' })],
  ],
  ['a verdict for another digest', async (p) => [p, await warrantFor(p, ASK, { verdict: { digest: other.digest } })]],
  ['a verdict for another agent', async (p) => [p, await warrantFor(p, ASK, { verdict: { agent: 'x' } })]],
  ['a verdict for another principal', async (p) => [p, await warrantFor(p, ASK, { verdict: { principalId: 'bob' } })]],
  ['nobody asked', async (p) => [p, await warrantFor(p, ASK, { verdict: { approval: null } })]],
  ['no decision', async (p) => [p, { ...(await warrantFor(p, ASK)), decisions: [] }]],
  ['a denial', async (p) => [p, await warrantFor(p, ASK, { decision: { answer: 'deny' } })]],
  [
    'a decision over another digest',
    async (p) => [p, await warrantFor(p, ASK, { decision: { digest: other.digest } })],
  ],
  ['a decision on another approval', async (p) => [p, await warrantFor(p, ASK, { decision: { approvalId: 'x' } })]],
  [
    'a decision after the deadline',
    async (p) => [p, await warrantFor(p, ASK, { decision: { atMs: clock.nowMs + 2_000 } })],
  ],
  ['a decision of the requester', async (p) => [p, await warrantFor(p, ASK, { decision: { person: person('ada') } })]],
  [
    'a decision of somebody not entitled',
    async (p) => [p, await warrantFor(p, ASK, { decision: { person: person('mallory') } })],
  ],
  ['one approval of two', async (p) => [p, await warrantFor(p, { ...ASK, quorum: 2 })]],
  [
    'the same approval twice',
    async (p) => {
      const warrant = await warrantFor(p, { ...ASK, quorum: 2 });
      return [p, { ...warrant, decisions: [...warrant.decisions, ...warrant.decisions] }];
    },
  ],
  [
    'a verdict in place of the decision',
    async (p) => {
      const warrant = await warrantFor(p, ASK);
      return [p, { ...warrant, decisions: [warrant.verdict as string] }];
    },
  ],
  ['a signature by nobody', async (p) => [p, { ...(await warrantFor(p, ASK)), verdict: 'e30.e30.e30' }]],
];

test('an approved action runs once, however often its Activity is retried', async () => {
  const proposal = payment();
  const warrant = await warrantFor(proposal, ASK);
  equal(endingOf(await act(proposal, warrant)), 'succeeded');
  equal(endingOf(await act(proposal, warrant)), 'succeeded');
  deepEqual(far.effects, [`pay ${proposal.actionId} 72`]);
});

test('a warrant with any part altered, forged or crossed runs nothing', async () => {
  for (const [what, forge] of forgeries(payment())) {
    const [proposal, warrant] = await forge(payment());
    await rejects(act(proposal, warrant), { type: 'WarrantRefused' }, what);
    equal(await store.claims.get(proposal.actionId), undefined, what);
    const entries = await store.ledger.ofSubject(proposal.actionId);
    equal(
      entries.some((entry) => entry.fact.kind === 'warrant_refused'),
      true,
      `${what}: on record`,
    );
  }
  deepEqual(far.effects, []);
});

test('a stale verdict claims nothing and is asked for again', async () => {
  const proposal = payment();
  const warrant = await warrantFor(proposal, ASK);
  clock.nowMs += VERDICT_FRESH_MS + 1;
  deepEqual(await act(proposal, warrant), { kind: 'verdict_stale' });
  equal(await store.claims.get(proposal.actionId), undefined);
});

test('nothing is begun later than its leave lasts, and then never again', async () => {
  const proposal = payment();
  const over = {
    verdict: { approval: { id: `${proposal.actionId}.0.0`, deadlineMs: clock.nowMs - ACT_WITHIN_MS - 1 } },
  };
  const late = await warrantFor(proposal, ASK, { ...over, decision: { atMs: 1 } });
  equal(endingOf(await act(proposal, late)), 'expired');
  equal(endingOf(await act(proposal, await warrantFor(proposal, ASK))), 'expired');
  deepEqual(far.effects, []);
});

test('a throw of a write is unknown and never repeated, unless the tool says that nothing happened', async () => {
  const unknown = payment();
  far.record.fail = 'throw';
  equal(endingOf(await act(unknown, await warrantFor(unknown, ASK))), 'unknown');
  far.record.fail = '';
  equal(endingOf(await act(unknown, await warrantFor(unknown, ASK))), 'unknown');
  const failed = payment();
  far.record.fail = 'did_not_happen';
  equal(endingOf(await act(failed, await warrantFor(failed, ASK))), 'failed');
  deepEqual(far.effects, [`pay ${unknown.actionId} 72`]);
});

test('a claim without a receipt is not acted on again: the outcome is unknown', async () => {
  const proposal = payment();
  const { actionId, conversationId, digest, tool } = proposal;
  await store.claims.claim({ actionId, conversationId, digest, tool, nowMs: 1 });
  clock.nowMs += 10 * VERDICT_FRESH_MS; // the claim is looked up before the clock
  equal(endingOf(await act(proposal, await warrantFor(proposal, ASK, { verdict: { atMs: 1 } }))), 'unknown');
  deepEqual(far.effects, []);
});

test('a claim without a receipt runs again under the same key where the far side honours it', async () => {
  const proposal = payment({ tool: 'escalate', effect: 'write' });
  const { actionId, conversationId, digest, tool } = proposal;
  await store.claims.claim({ actionId, conversationId, digest, tool, nowMs: 1 });
  equal(endingOf(await act(proposal, await warrantFor(proposal, ALLOW))), 'succeeded');
  deepEqual(far.effects, [`escalate ${actionId} 72`]);
});

test('the same key with another digest runs nothing', async () => {
  const first = payment();
  await act(first, await warrantFor(first, ASK));
  const reset = payment({ actionId: first.actionId, args: '{"cents":99,"order":1}' });
  await rejects(act(reset, await warrantFor(reset, ASK)), { type: 'WarrantRefused' });
  deepEqual(far.effects, [`pay ${first.actionId} 72`]);
});

test('evidence is read for the signed principal of the conversation only', async () => {
  const proposal = payment();
  const { principal } = await warrantFor(proposal, ASK);
  const inspect = (signed: string): Promise<Evidence> =>
    new MockActivityEnvironment({ attempt: 1 }).run(actor().inspect, { proposal, principal: signed });
  equal((await inspect(principal)).record['state'], 'delivered');
  const bob = await warrantFor(proposal, ASK, { message: { principal: person('bob') } });
  await rejects(inspect(bob.principal), { type: 'WarrantRefused' });
});
