// For what a recovery is said to have waited, from histories written by hand.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { partsIn } from '../../bench/measures/recovery-parts.ts';

type Events = Parameters<typeof partsIn>[0];

// The kill is at 1 s, the role is up at 2 s, the reply is there at 5 s.
const STRETCH = { killMs: 1_000, fromMs: 2_000, toMs: 5_000 };
const at = (ms: number) => ({ seconds: Math.floor(ms / 1_000), nanos: (ms % 1_000) * 1_000_000 });
const none = { sticky_queue: 0, workflow_task_timeout: 0, heartbeat_timeout: 0, retry: 0 };
const history = (...events: readonly object[]) => events as unknown as Events;

test('what no time-out explains is work', () => {
  assert.deepEqual(partsIn(history(), STRETCH), { ...none, work: 3_000 });
});

test('a Workflow Task waits in the queue of a dead worker, or for one that had taken it', () => {
  const task = (eventId: number, ms: number) => ({ eventId, eventTime: at(ms) });
  const timedOut = (ms: number, timeoutType: number) => ({
    ...task(9, ms),
    workflowTaskTimedOutEventAttributes: { scheduledEventId: 1, startedEventId: 2, timeoutType },
  });
  const begun = [task(1, 2_000), task(2, 2_200)];
  assert.deepEqual(partsIn(history(...begun, timedOut(2_500, 2)), STRETCH), {
    ...none,
    sticky_queue: 500,
    work: 2_500,
  });
  assert.deepEqual(partsIn(history(...begun, timedOut(4_200, 1)), STRETCH), {
    ...none,
    workflow_task_timeout: 2_000,
    work: 1_000,
  });
});

test('the second attempt of an Activity waits for the heartbeat of the first, then for its pause', () => {
  const retryPolicy = { initialInterval: { seconds: 0, nanos: 500_000_000 }, backoffCoefficient: 2 };
  const events = history(
    { eventId: 3, eventTime: at(900), activityTaskScheduledEventAttributes: { retryPolicy } },
    { eventId: 4, eventTime: at(3_500), activityTaskStartedEventAttributes: { scheduledEventId: 3, attempt: 2 } },
  );
  // What was waited before the role was up is no part of it.
  assert.deepEqual(partsIn(events, STRETCH), { ...none, heartbeat_timeout: 1_000, retry: 500, work: 1_500 });
});

test('an Activity that ended at its first attempt was not waited for', () => {
  const started = {
    eventId: 4,
    eventTime: at(3_000),
    activityTaskStartedEventAttributes: { scheduledEventId: 3, attempt: 1 },
  };
  assert.deepEqual(partsIn(history(started), STRETCH), { ...none, work: 3_000 });
});

test('what an Update waited for a worker is told by when its task came to be on record', () => {
  const scheduled = { eventId: 5, eventTime: at(1_600), workflowTaskScheduledEventAttributes: {} };
  const begun = { eventId: 4, eventTime: at(900) };
  assert.deepEqual(partsIn(history(begun, scheduled), { ...STRETCH, fromMs: 1_000 }), {
    ...none,
    sticky_queue: 600,
    work: 3_400,
  });
});
