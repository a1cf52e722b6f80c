// The actor trusts no one: it verifies for itself that this exact action has leave. Only this module makes an
// `Authorized` call. May import domain and trust.
import type { Proposal, Warrant } from '../../domain/action.ts';
import type { LoadedAgent } from '../../domain/agent.ts';
import type { JsonObject } from '../../domain/json.ts';
import { type Directory, isMember, type Principal } from '../../domain/principal.ts';
import type { DecisionStatement, MessageStatement, VerdictStatement } from '../../domain/signed.ts';
import type { AnyTool, Authorized, Call } from '../../domain/tool.ts';
import { actionDigest, canonicalJson } from '../../trust/digest.ts';
import { SignatureInvalid, type Verifier } from '../../trust/signing.ts';

/** The warrant does not prove what it must. Nothing ran. */
export class WarrantRefused extends Error {
  override readonly name = 'WarrantRefused';
}

export interface VerifierDeps {
  readonly verifier: Verifier;
  readonly agents: ReadonlyMap<string, LoadedAgent>;
  readonly directory: Directory;
}

/** What the warrant proves. The timed checks come later: a receipt is returned whatever the clock says. */
export interface Authority {
  readonly tool: AnyTool;
  readonly call: Authorized<Call<never>>;
  readonly verdict: VerdictStatement;
}

/** Verify the whole warrant against the arguments that will run. Throws WarrantRefused with the reason. */
export async function verifyWarrant(deps: VerifierDeps, proposal: Proposal, warrant: Warrant): Promise<Authority> {
  const { tool, input } = await verifyCall(deps, proposal, warrant.principal);
  const verdict = await proven(() => deps.verifier.verify('verdict', warrant.verdict));
  must(
    verdict.actionId === proposal.actionId && verdict.digest === proposal.digest,
    'the verdict is for another action',
  );
  must(verdict.agent === proposal.agent && verdict.tenant === proposal.tenant, 'the verdict is for another agent');
  must(verdict.principalId === proposal.principal.id, 'the verdict is for another principal');
  must(verdict.verdict.kind !== 'deny', 'the verdict denies it');
  if (verdict.verdict.kind === 'ask') await verifyDecisions(deps, proposal, verdict, warrant.decisions);
  const { actionId, conversationId, principal } = proposal;
  const call = { actionId, conversationId, principal, input } as Authorized<Call<never>>;
  return { tool, call, verdict };
}

/** Verify only who asks and what for: enough to read evidence, never to act. */
export async function verifyCall(
  deps: VerifierDeps,
  proposal: Proposal,
  signed: Warrant['principal'],
): Promise<{ tool: AnyTool; input: never; principal: Principal }> {
  const tool = deps.agents.get(proposal.agent)?.agent.tools.find((one) => one.name === proposal.tool);
  if (tool === undefined) throw new WarrantRefused(`the agent ${proposal.agent} has no tool ${proposal.tool} here`);
  must(tool.version === proposal.toolVersion, 'the tool has another version here');
  must(tool.effect === proposal.effect, 'the tool has another effect here');
  const statement: MessageStatement = await proven(() => deps.verifier.verify('message', signed));
  must(statement.conversationId === proposal.conversationId, 'the principal signed in another conversation');
  must(statement.principal.id === proposal.principal.id, 'the principal is another one');
  must(statement.principal.tenant === proposal.tenant, 'the principal is of another tenant');
  must(actionDigest(proposal) === proposal.digest, 'the digest is not that of these arguments');
  return { tool, input: parsed(tool, proposal.args), principal: statement.principal };
}

async function verifyDecisions(
  deps: VerifierDeps,
  proposal: Proposal,
  { approval, verdict }: VerdictStatement,
  signedDecisions: Warrant['decisions'],
): Promise<void> {
  if (verdict.kind !== 'ask') return;
  if (approval === null) throw new WarrantRefused('the verdict asks people, and nobody was asked');
  const approvers = new Set<string>();
  for (const signed of signedDecisions) {
    const decision: DecisionStatement = await proven(() => deps.verifier.verify('decision', signed));
    must(decision.approvalId === approval.id, 'a decision is for another approval');
    must(decision.digest === proposal.digest, 'a decision is over another action');
    must(decision.answer === 'approve', 'a person denied it');
    must(decision.person.id !== proposal.principal.id, 'who asked for it cannot approve it');
    must(decision.atMs <= approval.deadlineMs, 'a decision came after the deadline');
    must(isMember(deps.directory, verdict.group, decision.person.id), `an approver is no longer in ${verdict.group}`);
    approvers.add(decision.person.id);
  }
  must(approvers.size >= verdict.quorum, `${approvers.size} of ${verdict.quorum} approvals`);
}

/** The canonical arguments, through the tool's schema once more: what runs is what was digested. */
function parsed(tool: AnyTool, args: string): never {
  const raw = JSON.parse(args) as JsonObject;
  must(canonicalJson(raw) === args, 'the arguments are not canonical');
  const result = tool.input.safeParse(raw);
  must(result.success, 'the arguments do not fit the tool');
  return result.data as never;
}

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
