// Approvals: whom one asks, when it is over, whether it still stands. Pure: time arrives as nowMs.
// Doing nothing denies: no decision until the deadline is `expired`. May import domain only.
import type { Evidence, Proposal } from './action.ts';
import type { Amount, Asked, Escalation } from './entitlement.ts';
import { DEFAULT_TENANT } from './principal.ts';
import type { Provenance } from './provenance.ts';
import { TOOL_CHANGED, type Verdict } from './verdict.ts';
import type { JsonObject } from './json.ts';
import type { DecisionAnswer, DecisionStatement, LeaveAsked, Signed } from './signed.ts';

// 15 min after the last decision could be given: an approval is leave to act soon, not some day.
export const ACT_WITHIN_MS = 15 * 60_000;

/** One person's decision that counts, with the signed words that prove it. */
export interface CountedDecision {
  readonly decisionId: string;
  readonly personId: string;
  readonly answer: DecisionAnswer;
  readonly reason: string;
  readonly atMs: number;
  /** How the person was known; absent in decisions of 0.3.0. */
  readonly method?: string;
  /** With `edit`: the arguments that are to run instead, as canonical JSON. */
  readonly args?: string;
  readonly signed: Signed<DecisionStatement>;
}

export type Question = 'unknown' | 'budget';

/** People's answer to one `ask`, bound to the digest of the exact action. Ends in exactly one of its end states. */
export interface Approval {
  readonly id: string;
  readonly batchId: string;
  readonly actionId: string;
  readonly conversationId: string;
  readonly agent: string;
  /** Whose it is; only people of the same tenant may see and decide it. Absent in approvals of 0.1.0: `default`. */
  readonly tenant?: string;
  /** Set where people are not asked for leave to act: `unknown` means "did it happen?", `budget` "may more be used?". */
  readonly question?: Question;
  readonly digest: string;
  readonly summary: string;
  /** As in the proposal; absent where the tool does not say, and in approvals of 0.4.0. */
  readonly forWhom?: string;
  readonly howMuch?: string;
  readonly critical?: readonly string[];
  readonly provenance?: Provenance;
  readonly tool: string;
  readonly args: string;
  readonly evidence: Evidence | null;
  readonly ruleId: string;
  readonly reason: string;
  readonly requester: string;
  /** Whose words it rests on besides the requester's; they decide no more on it than the requester does. */
  readonly editors?: readonly string[];
  /** The name of the procedure whose step it is. */
  readonly procedure?: string;
  readonly group: string;
  /** Who may decide too, from when on. */
  readonly escalation?: readonly Escalation[];
  readonly amount?: Amount;
  readonly quorum: number;
  readonly askedMs: number;
  readonly deadlineMs: number;
  readonly decisions: readonly CountedDecision[];
  /** What was said besides: approvals that were taken back, what took them back, and what was asked back. */
  readonly asides?: readonly CountedDecision[];
  readonly end: ApprovalEnd;
}

/** `happened` and `did_not_happen` end a question; `approved` and `denied` end an asking for leave. */
export type ApprovalEnd =
  | 'open'
  | 'approved'
  | 'denied'
  | 'happened'
  | 'did_not_happen'
  | 'expired'
  | 'cancelled'
  | 'superseded';

/** The tenant of an approval, as 0.1.0 left it out. */
export const tenantOf = (approval: Approval): string => approval.tenant ?? DEFAULT_TENANT;

/** Channels belong to the default tenant, as whoever speaks there does: what another tenant asks is shown in none. */
export const mayStandInChannels = (approval: Approval): boolean => tenantOf(approval) === DEFAULT_TENANT;

/** Whom it asks. What happened may be said by whoever knows it: that question has no authors. */
export function askedBy(
  approval: Pick<Approval, 'group' | 'escalation' | 'requester' | 'editors' | 'amount' | 'question'>,
): Asked {
  const { group, escalation = [], requester, editors = [], amount, question } = approval;
  return { group, escalation, amount, authors: question === 'unknown' ? [] : [requester, ...editors] };
}

/** Every group that an approval, or the verdict behind it, asks sooner or later. */
export const groupsOf = ({
  group,
  escalation = [],
}: {
  readonly group: string;
  readonly escalation?: readonly { readonly group: string }[] | undefined;
}): readonly string[] => [group, ...escalation.map((one) => one.group)];

type Ask = Extract<Verdict, { kind: 'ask' }>;

