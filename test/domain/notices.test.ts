import { deepEqual, equal } from 'node:assert/strict';
import { test } from 'node:test';
import { nextNoticeMs, noticesDue, noticesOf, reminderOf } from '../../domain/notices.ts';
import { anApproval } from './builders.ts';

const HOUR_MS = 3_600_000;
const waiting = anApproval({
  askedMs: 0,
  deadlineMs: 10 * HOUR_MS,
  escalation: [{ group: 'leads', fromMs: 6 * HOUR_MS }],
});

test('people are reminded at half and at nine tenths of their time, and the next group is told when it may decide', () => {
  deepEqual(
    noticesOf(waiting).map(({ kind, atMs }) => [kind, atMs / HOUR_MS]),
    [
      ['reminder', 5],
      ['escalation', 6],
      ['reminder', 9],
    ],
  );
});

test('each notice falls due once; after a long outage all that are due are given', () => {
  deepEqual(noticesDue(waiting, 0, 5 * HOUR_MS - 1), []);
  equal(noticesDue(waiting, 0, 5 * HOUR_MS).length, 1);
  deepEqual(noticesDue(waiting, 1, 5 * HOUR_MS), []);
  equal(noticesDue(waiting, 1, 9 * HOUR_MS).length, 2);
  equal(nextNoticeMs(waiting, 1), 6 * HOUR_MS);
  equal(nextNoticeMs(waiting, 3), Number.POSITIVE_INFINITY);
});

test('nobody is reminded of what has ended, or within five minutes of its card', () => {
  deepEqual(noticesDue({ ...waiting, end: 'approved' }, 0, 9 * HOUR_MS), []);
  deepEqual(noticesOf(anApproval({ askedMs: 0, deadlineMs: 5 * 60_000 })), []);
});

test('each reminder says something else, and what happens when nobody answers', () => {
  equal(
    reminderOf(waiting, 5 * HOUR_MS),
    'Half of the time to answer is over. This waits until 1970-01-01 10:00 UTC; then it is denied by itself.',
  );
  equal(
    reminderOf({ ...waiting, question: 'unknown' }, 9 * HOUR_MS),
    'Nearly all of the time to answer is over. This waits until 1970-01-01 10:00 UTC; then it stays unknown.',
  );
});
