// What waits for people, a batch or a question: its state, what goes on record of it, and what operators see.
// May import domain and @temporalio/workflow.
import type { SettledAction } from '../domain/action.ts';
import { type Approval, askedBy, type CountedDecision, endApproval, expireIfDue } from '../domain/approval.ts';
import { groupsAt } from '../domain/entitlement.ts';
import { nextNoticeMs, noticesDue, reminderOf } from '../domain/notices.ts';
import type { Entry } from '../domain/entry.ts';
import type { DecisionStatement, Signed } from '../domain/signed.ts';
import { has } from './changes.ts';
import { type BatchPhase, describeBatch, showBatchColumns } from './desk.ts';
import { workflowsRole } from './effects.ts';
import { type Held, NOT_HELD } from './hold.ts';
import { condition } from './in-turn.ts';

/** The state of a batch that waits: one printable object. */
export interface Waiting extends Held {
  readonly batchId: string;
  /** As what the conversation knows it: itself, or the procedure whose step it is. */
  readonly reportsAs: string;
  /** Every approval asked for, the void ones too, so that a late click gets its receipt. */
  approvals: Approval[];
  settled: SettledAction[];
  /** Whose words stand in how procedures ended that were started here. */
  quotes: string[];
  /** Decisions that came by Signal and are not verified yet. */
  delivered: Signed<DecisionStatement>[];
  /** What is not on record yet, and how many writes are under way. */
  unrecorded: Entry[];
  writing: number;
  /** What the row of the operators' list says. */
  shown: string;
  /** False in a run that began when decisions were confirmed before they were on record, and rows did not follow. */
  readonly keepsUp: boolean;
  /** How many notices of each approval were given, by its id. False: the run began when nobody was reminded. */
  readonly noticed: Record<string, number> | false;
  /** What approvers ask the conversation, and was not passed on yet. */
  asksBack: { readonly approval: Approval; readonly decision: CountedDecision }[];
  /** Somebody who is asked can be reached on a channel, as the record said when it was asked. */
  hasCards: boolean;
  /** How often something changed that cards show, and up to which of these changes they show it. */
  changes: number;
  shownChanges: number;
  /** When people were due to be reminded, and of what in which sentence; of what was not said yet. */
  reminders: { readonly sentence: string; readonly atMs: number }[];
}

/** `groups` as its row was started with. */
export function openWaiting(batchId: string, groups: string, reportsAs = batchId): Waiting {
  const empty = { approvals: [], settled: [], quotes: [], delivered: [], unrecorded: [], asksBack: [], writing: 0 };
  const unseen = { hasCards: false, changes: 0, shownChanges: 0, reminders: [] };
  const keepsUp = has('keeps-up');
  const noticed = has('reminds') ? {} : false;
  return { batchId, reportsAs, ...empty, ...unseen, ...NOT_HELD, shown: rowOf('waiting', groups), keepsUp, noticed };
}

/**
 * Resolves once all is on record, whoever writes it. Called before a card is shown, before a decision is confirmed,
 * before acting, and at the end.
 */
export async function flush(waiting: Waiting): Promise<void> {
  while (waiting.unrecorded.length > 0) {
    const entries = waiting.unrecorded;
    waiting.unrecorded = [];
    waiting.writing += 1;
    const recorded = await workflowsRole.record({ entries, items: [] });
    waiting.writing -= 1;
    if ('hasCards' in recorded) waiting.hasCards = true;
    for (const entry of entries) showRecorded(waiting, entry);
  }
  await condition(() => waiting.writing === 0);
}

