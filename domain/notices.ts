// When people are told of an approval again: reminders while it waits, and the card to the next group once the first has
// kept quiet. Waiting costs one timer at a time. Pure: time arrives as nowMs. May import domain only.
import type { Approval } from './approval.ts';
import { timeText } from './text.ts';

/** `reminder` goes to those who may decide then; `escalation` is the card to a group that may decide from then on. */
export interface Notice {
  readonly kind: 'reminder' | 'escalation';
  readonly atMs: number;
}

// Half, for who has put it off; nine tenths, for who has forgotten it. More would teach people to ignore them.
const REMIND_AT = [1 / 2, 9 / 10] as const;
// 5 min: a reminder sooner after the card, or to a deadline so near, is noise.
const NO_REMINDER_WITHIN_MS = 5 * 60_000;

/** What a reminder says. The second one says something else, for the same words are said once. */
export function reminderOf({ askedMs, deadlineMs, question }: Approval, nowMs: number): string {
  const [, late] = REMIND_AT;
  const part = nowMs - askedMs >= late * (deadlineMs - askedMs) ? 'Nearly all' : 'Half';
  const then = question === undefined ? 'it is denied by itself' : 'it stays unknown';
  return `${part} of the time to answer is over. This waits until ${timeText(deadlineMs)}; then ${then}.`;
}

/** Every notice that an approval may come to, in order of time. */
export function noticesOf({ askedMs, deadlineMs, escalation = [] }: Approval): readonly Notice[] {
  const reminders = REMIND_AT.map((part) => askedMs + Math.round((deadlineMs - askedMs) * part))
    .filter((atMs) => atMs - askedMs >= NO_REMINDER_WITHIN_MS)
    .map((atMs): Notice => ({ kind: 'reminder', atMs }));
  const escalations = escalation.map(({ fromMs }): Notice => ({ kind: 'escalation', atMs: fromMs }));
  return [...reminders, ...escalations].toSorted((one, other) => one.atMs - other.atMs);
}

/** Whether people were reminded of it by then, or should be now. */
export const isRemindedBy = (approval: Approval, nowMs: number): boolean =>
  approval.end === 'open' && noticesOf(approval).some(({ kind, atMs }) => kind === 'reminder' && atMs <= nowMs);

/** Those that are due and of which people were not told yet. `told` counts the notices that were given, in their order. */
export const noticesDue = (approval: Approval, told: number, nowMs: number): readonly Notice[] =>
  approval.end === 'open' ? noticesOf(approval).filter(({ atMs }, at) => at >= told && atMs <= nowMs) : [];

/** When the next one falls due; infinite where none is left. */
export const nextNoticeMs = (approval: Approval, told: number): number =>
  noticesOf(approval)[told]?.atMs ?? Number.POSITIVE_INFINITY;
