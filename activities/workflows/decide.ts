// Asking the rules. The verdict is signed and goes into history as a marker, so that editing a rule never breaks an open
// conversation. Writes nothing: it runs again when a Worker dies before its Workflow Task completes.
// May import domain, trust and store types.
import type { Proposal, RuledAction } from '../../domain/action.ts';
import { changedFields } from '../../domain/approval.ts';
import { type DeniedByCode, TOOL_CHANGED } from '../../domain/verdict.ts';
import type { Inspected, WorkflowsActivities } from '../../domain/activity-ports.ts';
import { type LoadedAgent, periodLimitsOf } from '../../domain/agent.ts';
import { type LimitUse, type Sums, usesFor } from '../../domain/limit.ts';
import { groupsOf } from '../../domain/principal.ts';
import { factsOf, heldToPeople } from '../../domain/ruling.ts';
import { isPlainRead } from '../../domain/rule.ts';
import type { VerdictStatement } from '../../domain/signed.ts';
import { type Callable, isDeclared } from '../../domain/tool.ts';
import type { ActionRow } from '../../store/ports.ts';
import { canonicalJson, givenDigest, proposalDigest, sha256Hex } from '../../trust/digest.ts';
import { agentOf, declarationOf, toolOf } from './agents.ts';
import { restingOnFacts } from './rested-on.ts';
import { criticalOf } from './arguments.ts';
import type { WorkflowsDeps } from './deps.ts';

const TOO_MUCH = 'the records that the calls of this answer concern are too long together; ask for fewer at a time';

export function createDecide(deps: WorkflowsDeps): WorkflowsActivities['decide'] {
  return (inspected) => Promise.all(inspected.map((one) => decideOne(deps, one)));
}

async function decideOne(deps: WorkflowsDeps, inspected: Inspected): Promise<RuledAction> {
  const { proposal, evidence } = inspected;
  const { verdict, given } = await rulingOn(deps, inspected);
  const statement: VerdictStatement = {
    kind: 'verdict',
    actionId: proposal.actionId,
    digest: proposal.digest,
    proposalSha256: proposalDigest(proposal),
    agent: proposal.agent,
    tenant: proposal.tenant,
    principalId: proposal.principal.id,
    verdict,
    evidenceSha256: evidence === null ? '' : sha256Hex(canonicalJson({ ...evidence })),
    ...(given === undefined ? {} : { givenSha256: givenDigest(given) }),
    approval: leaveIn(inspected),
    atMs: deps.nowMs(),
  };
  const signed = await deps.signer.sign(statement);
  return { proposal, evidence, verdict, ...(given === undefined ? {} : { given }), signed };
}

/** Leave for what the record said then is none for what it says now: nobody can act on the two together. */
function leaveIn({ proposal, evidence, approval, seen }: Inspected): Inspected['approval'] {
  const stands = seen === undefined || changedFields(proposal.preconditions, seen, evidence).length === 0;
  return stands ? approval : null;
}

/** `given`: what the rules saw besides; absent where code had denied it before any rule was asked. */
async function rulingOn(
  deps: WorkflowsDeps,
  { proposal, evidence, isLeftOut }: Inspected,
): Promise<Pick<RuledAction, 'verdict' | 'given'>> {
  const loaded = agentOf(deps.agents, proposal.agent);
  const { ruleVersion } = loaded;
  const denied = (ruleId: DeniedByCode, reason: string): Pick<RuledAction, 'verdict'> => {
    return { verdict: { kind: 'deny', ruleId, ruleVersion, reason } };
  };
  const tool = toolOf(loaded, proposal.tool);
  if (tool === undefined || !isDeclared(tool, declarationOf(loaded, tool), proposal)) {
    return denied(TOOL_CHANGED, `the tool ${proposal.tool} has changed since; propose it again`);
  }
  const unstarted = await whyNoStep(deps, proposal);
  if (unstarted !== undefined) return denied('no-step', unstarted);
  if (proposal.inspects && evidence === null) {
    return denied('no-evidence', isLeftOut ? TOO_MUCH : 'the record that it concerns could not be read');
  }
  const twin = proposal.effect === 'read' ? undefined : await openTwin(deps, proposal, tool);
  if (twin !== undefined) {
    return denied('already-open', `the same is open as ${twin.id} (${twin.outcome?.kind ?? twin.stage}); wait for it`);
  }
  const before = proposal.effect === 'read' ? undefined : await deniedBefore(deps, proposal, tool, evidence);
  if (before !== undefined) {
    const reason = `the same was denied as ${before.id}, and the record has not changed since; do not ask again`;
    return denied('denied-before', reason);
  }
  const nowMs = deps.nowMs();
  const resting = await restingOnFacts(deps, loaded, proposal, nowMs);
  // A read that carries nothing out is how it is read again.
  if (resting.why !== undefined && !isPlainRead(tool)) return denied('stale-fact', resting.why);
  const { facts } = resting;
  const limits = await usedBy(deps, loaded, proposal, nowMs);
  const groups = groupsOf(deps.directory, proposal.principal.id);
  const given = { groups, nowMs, ...(limits.length === 0 ? {} : { limits }), ...(facts.length === 0 ? {} : { facts }) };
  const verdict = await deps.rules.decide(proposal.agent, factsOf(proposal, tool, evidence, given));
  return { verdict: heldToPeople(verdict, proposal, deps.directory), given };
}