/** What is on record by now is shown in channels, and no sooner. */
function showRecorded(waiting: Waiting, { subject, fact }: Entry): void {
  switch (fact.kind) {
    case 'approval_noticed': {
      const reminds = fact.notice === 'reminder' && waiting.hasCards;
      const atMs = Date.now();
      const sentence = reminds ? reminderOf(find(waiting, subject), atMs) : undefined;
      // The approvals of a batch that were asked together are one reminder.
      const isNew = sentence !== undefined && waiting.reminders.every((one) => one.sentence !== sentence);
      if (isNew) waiting.reminders.push({ sentence, atMs });
      return noteChange(waiting);
    }
    case 'approval_requested':
    case 'decided':
    case 'approval_settled':
    case 'settled':
      return noteChange(waiting);
    default:
  }
}

/** Something has changed that cards show. */
export function noteChange(waiting: Waiting): void {
  waiting.changes += 1;
}

const rowOf = (phase: BatchPhase, group: string): string => `${phase} · ${group}`;

/** The live panel of the batch, and what its row says. A change of the row costs an event, so only a change is written. */
export function showBatch(waiting: Waiting, phase: BatchPhase, group = ''): void {
  describeBatch(waiting.approvals);
  const shown = rowOf(phase, group);
  const isNew = waiting.keepsUp ? shown !== waiting.shown : phase !== 'waiting';
  if (isNew) showBatchColumns(phase, group);
  waiting.shown = shown;
}

/** Ask people: the approval is on record before any card shows it. */
export function request(waiting: Waiting, approval: Approval): void {
  waiting.approvals.push(approval);
  note(waiting, approval, 'requested', { kind: 'approval_requested', approval });
}

/** End an open approval for a reason other than a decision or the clock. */
export function endOpen(waiting: Waiting, id: string, end: 'cancelled' | 'superseded'): void {
  replace(waiting, endApproval(find(waiting, id), end));
}

/** A passed deadline, or a cancelled batch, ends every open approval, whichever is waited for just now. */
export function endDue(waiting: Waiting): void {
  for (const approval of waiting.approvals) {
    const due = waiting.hold === 'cancelled' ? endApproval(approval, 'cancelled') : expireIfDue(approval, Date.now());
    if (due !== approval) replace(waiting, due);
  }
}

/** Put on record that people are told again of what is open, where it is time. */
export function noticeDue(waiting: Waiting): void {
  if (waiting.noticed === false) return;
  for (const approval of waiting.approvals) {
    const told = waiting.noticed[approval.id] ?? 0;
    const due = noticesDue(approval, told, Date.now());
    for (const [at, { kind: notice }] of due.entries()) {
      const groups = groupsAt(askedBy(approval), Date.now());
      const fact = { kind: 'approval_noticed', approvalId: approval.id, notice, groups } as const;
      note(waiting, approval, `noticed:${told + at + 1}`, fact);
    }
    if (due.length > 0) waiting.noticed[approval.id] = told + due.length;
  }
}

/** When the next deadline or notice falls due; infinite when nothing is open. */
export function nextDueMs({ approvals, noticed }: Waiting): number {
  const open = approvals.filter((one) => one.end === 'open');
  const notices = noticed === false ? [] : open.map((one) => nextNoticeMs(one, noticed[one.id] ?? 0));
  return Math.min(...open.map((one) => one.deadlineMs), ...notices);
}

/** Put the approval in the place of what it was; an end goes on record. */
export function replace(waiting: Waiting, approval: Approval): void {
  const before = find(waiting, approval.id);
  waiting.approvals = waiting.approvals.map((one) => (one.id === approval.id ? approval : one));
  if (before.end === 'open' && approval.end !== 'open') {
    note(waiting, approval, 'settled', { kind: 'approval_settled', approval });
  }
}

/** Have it on record by the next `flush`; once, by its step. */
export function note(waiting: Waiting, approval: Approval, step: string, fact: Entry['fact']): void {
  const { id, conversationId } = approval;
  waiting.unrecorded.push({ subject: id, step, conversationId, atMs: Date.now(), fact });
}

export function find(waiting: Waiting, id: string): Approval {
  const approval = waiting.approvals.find((one) => one.id === id);
  if (approval === undefined) throw new Error(`there must be an approval ${id}`); // only a bug breaks this
  return approval;
}
