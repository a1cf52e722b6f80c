// Genuine leave, made as the roles make it: proposals of the prover's own tools, signed with the keys of the rig, and the
// verdict put on record. Every forgery begins with one, and each would run as it is, so that a refusal has one cause.
import { declarationDigest } from '../../../activities/declaration.ts';
import type { Proposal, Warrant } from '../../../domain/action.ts';
import type { ActorActivities } from '../../../domain/activity-ports.ts';
import { ruledStep } from '../../../domain/ids.ts';
import type { Principal } from '../../../domain/principal.ts';
import type { DecisionStatement, MessageStatement, VerdictStatement } from '../../../domain/signed.ts';
import type { Verdict } from '../../../domain/verdict.ts';
import type { Store } from '../../../store/ports.ts';
import { actionDigest, proposalDigest } from '../../../trust/digest.ts';
import { createSigner } from '../../../trust/signing.ts';
import prover from '../agents/prover/index.ts';
import type { Rig } from '../rig/rig.ts';

export type Act = Parameters<ActorActivities['act']>[0];

/** What is to be otherwise than it should be; the signatures are genuine all the same. */
export interface Wish {
  readonly tool?: string;
  readonly proposal?: Partial<Proposal>;
  readonly message?: Partial<MessageStatement>;
  readonly ruling?: Partial<Extract<Verdict, { kind: 'ask' }>> | Verdict;
  readonly verdict?: Partial<VerdictStatement>;
  /** One for each decision; one approval of Finn's where nothing is said. */
  readonly decisions?: readonly Partial<DecisionStatement>[];
  readonly unrecorded?: boolean;
  /** A verdict as they were signed before they covered the whole proposal. */
  readonly uncovered?: boolean;
  /** By whom it is signed; the keys of the rig where nothing is said. */
  readonly keys?: Rig['signingKeys'];
}

export const CONVERSATION = 'by-hand';
export const person = (id: string, tenant = 'default'): Principal => ({ id, name: id.toUpperCase(), tenant });
const ORDER = 7;
// 1 h: an approval that stays open for as long as the proof takes.
const WITHIN_MS = 3_600_000;

/** Who asks people, as the prover's rules say it. */
const ASKS: Verdict = {
  ...{ kind: 'ask', ruleId: 'send', ruleVersion: 'v1', reason: 'asks finance' },
  ...{ group: 'finance', quorum: 1, withinMs: WITHIN_MS },
};
const ALLOWS: Verdict = { kind: 'allow', ruleId: 'note', ruleVersion: 'v1', reason: 'allowed' };

export type Issuer = (wish?: Wish) => Promise<Act>;

export function createIssuer(rigKeys: Rig['signingKeys'], store: Store): Issuer {
  let issued = 0;
  return async ({ tool: name = 'send', ruling, keys = rigKeys, ...wish } = {}) => {
    issued += 1;
    const api = createSigner('api', keys.api);
    const workflows = createSigner('workflows', keys.workflows);
    const proposal = proposalOf(name, issued, wish.proposal);
    const { actionId, conversationId, digest, agent, tenant, principal, effect } = proposal;
    const atMs = Date.now();
    const asking = effect === 'irreversible';
    const verdict = { ...(asking ? ASKS : ALLOWS), ...ruling } as Verdict;
    const approvalId = `${actionId}.0.0`;
    const statement: VerdictStatement = {
      ...{ kind: 'verdict', actionId, digest, proposalSha256: proposalDigest(proposal), agent, tenant },
      ...{ principalId: principal.id, verdict, evidenceSha256: '' },
      approval: verdict.kind === 'ask' ? { id: approvalId, deadlineMs: atMs + WITHIN_MS } : null,
      atMs,
      ...wish.verdict,
    };
    const { proposalSha256: _, ...uncovered } = statement;
    const signed = await workflows.sign(wish.uncovered === true ? uncovered : statement);
    if (wish.unrecorded !== true) await record(store, proposal, verdict, signed);
    const decisions = wish.decisions ?? (asking ? [{}] : []);
    const decided = decisions.map((over, at) =>
      api.sign({
        ...{ kind: 'decision', decisionId: `d-${at}`, approvalId, digest, answer: 'approve', reason: 'fine' },
        ...{ person: person('finn'), method: 'api', atMs },
        ...over,
      }),
    );
    const said = { conversationId, messageId: 'm-1', principal, textSha256: digest, atMs } as const;
    const warrant: Warrant = {
      principal: await api.sign({ kind: 'message', ...said, ...wish.message }),
      verdict: signed,
      decisions: await Promise.all(decided),
    };
    return { proposal, warrant, notesResult: false };
  };
}

/** What the rules would have been asked about; the digest is right for whatever it says. */
function proposalOf(name: string, turn: number, over: Partial<Proposal> = {}): Proposal {
  const tool = prover.tools.find((one) => one.name === name);
  if (tool === undefined) throw new Error(`the prover has no tool ${name}`);
  const proposal = {
    ...{ actionId: `${CONVERSATION}:${turn}:0`, conversationId: CONVERSATION, turn, agent: prover.name },
    ...{ tenant: 'default', callId: 'call-1', tool: name, toolVersion: tool.version },
    declarationSha256: declarationDigest(tool),
    ...{ args: JSON.stringify({ cents: turn, order: ORDER }), salt: 'salt', principal: person('ada') },
    ...{ effect: tool.effect, summary: name, timeoutMs: tool.timeoutMs, inspects: tool.inspect !== undefined },
    ...{ preconditions: tool.preconditions, then: tool.then },
    ...over,
  };
  return { ...proposal, digest: over.digest ?? actionDigest(proposal) };
}

/** As the Workflow does before it has anything acted on. */
function record(store: Store, { actionId, conversationId, digest }: Proposal, verdict: Verdict, signed: string) {
  const fact = { kind: 'ruled', digest, verdict, evidence: null, signed } as const;
  const step = ruledStep(verdict, signed);
  return store.record([{ subject: actionId, step, conversationId, atMs: Date.now(), fact }]);
}
