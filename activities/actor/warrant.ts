// The actor trusts no one: it verifies for itself that this exact action has leave. Only this module makes an
// `Authorized` call. May import domain and trust.
import { authorsOf, type Proposal, type Warrant } from '../../domain/action.ts';
import { type LoadedAgent, periodLimitsOf } from '../../domain/agent.ts';
import type { JsonObject } from '../../domain/json.ts';
import { countsOf } from '../../domain/limit.ts';
import { whyNotEntitled } from '../../domain/entitlement.ts';
import type { Directory, Principal } from '../../domain/principal.ts';
import type { DecisionStatement, LeaveAsked, MessageStatement, VerdictStatement } from '../../domain/signed.ts';
import { reservesIn, type Verdict } from '../../domain/verdict.ts';
import { type AnyTool, type Authorized, type Call, isDeclared } from '../../domain/tool.ts';
import { ACT_WITHIN_MS, groupsOf } from '../../domain/approval.ts';
import type { WarrantMark } from '../../domain/entry.ts';
import { isActionOf, parseStepId, ruledStep } from '../../domain/ids.ts';
import { actionDigest, canonicalJson, proposalDigest } from '../../trust/digest.ts';
import { SignatureInvalid, type Verifier } from '../../trust/signing.ts';

/** The warrant does not prove what it must. Nothing ran. */
export class WarrantRefused extends Error {
  override readonly name = 'WarrantRefused';
}

export interface VerifierDeps {
  readonly verifier: Verifier;
  readonly agents: ReadonlyMap<string, LoadedAgent>;
  readonly directory: Directory;
  readonly nowMs: () => number;
}

// 60 s: a verdict rests on evidence; what was read longer ago is read again before acting. Both ways, for clocks differ.
export const VERDICT_FRESH_MS = 60_000;

/** What the warrant proves. The timed checks come later: a receipt is returned whatever the clock says. */
export interface Authority {
  readonly tool: AnyTool;
  readonly call: Authorized<Call<never>>;
  readonly verdict: VerdictStatement;
  /** Where its parts are on record. */
  readonly mark: WarrantMark;
  /** Whose approval over this very action is proven, and when it was signed; a person may stand here twice. */
  readonly approvers: readonly { readonly personId: string; readonly atMs: number }[];
}

type Ask = Extract<Verdict, { kind: 'ask' }>;

/** What the clock and the directory say now. */
export type Leave =
  | { readonly kind: 'holds' }
  | { readonly kind: 'verdict_stale'; readonly reason?: string }
  | { readonly kind: 'expired'; readonly reason: string }
  | { readonly kind: 'refused'; readonly reason: string };

/** Verify the whole warrant against the arguments that will run. Throws WarrantRefused with the reason. */
export async function verifyWarrant(deps: VerifierDeps, proposal: Proposal, warrant: Warrant): Promise<Authority> {
  const { tool, call, messageId } = await verifyCall(deps, proposal, warrant.principal);
  const verdict = await proven(() => deps.verifier.verify('verdict', warrant.verdict));
  must(
    verdict.actionId === proposal.actionId && verdict.digest === proposal.digest,
    'the verdict is for another action',
  );
  must(verdict.agent === proposal.agent && verdict.tenant === proposal.tenant, 'the verdict is for another agent');
  must(verdict.principalId === proposal.principal.id, 'the verdict is for another principal');
  const { proposalSha256: ruledOn } = verdict;
  must(ruledOn === undefined || ruledOn === proposalDigest(proposal), 'the verdict is for another proposal');
  const { kind } = verdict.verdict;
  must(kind === 'allow' || kind === 'ask', 'the verdict denies it');
  const decisions = await verifyDecisions(deps, proposal, verdict, warrant.decisions);
  const verdictStep = ruledStep(verdict.verdict, warrant.verdict);
  const mark = { messageId, verdictStep, decisionIds: decisions.map(({ decisionId }) => decisionId) };
  const approvers = decisions.map(({ person, atMs }) => ({ personId: person.id, atMs }));
  return { tool, call: call as Authorized<Call<never>>, verdict, mark, approvers };
}

/** The timed checks, for what nobody has claimed yet: fresh verdict, approvers still entitled, deadline. Pure. */
export function leaveNow(
  { directory, agents, nowMs }: Pick<VerifierDeps, 'directory' | 'agents' | 'nowMs'>,
  proposal: Proposal,
  { verdict: { approval, verdict, atMs, proposalSha256 }, approvers }: Authority,
): Leave {
  // First: where this clock and that of the ruling differ, nothing that this clock says may end an action for good.
  const isFresh = Math.abs(nowMs() - atMs) <= VERDICT_FRESH_MS;
  if (proposalSha256 === undefined || !isFresh) return { kind: 'verdict_stale' };
  const uncounted = countsOf(periodLimitsOf(agents.get(proposal.agent)?.agent ?? {}), proposal.tool).find(
    ({ name }) => !reservesIn(verdict).some(({ limit }) => limit === name),
  );
  // By other rules than those that are here: nothing may be done that no limit counts.
  if (uncounted !== undefined) return { kind: 'verdict_stale', reason: `it takes nothing of ${uncounted.name}` };
  if (approval !== null && nowMs() > approval.deadlineMs + ACT_WITHIN_MS) {
    return { kind: 'expired', reason: 'nobody could act on it in time' };
  }
  if (verdict.kind !== 'ask') return { kind: 'holds' };
  const asked = { ...whomItAsks(verdict, approval), authors: authorsOf(proposal) };
  const entitled = approvers.filter(
    ({ personId, atMs: at }) => whyNotEntitled(directory, asked, personId, at) === undefined,
  );
  if (distinct(entitled) >= verdict.quorum) return { kind: 'holds' };
  const gone = distinct(approvers) - distinct(entitled);
  return {
    kind: 'refused',
    reason: `${gone} of ${distinct(approvers)} approvers of ${proposal.tool} may no longer decide it`,
  };
}

