// What a card says of an approval in our own words: who asks whom, that it was escalated, how it has ended, and what made
// an approval void that was given. Pure: time arrives as nowMs. May import domain.
import type { Outcome } from './action.ts';
import { type Approval, type ApprovalEnd, askedBy, changedFields, type Question } from './approval.ts';
import { type Shown, shownLine } from './display.ts';
import { groupsAt } from './entitlement.ts';
import { parseApprovalId } from './ids.ts';
import { onlyPersonOf } from './principal.ts';
import { timeText } from './text.ts';

// 240 characters: an escalation names three groups and a time.
const TITLE_CHARS = 240;
// 160 characters: some ten names of fields; who needs more sees both cards.
const CHANGED_CHARS = 160;

const ASKS: Readonly<Record<Question | 'leave', string>> = {
  leave: 'for leave',
  unknown: 'what happened',
  budget: 'for more of a budget',
};

/** A group of one is named by its person. */
const groupText = (group: string): string => onlyPersonOf(group) ?? group;

/** The groups that may decide by then. */
export const groupsText = (approval: Approval, nowMs: number): string =>
  groupsAt(askedBy(approval), nowMs).map(groupText).join(', ');

/** Who asks whom for what; and once a further group may decide, that it does, whom it was asked before, and why no more. */
export function titleOf(approval: Approval, nowMs: number): string {
  const { agent, question, end, group, escalation = [] } = approval;
  const asks = `${agent} ${end === 'open' ? 'asks' : 'asked'} ${ASKS[question ?? 'leave']}`;
  const reached = escalation.filter(({ fromMs }) => fromMs <= nowMs);
  const last = reached.at(-1);
  // How far it had come when it ended is not known of what has ended.
  if (end !== 'open' || last === undefined) return shownLine(`${asks}: ${groupText(group)}`, TITLE_CHARS).text;
  const before = [group, ...reached.slice(0, -1).map((one) => one.group)].map(groupText).join(', ');
  const why = `${before} had not decided by ${timeText(last.fromMs)}`;
  return shownLine(`Escalated from ${before} to ${groupText(last.group)}: ${why}. ${asks}`, TITLE_CHARS).text;
}

const OTHERWISE: Readonly<Record<Question | 'leave', string>> = {
  leave: 'then it is denied by itself',
  unknown: 'then it stays unknown, and is not repeated',
  budget: 'then it stays shut',
};

/** What happens where nobody answers; '' once it has ended. */
export function otherwiseOf({ end, question }: Approval): string {
  return end === 'open' ? OTHERWISE[question ?? 'leave'] : '';
}

/** Why an approval does not stand: what was approved is not what would run any more. */
export interface Voided {
  readonly by: 'edit' | 'tool' | 'record' | 'rules';
  /** The fields of the record that are not what they were; none where it is void for another reason. */
  readonly changed: Shown;
}

const NOTHING: Shown = { text: '', flags: [] };

/**
 * Told by the approval that asks anew in its place: of the same action of the batch, in the next round. Undefined where it
 * stands, or nobody was asked anew. `batch`: all approvals of its batch.
 */
export function voidedBy(approval: Approval, batch: readonly Approval[]): Voided | undefined {
  if (approval.question !== undefined || (approval.end !== 'approved' && approval.end !== 'superseded'))
    return undefined;
  const own = parseApprovalId(approval.id);
  const anew = batch.find(({ id }) => {
    const other = parseApprovalId(id);
    return other?.batchId === own?.batchId && other?.index === own?.index && other?.round === (own?.round ?? 0) + 1;
  });
  if (anew === undefined) return undefined;
  if (approval.end === 'superseded') return { by: 'edit', changed: NOTHING };
  // A key of its own: it was proposed anew, under what its tool is declared as now.
  if (anew.actionId !== approval.actionId) return { by: 'tool', changed: NOTHING };
  const changed = changedFields(fieldsOf(approval, anew), approval.evidence, anew.evidence);
  if (changed.length > 0) return { by: 'record', changed: shownLine(changed.join(', '), CHANGED_CHARS) };
  return { by: 'rules', changed: NOTHING };
}

const fieldsOf = (...approvals: readonly Approval[]): readonly string[] =>
  [...new Set(approvals.flatMap(({ evidence }) => Object.keys(evidence?.record ?? {})))].toSorted();

const VOID: Readonly<Record<Voided['by'], string>> = {
  edit: 'Void: somebody has edited it; a new card asks',
  tool: 'Void: it was approved, and then its tool changed. Nothing has run on it; a new card asks',
  record: 'Void: it was approved, and then the record changed. Nothing has run on it; a new card asks',
  rules: 'Void: it was approved, and then the rules asked more. Nothing has run on it; a new card asks',
};

const ENDS: Readonly<Record<Exclude<ApprovalEnd, 'open'>, string>> = {
  approved: 'Approved',
  denied: 'Denied',
  happened: 'Answered: it happened',
  did_not_happen: 'Answered: it did not happen',
  expired: 'Expired: nobody decided in time, so it is denied',
  cancelled: 'Cancelled',
  superseded: 'Void: somebody has edited it',
};
const UNANSWERED: Readonly<Record<Question, string>> = {
  unknown: 'Expired: nobody answered in time, so it stays unknown',
  budget: 'Expired: nobody answered in time, so it stays shut',
};
// An approval is leave, and no promise: rules, a stop or the clock may still have said no.
const NOT_DONE = 'Approved, and then not done';
const NEVER_BEGUN: readonly Outcome['kind'][] = ['denied', 'expired', 'cancelled'];

/** How it has ended, in a sentence; '' while it is open. */
export function endedText({ end, question }: Approval, outcome: Outcome | null, voided: Voided | undefined): string {
  if (end === 'open') return '';
  if (voided !== undefined) return VOID[voided.by];
  if (end === 'expired' && question !== undefined) return UNANSWERED[question];
  return end === 'approved' && outcome !== null && NEVER_BEGUN.includes(outcome.kind) ? NOT_DONE : ENDS[end];
}
