// The actor on a stage of its own: a real store, a far side that counts, signed warrants, and a clock to set. Whoever
// imports it gets a fresh far side before each test.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach } from 'node:test';
import { MockActivityEnvironment } from '@temporalio/testing';
import { createActorActivities } from '../../activities/actor/act.ts';
import { declarationsOf } from '../../activities/declaration.ts';
import { createLocalBroker } from '../../activities/actor/broker.ts';
import type { ActResult, Proposal, Warrant } from '../../domain/action.ts';
import type { Agent } from '../../domain/agent.ts';
import type { Verdict } from '../../domain/verdict.ts';
import type { DecisionStatement, MessageStatement, VerdictStatement } from '../../domain/signed.ts';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../store/embedded.ts';
import { KEPT } from '../support/kept.ts';
import type { Store } from '../../store/ports.ts';
import { openStore } from '../../store/store.ts';
import { actionDigest, proposalDigest } from '../../trust/digest.ts';
import { createSigner, createVerifier, generateSigningKey } from '../../trust/signing.ts';
import type { Directory } from '../../domain/principal.ts';
import { ruledStep } from '../../domain/ids.ts';
import { ALLOW, aProposal } from '../domain/builders.ts';
import { underWarrant } from '../store/builders.ts';
import { createFarSide, createTestAgent, directory as wholeDirectory } from '../support/far-side.ts';
import { person } from '../support/system.ts';

export const api = createSigner('api', generateSigningKey());
export const workflows = createSigner('workflows', generateSigningKey());
export const verifier = createVerifier({ api: [api.publicKey], workflows: [workflows.publicKey] });
export const far = createFarSide();
export const clock = { nowMs: 1_000_000 };
/** What a test may change, or look at: the directory of the actor, its store. */
export const world = { directory: wholeDirectory } as { directory: Directory; store: Store };
let folder: string;
let postgres: EmbeddedPostgres;
let made = 0;
const tester = createTestAgent(far);
const declarations = declarationsOf(tester);

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'countersign-act-'));
  postgres = await startEmbeddedPostgres({ dataDir: folder, freshIn: KEPT });
  world.store = await openStore({ pool: postgres.poolConfig });
});
after(async () => {
  await world.store?.close();
  await postgres?.stop();
  await rm(folder, { recursive: true, force: true });
});
beforeEach(() => {
  far.effects.length = 0;
  Object.assign(far.record, createFarSide().record);
  world.directory = wholeDirectory;
  clock.nowMs = 1_000_000;
});

/** What every tool of the far side was given. */
export const FAR_KEY = 'key-"of/the+far side=';

/** `agent`: with the tools of the tester, and whatever else it declares. */
export function actor(agent: Agent = tester) {
  const agents = new Map([['tester', { agent, ruleVersion: 'test', declarations }]]);
  const broker = createLocalBroker({
    databases: new Map(),
    secrets: new Map([['far', { secrets: ['FAR_KEY'] }]]),
    readSecret: () => FAR_KEY,
    foldersPath: folder,
  });
  return createActorActivities({ ...world, agents, verifier, broker, nowMs: () => clock.nowMs });
}

export function payment(over: Partial<Proposal> = {}): Proposal {
  const declared = tester.tools.find((one) => one.name === (over.tool ?? 'pay'));
  const declarationSha256 = declared && declarations.get(declared.name);
  made += 1;
  const proposal = aProposal({
    actionId: `act:${made}:0`,
    ...(declarationSha256 === undefined ? {} : { declarationSha256 }),
    turn: made,
    inspects: declared?.inspect !== undefined,
    preconditions: declared?.preconditions ?? [],
    then: declared?.then ?? 'nothing',
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

export async function warrantFor(proposal: Proposal, verdict: Verdict, over: Over = {}): Promise<Warrant> {
  const { actionId, conversationId, digest, agent, tenant, principal } = proposal;
  const atMs = clock.nowMs;
  const approvalId = `${actionId}.0.0`;
  const message = { kind: 'message', conversationId, messageId: 'm', principal, textSha256: '', atMs } as const;
  const asked = verdict.kind === 'ask' ? { id: approvalId, deadlineMs: atMs + 1_000 } : null;
  const ruled = {
    actionId,
    digest,
    proposalSha256: proposalDigest(proposal),
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
  return world.store.record([{ subject, step: ruledStep(verdict, signed), conversationId, atMs: clock.nowMs, fact }]);
}

/** What a killed actor leaves behind: a claim without a receipt. */
export async function claimed(proposal: Proposal): Promise<void> {
  await record(proposal, ALLOW, 'of the claim');
  const claiming = { ...proposal, nowMs: clock.nowMs };
  await world.store.claims.claim({ claiming, ...underWarrant(ruledStep(ALLOW, 'of the claim')) });
}

export const act = (proposal: Proposal, warrant: Warrant, attempt = 1): Promise<ActResult> =>
  new MockActivityEnvironment({ attempt }).run(actor().act, { proposal, warrant, notesResult: false });
export const endingOf = (result: ActResult) => (result.kind === 'settled' ? result.ending.kind : result.kind);
