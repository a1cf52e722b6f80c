import { deepEqual, equal, rejects } from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import { MockActivityEnvironment } from '@temporalio/testing';
import { createActorActivities } from '../../activities/actor/act.ts';
import { VERDICT_FRESH_MS } from '../../activities/actor/warrant.ts';
import { ACT_WITHIN_MS } from '../../domain/approval.ts';
import { createLocalBroker } from '../../activities/actor/broker.ts';
import type { ActResult, Evidence, Proposal, Warrant } from '../../domain/action.ts';
import type { Verdict } from '../../domain/verdict.ts';
import type { DecisionStatement, MessageStatement, VerdictStatement } from '../../domain/signed.ts';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../store/embedded.ts';
import type { Store } from '../../store/ports.ts';
import { openStore } from '../../store/store.ts';
import { actionDigest } from '../../trust/digest.ts';
import { createSigner, createVerifier, generateSigningKey } from '../../trust/signing.ts';
import type { Directory } from '../../domain/principal.ts';
import { ruledStep } from '../../domain/ids.ts';
import { ALLOW, aProposal, ASK } from '../domain/builders.ts';
import { createFarSide, createTestAgent, directory as wholeDirectory } from '../support/far-side.ts';
import { eventually, person } from '../support/system.ts';

const api = createSigner('api', generateSigningKey());
const workflows = createSigner('workflows', generateSigningKey());
const verifier = createVerifier({ api: [api.publicKey], workflows: [workflows.publicKey] });
const far = createFarSide();
const clock = { nowMs: 1_000_000 };
let directory: Directory = wholeDirectory;
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
  Object.assign(far.record, createFarSide().record);
  directory = wholeDirectory;
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
  const signed = await workflows.sign({ kind: 'verdict', ...ruled, ...over.verdict });
  await record(proposal, verdict, signed);
  return {
    principal: await api.sign({ ...message, ...over.message }),
    verdict: signed,
    decisions: verdict.kind === 'ask' ? [await api.sign({ kind: 'decision', ...decided, ...over.decision })] : [],
  };
}

/** Put the ruling on record, as the Workflow does before it has anything acted on. */
function record({ actionId: subject, conversationId, digest }: Proposal, verdict: Verdict, signed: string) {
  const fact = { kind: 'ruled', digest, verdict, evidence: null, signed } as const;
  return store.record([{ subject, step: ruledStep(verdict, signed), conversationId, atMs: clock.nowMs, fact }]);
}

/** What a killed actor leaves behind: a claim without a receipt. */
async function claimed(proposal: Proposal): Promise<void> {
  await record(proposal, ALLOW, 'of the claim');
  const claiming = { ...proposal, nowMs: clock.nowMs };
  await store.claims.claim({ claiming, verdictStep: ruledStep(ALLOW, 'of the claim') });
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
  [
    'a decision by somebody of another tenant',
    async (p) => [p, await warrantFor(p, ASK, { decision: { person: { ...person('finn'), tenant: 'x' } } })],
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
  await claimed(proposal);
  clock.nowMs += 10 * VERDICT_FRESH_MS; // the claim is looked up before the clock
  equal(endingOf(await act(proposal, await warrantFor(proposal, ASK, { verdict: { atMs: 1 } }))), 'unknown');
  deepEqual(far.effects, []);
});

test('a claim without a receipt runs again under the same key where the far side honours it', async () => {
  const proposal = payment({ tool: 'escalate', effect: 'write' });
  await claimed(proposal);
  equal(endingOf(await act(proposal, await warrantFor(proposal, ALLOW))), 'succeeded');
  deepEqual(far.effects, [`escalate ${proposal.actionId} 72`]);
});

