// The arithmetic of approvals: who counts, how many are enough, when it is over. Pure: time arrives as nowMs.
// Doing nothing denies: no decision until the deadline is `expired`. May import domain only.
import type { Evidence, Outcome, Proposal } from './action.ts';
import type { Verdict } from './verdict.ts';
import type { JsonObject } from './json.ts';
import type { DecisionAnswer, DecisionStatement, Signed } from './signed.ts';

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
  readonly signed: Signed<DecisionStatement>;
}

/** People's answer to one `ask`, bound to the digest of the exact action. Ends in exactly one of its end states. */
export interface Approval {
  readonly id: string;
  readonly batchId: string;
  readonly actionId: string;
  readonly conversationId: string;
  readonly agent: string;
  /** Whose it is; only people of the same tenant may see and decide it. Absent in approvals of 0.1.0: `default`. */
  readonly tenant?: string;
  /** Set where people are not asked for leave but for an answer: `unknown` means "did it happen?". */
  readonly question?: 'unknown';
  readonly digest: string;
  readonly summary: string;
  /** As in the proposal; absent where the tool does not say, and in approvals of 0.4.0. */
  readonly forWhom?: string;
  readonly howMuch?: string;
  readonly critical?: readonly string[];
  readonly tool: string;
  readonly args: string;
  readonly evidence: Evidence | null;
  readonly ruleId: string;
  readonly reason: string;
  readonly requester: string;
  readonly group: string;
  readonly quorum: number;
  readonly askedMs: number;
  readonly deadlineMs: number;
  readonly decisions: readonly CountedDecision[];
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
export const tenantOf = (approval: Approval): string => approval.tenant ?? 'default';

/** The words that answer it. */
export function answersTo(approval: Pick<Approval, 'question'>): readonly DecisionAnswer[] {
  return approval.question === undefined ? ['approve', 'deny'] : ['happened', 'did_not_happen'];
}

/** What a person gets for a decision. The same decision id gets the same receipt, however often it is sent. */
export interface Receipt {
  readonly decisionId: string;
  readonly approvalId: string;
  readonly counted: boolean;
  /** A sentence for the person: "approved; refund order 1042 runs now", "too late: it expired at …". */
  readonly text: string;
  readonly end: Approval['end'];
}

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
    group: verdict.group,
    quorum: verdict.quorum,
    askedMs: nowMs,
    deadlineMs: nowMs + verdict.withinMs,
    decisions: [],
    end: 'open',
  };
}

/** What a proposal says to people beyond its summary. */
export function forPeople({
  forWhom,
  howMuch,
  critical,
}: Pick<Proposal, 'forWhom' | 'howMuch' | 'critical'>): Pick<Approval, 'forWhom' | 'howMuch' | 'critical'> {
  return {
    ...(forWhom === undefined ? {} : { forWhom }),
    ...(howMuch === undefined ? {} : { howMuch }),
    ...(critical === undefined ? {} : { critical }),
  };
}

/**
 * Count one verified decision. Only an open approval changes. The same decision gets its receipt again; another word of
 * the same person does not count. In time is what was signed before the deadline, if it arrives while the approval is
 * still open.
 */
export function applyDecision(approval: Approval, decision: CountedDecision): { approval: Approval; receipt: Receipt } {
  const seen = approval.decisions.find(
    (one) => one.decisionId === decision.decisionId || one.personId === decision.personId,
  );
  if (seen !== undefined) {
    const text = `your ${seen.answer} of ${approval.summary} is already counted`;
    return { approval, receipt: receiptOf(approval, seen.decisionId, seen.answer === decision.answer, text) };
  }
  if (approval.end !== 'open') {
    return {
      approval,
      receipt: receiptOf(approval, decision.decisionId, false, `too late: it is already ${approval.end}`),
    };
  }
  // It does not count, and ends nothing: the clock that signed it may be wrong; the Workflow's own timer is the judge.
  if (decision.atMs >= approval.deadlineMs) {
    return { approval, receipt: receiptOf(approval, decision.decisionId, false, 'too late: the deadline was over') };
  }
  // Four eyes are for leave. What happened may be said by whoever knows it: a new action is ruled on like any other.
  if (decision.personId === approval.requester && approval.question === undefined) {
    const text = 'who asks for an action cannot approve or deny it';
    return { approval, receipt: receiptOf(approval, decision.decisionId, false, text) };
  }
  if (!answersTo(approval).includes(decision.answer)) {
    const text = `it is answered by ${answersTo(approval).join(' or ')}, not by ${decision.answer}`;
    return { approval, receipt: receiptOf(approval, decision.decisionId, false, text) };
  }
  const decisions = [...approval.decisions, decision];
  if (decision.answer === 'happened' || decision.answer === 'did_not_happen') {
    const answered = { ...approval, decisions, end: decision.answer };
    const text = `recorded: ${approval.summary} ${decision.answer === 'happened' ? 'happened' : 'did not happen'}`;
    return { approval: answered, receipt: receiptOf(answered, decision.decisionId, true, text) };
  }
  const approvals = decisions.filter((one) => one.answer === 'approve').length;
  const end = decision.answer === 'deny' ? 'denied' : approvals >= approval.quorum ? 'approved' : 'open';
  const next = { ...approval, decisions, end } as const;
  const text =
    end === 'open'
      ? `counted; ${approvals} of ${approval.quorum} have approved ${approval.summary}`
      : `${end}: ${approval.summary}`;
  return { approval: next, receipt: receiptOf(next, decision.decisionId, true, text) };
}

/** An open approval past its deadline is expired, which denies. */
export function expireIfDue(approval: Approval, nowMs: number): Approval {
  return approval.end === 'open' && nowMs >= approval.deadlineMs ? { ...approval, end: 'expired' } : approval;
}

/** End an open approval for another reason; an ended one stays as it ended. */
export function endApproval(approval: Approval, end: 'cancelled' | 'superseded'): Approval {
  return approval.end === 'open' ? { ...approval, end } : approval;
}

/** What a person's answer to the question whether an action happened makes of its outcome. */
export function outcomeOfAnswer({ answer, personId, reason }: CountedDecision): Outcome {
  if (answer === 'happened') return { kind: 'succeeded', result: { confirmedBy: personId, reason } };
  return { kind: 'failed', reason: `it did not happen; ${personId} looked${reason === '' ? '' : `: ${reason}`}` };
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
  | { readonly kind: 'ask_anew'; readonly reason: string } {
  const { verdict, evidence } = again;
  if (verdict.kind === 'deny') return { kind: 'denied', reason: verdict.reason };
  const before = approval.evidence?.record ?? {};
  const now = evidence?.record ?? {};
  const changed = preconditions.filter((field) => !sameValue(before, now, field));
  if (changed.length > 0) return { kind: 'ask_anew', reason: `changed since it was asked: ${changed.join(', ')}` };
  if (verdict.kind === 'ask' && (verdict.group !== approval.group || verdict.quorum > approval.quorum)) {
    return { kind: 'ask_anew', reason: `the rule now asks ${verdict.quorum} of ${verdict.group}` };
  }
  return { kind: 'stands' };
}

function sameValue(before: JsonObject, now: JsonObject, field: string): boolean {
  return JSON.stringify(before[field]) === JSON.stringify(now[field]);
}

function receiptOf(approval: Approval, decisionId: string, counted: boolean, text: string): Receipt {
  return { decisionId, approvalId: approval.id, counted, text, end: approval.end };
}