/** Open the approval that the verdict asks for. Every deadline of a batch runs from its card. */
export function openApproval(
  id: string,
  batchId: string,
  proposal: Proposal,
  evidence: Evidence | null,
  verdict: Ask,
  nowMs: number,
): Approval {
  const escalation = (verdict.escalation ?? []).map(({ group, afterMs }) => ({ group, fromMs: nowMs + afterMs }));
  return {
    id,
    batchId,
    actionId: proposal.actionId,
    conversationId: proposal.conversationId,
    agent: proposal.agent,
    tenant: proposal.tenant,
    digest: proposal.digest,
    summary: proposal.summary,
    ...forPeople(proposal),
    tool: proposal.tool,
    args: proposal.args,
    evidence,
    ruleId: verdict.ruleId,
    reason: verdict.reason,
    requester: proposal.principal.id,
    ...(proposal.editors === undefined ? {} : { editors: proposal.editors }),
    ...(proposal.proposedBy === undefined ? {} : { procedure: proposal.proposedBy.procedure }),
    group: verdict.group,
    ...(escalation.length === 0 ? {} : { escalation }),
    ...(verdict.amount === undefined ? {} : { amount: verdict.amount }),
    quorum: verdict.quorum,
    askedMs: nowMs,
    deadlineMs: nowMs + verdict.withinMs,
    decisions: [],
    end: 'open',
  };
}

type ForPeople = 'forWhom' | 'howMuch' | 'critical' | 'provenance';

/** What a proposal says to people beyond its summary. */
export function forPeople({
  forWhom,
  howMuch,
  critical,
  provenance,
}: Pick<Proposal, ForPeople>): Pick<Approval, ForPeople> {
  return {
    ...(forWhom === undefined ? {} : { forWhom }),
    ...(howMuch === undefined ? {} : { howMuch }),
    ...(critical === undefined ? {} : { critical }),
    ...(provenance === undefined ? {} : { provenance }),
  };
}

/** What the verdict that people's leave is for says of it. */
export function leaveOf({ id, deadlineMs, escalation }: Approval): LeaveAsked {
  return { id, deadlineMs, ...(escalation === undefined ? {} : { escalation }) };
}

/** An open approval past its deadline is expired, which denies. */
export function expireIfDue(approval: Approval, nowMs: number): Approval {
  return approval.end === 'open' && nowMs >= approval.deadlineMs ? { ...approval, end: 'expired' } : approval;
}

/** End an open approval for another reason; an ended one stays as it ended. */
export function endApproval(approval: Approval, end: 'cancelled' | 'superseded'): Approval {
  return approval.end === 'open' ? { ...approval, end } : approval;
}

/**
 * After the last decision the action is inspected and decided again. The approvals stand unless the new verdict asks
 * for other people or more of them, or a field that the tool's preconditions name has changed.
 */
export function stillStands(
  approval: Approval,
  again: { readonly verdict: Verdict; readonly evidence: Evidence | null },
  preconditions: readonly string[],
):
  | { readonly kind: 'stands' }
  | { readonly kind: 'denied'; readonly reason: string }
  | { readonly kind: 'tool_changed'; readonly reason: string }
  | { readonly kind: 'ask_anew'; readonly reason: string } {
  const { verdict, evidence } = again;
  if (verdict.ruleId === TOOL_CHANGED) return { kind: 'tool_changed', reason: verdict.reason };
  if (verdict.kind === 'deny') return { kind: 'denied', reason: verdict.reason };
  const changed = changedFields(preconditions, approval.evidence, evidence);
  if (changed.length > 0) return { kind: 'ask_anew', reason: `changed since it was asked: ${changed.join(', ')}` };
  if (verdict.kind === 'ask' && asksMore(approval, verdict)) {
    return { kind: 'ask_anew', reason: `the rule now asks ${verdict.quorum} of ${verdict.group}` };
  }
  return { kind: 'stands' };
}

/** Other people, more of them, or leave for more. */
function asksMore(approval: Approval, verdict: Ask): boolean {
  const known = groupsOf(verdict);
  return (
    verdict.group !== approval.group ||
    groupsOf(approval).some((group) => !known.includes(group)) ||
    verdict.quorum > approval.quorum ||
    !covers(approval.amount, verdict.amount)
  );
}

const covers = (given: Amount | undefined, asked: Amount | undefined): boolean =>
  asked === undefined ||
  (given !== undefined && given.currency === asked.currency && given.minorUnits >= asked.minorUnits);

/** Those of the fields of the record that have changed since people saw it. */
export function changedFields(
  fields: readonly string[],
  seen: Evidence | null,
  now: Evidence | null,
): readonly string[] {
  return fields.filter((field) => !sameValue(seen?.record ?? {}, now?.record ?? {}, field));
}

function sameValue(before: JsonObject, now: JsonObject, field: string): boolean {
  return JSON.stringify(before[field]) === JSON.stringify(now[field]);
}
