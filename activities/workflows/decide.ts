// Asking the rules. The verdict is signed and goes into history as a marker, so that editing a rule never breaks an open
// conversation. Writes nothing: it runs again when a Worker dies before its Workflow Task completes.
// May import domain, trust and store types.
import { authorsOf, type Proposal, type RuledAction } from '../../domain/action.ts';
import { changedFields } from '../../domain/approval.ts';
import { TOOL_CHANGED, type Verdict } from '../../domain/verdict.ts';
import type { Inspected, WorkflowsActivities } from '../../domain/activity-ports.ts';
import type { JsonObject } from '../../domain/json.ts';
import { entitledPeople } from '../../domain/entitlement.ts';
import { parseStepId } from '../../domain/ids.ts';
import { groupsOf } from '../../domain/principal.ts';
import type { RuleFacts } from '../../domain/rule.ts';
import type { VerdictStatement } from '../../domain/signed.ts';
import { type Callable, isDeclared } from '../../domain/tool.ts';
import type { ActionRow } from '../../store/ports.ts';
import { canonicalJson, proposalDigest, sha256Hex } from '../../trust/digest.ts';
import { agentOf, declarationOf, toolOf } from './agents.ts';
import { criticalOf } from './arguments.ts';
import type { WorkflowsDeps } from './deps.ts';

export function createDecide(deps: WorkflowsDeps): WorkflowsActivities['decide'] {
  return (inspected) => Promise.all(inspected.map((one) => decideOne(deps, one)));
}

async function decideOne(deps: WorkflowsDeps, inspected: Inspected): Promise<RuledAction> {
  const { proposal, evidence } = inspected;
  const verdict = await verdictOn(deps, proposal, evidence);
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
    approval: leaveIn(inspected),
    atMs: deps.nowMs(),
  };
  return { proposal, evidence, verdict, signed: await deps.signer.sign(statement) };
}

/** Leave for what the record said then is none for what it says now: nobody can act on the two together. */
function leaveIn({ proposal, evidence, approval, seen }: Inspected): Inspected['approval'] {
  const stands = seen === undefined || changedFields(proposal.preconditions, seen, evidence).length === 0;
  return stands ? approval : null;
}

async function verdictOn(deps: WorkflowsDeps, proposal: Proposal, evidence: Inspected['evidence']): Promise<Verdict> {
  const loaded = agentOf(deps.agents, proposal.agent);
  const { ruleVersion } = loaded;
  const denied = (ruleId: string, reason: string): Verdict => ({ kind: 'deny', ruleId, ruleVersion, reason });
  const tool = toolOf(loaded, proposal.tool);
  if (tool === undefined || !isDeclared(tool, declarationOf(loaded, tool), proposal)) {
    return denied(TOOL_CHANGED, `the tool ${proposal.tool} has changed since; propose it again`);
  }
  const unstarted = await whyNoStep(deps, proposal);
  if (unstarted !== undefined) return denied('no-step', unstarted);
  if (proposal.inspects && evidence === null) {
    return denied('no-evidence', 'the record that it concerns could not be read');
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
  const verdict = await deps.rules.decide(proposal.agent, {
    actionId: proposal.actionId,
    tool: tool.name,
    effect: tool.effect,
    egress: tool.egress,
    ...stepOf(proposal),
    input: JSON.parse(proposal.args) as JsonObject,
    evidence,
    principal: proposal.principal,
    critical: tool.critical,
    provenance: proposal.provenance,
    groups: groupsOf(deps.directory, proposal.principal.id),
    nowMs: deps.nowMs(),
  });
  const nobody = verdict.kind === 'ask' ? whyNobodyCan(deps, proposal, verdict) : undefined;
  return nobody === undefined ? verdict : denied(verdict.ruleId, nobody);
}

/**
 * What is proposed as a step may be allowed what a call of the model is not, so that must be true: a procedure of that name
 * was started with leave and goes on. After a Reset, what has ended without being done stays undone.
 */
async function whyNoStep(
  { store }: WorkflowsDeps,
  { actionId, agent, conversationId, proposedBy }: Proposal,
): Promise<string | undefined> {
  if (proposedBy === undefined) return undefined;
  const [start, own] = [await store.actions.get(proposedBy.actionId), await store.actions.get(actionId)];
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

/** Whose code proposes it, where it is a step of a procedure. */
function stepOf({ actionId, proposedBy }: Proposal): Pick<RuleFacts, 'proposedBy'> {
  if (proposedBy === undefined) return {};
  return { proposedBy: { procedure: proposedBy.procedure, step: parseStepId(actionId)?.step ?? '' } };
}

/** Why the people whom a rule asks could never give leave; undefined when they can. Asking nobody denies. */
function whyNobodyCan(
  { directory }: WorkflowsDeps,
  proposal: Proposal,
  { group, quorum, escalation = [], amount }: Extract<Verdict, { kind: 'ask' }>,
): string | undefined {
  const able = (of: string) =>
    entitledPeople(directory, { group: of, escalation: [], authors: authorsOf(proposal), amount }, 0).length;
  if (able(group) < quorum)
    return `the rule asks ${quorum} of ${group}, where ${able(group)} may decide${whoseWords(proposal)}`;
  const empty = escalation.find((one) => able(one.group) === 0);
  return empty && `the rule escalates to ${empty.group}, where nobody may decide`;
}

/** Where words of others led to it, those cannot decide; in the requester's own words it can be asked of them. */
const whoseWords = ({ editors = [] }: Proposal): string =>
  editors.length === 0 ? '' : `: it rests on words of ${editors.join(', ')}; the requester may ask for it in their own`;

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
