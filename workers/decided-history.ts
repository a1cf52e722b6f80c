// The part of a history that Workflow code has decided on. Pure. May import Temporal's types only.
import type { History } from '@temporalio/common/lib/proto-utils.js';

type Events = NonNullable<History['events']>;

// What comes from outside, and waits at the end of a history for the Workflow Task that looks at it.
const FROM_OUTSIDE = [
  'workflowTaskScheduledEventAttributes',
  'workflowTaskStartedEventAttributes',
  'activityTaskStartedEventAttributes',
  'activityTaskCompletedEventAttributes',
  'activityTaskFailedEventAttributes',
  'activityTaskTimedOutEventAttributes',
  'activityTaskCanceledEventAttributes',
  'timerFiredEventAttributes',
  'workflowExecutionSignaledEventAttributes',
  'workflowExecutionCancelRequestedEventAttributes',
  'workflowExecutionOptionsUpdatedEventAttributes',
  'startChildWorkflowExecutionFailedEventAttributes',
  'childWorkflowExecutionStartedEventAttributes',
  'childWorkflowExecutionCompletedEventAttributes',
  'childWorkflowExecutionFailedEventAttributes',
  'childWorkflowExecutionCanceledEventAttributes',
  'childWorkflowExecutionTimedOutEventAttributes',
  'childWorkflowExecutionTerminatedEventAttributes',
  'externalWorkflowExecutionSignaledEventAttributes',
  'signalExternalWorkflowExecutionFailedEventAttributes',
  'externalWorkflowExecutionCancelRequestedEventAttributes',
  'requestCancelExternalWorkflowExecutionFailedEventAttributes',
] as const satisfies readonly (keyof Events[number])[];

const isFromOutside = (event: Events[number]): boolean => FROM_OUTSIDE.some((name) => (event[name] ?? null) !== null);

/**
 * Without what nobody has looked at yet. Replayed, it would have Workflow code go on from there, and ask for what no replay
 * can give. Nothing is left out of a run that has ended; undefined of one that has decided nothing, on which the SDK would
 * wait for ever.
 */
export function decidedPart(events: Events): Events | undefined {
  if (events.every(({ workflowTaskCompletedEventAttributes: done }) => (done ?? null) === null)) return undefined;
  const last = events.findLastIndex((event) => !isFromOutside(event));
  return events.slice(0, last + 1);
}