const distinct = (approvers: Authority['approvers']): number => new Set(approvers.map((one) => one.personId)).size;

/** Only groups that the rule still names: what the card said when it was asked gives nobody a right of their own. */
function whomItAsks({ group, amount, escalation = [] }: Ask, approval: LeaveAsked | null) {
  const known = groupsOf({ group, escalation });
  const since = (approval?.escalation ?? []).filter((one) => known.includes(one.group));
  return { group, escalation: since, amount };
}

/** Verify only who asks and what for: enough to read evidence, never to act. */
export async function verifyCall(
  deps: VerifierDeps,
  proposal: Proposal,
  signed: Warrant['principal'],
): Promise<{ tool: AnyTool; call: Call<never>; messageId: string }> {
  const loaded = deps.agents.get(proposal.agent);
  const tool = loaded?.agent.tools.find((one) => one.name === proposal.tool);
  if (tool === undefined) throw new WarrantRefused(`the agent ${proposal.agent} has no tool ${proposal.tool} here`);
  must(isDeclared(tool, loaded?.declarations.get(tool.name), proposal), 'the tool is declared otherwise here');
  const { actionId, conversationId, turn, tenant } = proposal;
  must(isActionOf(actionId, conversationId, turn), 'the action is of another conversation or turn');
  must(parseStepId(actionId)?.start === proposal.proposedBy?.actionId, 'the action is a step of another procedure');
  const { principal, ...statement }: MessageStatement = await proven(() => deps.verifier.verify('message', signed));
  must(statement.conversationId === conversationId, 'the principal signed in another conversation');
  must(isSamePerson(principal, proposal.principal), 'the principal is another one');
  must(principal.tenant === tenant, 'the principal is of another tenant');
  must(actionDigest(proposal) === proposal.digest, 'the digest is not that of these arguments');
  // The principal is the one that was signed, not the one that somebody wrote into the proposal.
  const { messageId } = statement;
  return { tool, call: { actionId, conversationId, principal, input: parsed(tool, proposal.args) }, messageId };
}

async function verifyDecisions(
  deps: VerifierDeps,
  proposal: Proposal,
  { approval, verdict }: VerdictStatement,
  signedDecisions: Warrant['decisions'],
): Promise<readonly DecisionStatement[]> {
  if (verdict.kind !== 'ask') return [];
  if (approval === null) throw new WarrantRefused('the verdict asks people, and nobody was asked');
  const decisions: DecisionStatement[] = [];
  for (const signed of signedDecisions) {
    const decision: DecisionStatement = await proven(() => deps.verifier.verify('decision', signed));
    must(decision.approvalId === approval.id, 'a decision is for another approval');
    must(decision.digest === proposal.digest, 'a decision is over another action');
    must(decision.answer === 'approve', 'a person denied it');
    must(decision.person.id !== proposal.principal.id, 'who asked for it cannot approve it');
    must(proposal.editors?.includes(decision.person.id) !== true, 'whose words it rests on cannot approve it');
    must(decision.person.tenant === proposal.tenant, 'a decision is by somebody of another tenant');
    must(decision.atMs <= approval.deadlineMs, 'a decision came after the deadline');
    decisions.push(decision);
  }
  const { size } = new Set(decisions.map(({ person }) => person.id));
  must(size >= verdict.quorum, `${size} of ${verdict.quorum} approvals`);
  return decisions;
}

/** The canonical arguments, through the tool's schema once more: what runs is what was digested. */
function parsed(tool: AnyTool, args: string): never {
  const raw = readable(() => JSON.parse(args) as JsonObject);
  must(readable(() => canonicalJson(raw)) === args, 'the arguments are not canonical');
  const result = readable(() => tool.input.safeParse(raw));
  must(result.success, 'the arguments do not fit the tool');
  return result.data as never;
}

/** What cannot even be read is refused as what is wrong is: no retry makes it readable. */
function readable<T>(read: () => T): T {
  try {
    return read();
  } catch {
    throw new WarrantRefused('the arguments cannot be read');
  }
}

const isSamePerson = (one: Principal, other: Principal): boolean =>
  one.id === other.id && one.name === other.name && one.tenant === other.tenant;

async function proven<T>(verify: () => Promise<T>): Promise<T> {
  try {
    return await verify();
  } catch (error) {
    if (error instanceof SignatureInvalid) throw new WarrantRefused(error.message);
    throw error;
  }
}

function must(holds: boolean, otherwise: string): asserts holds {
  if (!holds) throw new WarrantRefused(otherwise);
}