test('the same key with another digest runs nothing, and nobody knows what became of it', async () => {
  const first = payment();
  await act(first, await warrantFor(first, ASK));
  const reset = payment({ actionId: first.actionId, args: '{"cents":99,"order":1}' });
  equal(endingOf(await act(reset, await warrantFor(reset, ASK))), 'unknown');
  deepEqual(far.effects, [`pay ${first.actionId} 72`]);
  equal((await store.claims.get(first.actionId))?.outcome?.kind, 'succeeded');
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

test('an approver who has left the group since is leave no more; what was claimed before stands', async () => {
  const [done, open] = [payment(), payment()];
  const [before, after] = [await warrantFor(done, ASK), await warrantFor(open, ASK)];
  equal(endingOf(await act(done, before)), 'succeeded');
  directory = { ...wholeDirectory, groups: { ...wholeDirectory.groups, finance: ['olga'] } };
  equal(endingOf(await act(done, before)), 'succeeded');
  await rejects(act(open, after), { type: 'WarrantRefused' });
  equal(await store.claims.get(open.actionId), undefined);
});

test('a verdict that is not on record claims nothing', async () => {
  const proposal = payment();
  const warrant = await warrantFor(proposal, ASK);
  const { verdict } = await warrantFor(proposal, ALLOW);
  const unrecorded = await workflows.sign({ ...(await verifier.verify('verdict', verdict)), atMs: clock.nowMs + 1 });
  await rejects(act(proposal, { ...warrant, verdict: unrecorded }), { type: 'WarrantRefused' });
  equal(await store.claims.get(proposal.actionId), undefined);
});

test('a thrown switch ends reads and writes as cancelled, and for good', async () => {
  const stop = { scope: 'agent', name: 'tester', setBy: 'olga', reason: 'it pays twice', setMs: 1 } as const;
  const [write, read] = [payment(), payment({ tool: 'look', effect: 'read' })];
  await store.switches.set({ id: 'kill', isThrown: true, switch: stop });
  equal(endingOf(await act(write, await warrantFor(write, ASK))), 'cancelled');
  equal(endingOf(await act(read, await warrantFor(read, ALLOW))), 'cancelled');
  await store.switches.set({ id: 'revive', isThrown: false, switch: stop });
  equal(endingOf(await act(write, await warrantFor(write, ASK))), 'cancelled');
  deepEqual(far.effects, []);
});

const transfer = () => payment({ tool: 'transfer', effect: 'write' });
const LATEST_MS = 200 + 5_000; // the tool's time-out, and the time for a call on its way to arrive

test('a claim without a receipt is asked about: what happened succeeded, and is not done again', async () => {
  const proposal = transfer();
  await claimed(proposal);
  far.record.reconciles = 'happened';
  equal(endingOf(await act(proposal, await warrantFor(proposal, ALLOW))), 'succeeded');
  deepEqual(far.effects, []);
});

test('"it did not happen" is believed only once whoever began it can no longer do it; it is not done again', async () => {
  const proposal = transfer();
  await claimed(proposal);
  far.record.reconciles = 'did_not_happen';
  const early = act(proposal, await warrantFor(proposal, ALLOW));
  await rejects(early, { type: 'OutcomeNotKnownYet', nextRetryDelay: LATEST_MS, nonRetryable: false });
  clock.nowMs += LATEST_MS;
  equal(endingOf(await act(proposal, await warrantFor(proposal, ALLOW))), 'failed');
  deepEqual(far.effects, []);
});

test('a tool that answers after its time-out leaves unknown, which its late answer corrects', async () => {
  const proposal = transfer();
  far.record.takesMs = 400;
  equal(endingOf(await act(proposal, await warrantFor(proposal, ALLOW))), 'unknown');
  const corrected = async () =>
    (await store.claims.get(proposal.actionId))?.outcome?.kind === 'succeeded' ? true : undefined;
  await eventually(corrected, 'the late receipt');
  deepEqual(far.effects, [`transfer ${proposal.actionId} 72`]);
});

test('an attempt that was taken over ends nothing, unless it knows that the effect happened', async () => {
  const [failing, happening] = [transfer(), transfer()];
  far.record.takesMs = 100;
  far.record.fail = 'did_not_happen';
  const first = act(failing, await warrantFor(failing, ALLOW));
  await takenOver(failing);
  await rejects(first, { name: 'FencedOff' });
  equal((await store.claims.get(failing.actionId))?.outcome, null);
  far.record.fail = '';
  const second = act(happening, await warrantFor(happening, ALLOW));
  await takenOver(happening);
  equal(endingOf(await second), 'succeeded');
});

async function takenOver({ actionId }: Proposal): Promise<void> {
  await eventually(() => store.claims.get(actionId), 'the claim');
  await store.claims.takeOver(actionId, { acts: false, nowMs: clock.nowMs });
}