/** What was taken by now of each limit that counts it. The claim looks again, for by then others may have taken more. */
async function usedBy(
  { store }: WorkflowsDeps,
  { agent }: LoadedAgent,
  { actionId, agent: name, tenant, principal, tool }: Proposal,
  nowMs: number,
): Promise<readonly LimitUse[]> {
  const call = { agent: name, tenant, principalId: principal.id, tool };
  const uses = usesFor(periodLimitsOf(agent), call, nowMs);
  const sums = await Promise.all(uses.map((use) => store.limits.used({ ...call, ...use, actionId })));
  return uses.map((use, at) => ({ ...use, used: sums[at] ?? NOTHING }));
}

const NOTHING: Sums = {};

/**
 * What is proposed as a step may be allowed what a call of the model is not, so that must be true: a procedure of that name
 * was started with leave and goes on. After a Reset, what has ended without being done stays undone.
 */
async function whyNoStep(
  { store }: WorkflowsDeps,
  { actionId, agent, conversationId, proposedBy }: Proposal,
): Promise<string | undefined> {
  if (proposedBy === undefined) return undefined;
  const rows = await store.actions.some([proposedBy.actionId, actionId]);
  const [start, own] = [proposedBy.actionId, actionId].map((one) => rows.find(({ id }) => id === one));
  const isStarted =
    start?.effect === 'start' &&
    start.tool === proposedBy.procedure &&
    start.agent === agent &&
    start.conversationId === conversationId &&
    (await hasLeave(store, start));
  if (!isStarted) return `no procedure ${proposedBy.procedure} was started as ${proposedBy.actionId}`;
  if (start.outcome !== null) return `the procedure ${proposedBy.actionId} has ended`;
  const ended = own?.outcome?.kind ?? '';
  return UNDONE.has(ended) ? `it has ended as ${ended} before` : undefined;
}

const UNDONE: ReadonlySet<string> = new Set(['denied', 'expired', 'cancelled']);

async function hasLeave({ approvals }: WorkflowsDeps['store'], { verdict, approvalId }: ActionRow): Promise<boolean> {
  if (verdict?.kind !== 'ask') return verdict?.kind === 'allow';
  return approvalId !== null && (await approvals.get(approvalId))?.end === 'approved';
}

/**
 * The same that a person denied in this conversation, with the same tool and critical arguments, while the record is as it
 * was then: it is not asked again.
 */
async function deniedBefore(deps: WorkflowsDeps, proposal: Proposal, tool: Callable, evidence: Inspected['evidence']) {
  const rows = await deps.store.actions.deniedByPeople(proposal.conversationId, proposal.tool);
  const critical = criticalOf(tool, proposal.args);
  const asItIs = recordOf(evidence);
  return rows.find(
    (row) =>
      row.id !== proposal.actionId && criticalOf(tool, row.args) === critical && recordOf(row.evidence) === asItIs,
  );
}

const recordOf = (evidence: Inspected['evidence']): string =>
  evidence === null ? '' : canonicalJson({ version: evidence.version, record: evidence.record });

/** A write that has not ended, or may have happened, with the same tool and critical arguments, in this conversation. */
async function openTwin(deps: WorkflowsDeps, proposal: Proposal, tool: Callable): Promise<ActionRow | undefined> {
  const rows = await deps.store.actions.openWrites(proposal.conversationId, proposal.tool);
  const critical = criticalOf(tool, proposal.args);
  return rows.find((row) => row.id !== proposal.actionId && criticalOf(tool, row.args) === critical);
}
