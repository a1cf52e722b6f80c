// When a Workflow asked for each of its model calls, and when it heard of it, by Temporal's own history.
import { Client, Connection } from '@temporalio/client';
import type { History } from '@temporalio/common/lib/proto-utils.js';
import { conversationWorkflowId } from '../../domain/ids.ts';
import type { ModelStep } from '../measure.ts';

/** Of each conversation, its model calls in order: those are Activities of that name, one after the other. */
export async function modelStepsOf(
  address: string,
  activity: string,
  conversations: readonly string[],
): Promise<ReadonlyMap<string, readonly ModelStep[]>> {
  const connection = await Connection.connect({ address });
  try {
    const { workflow } = new Client({ connection });
    const all = new Map<string, readonly ModelStep[]>();
    for (const conversation of conversations) {
      const { events } = await workflow.getHandle(conversationWorkflowId(conversation)).fetchHistory();
      all.set(conversation, stepsIn(events ?? [], activity));
    }
    return all;
  } finally {
    await connection.close();
  }
}

type Events = NonNullable<History['events']>;

export function stepsIn(events: Events, activity: string): readonly ModelStep[] {
  const byId = new Map(events.map((event) => [Number(event.eventId), event]));
  const begins = events.filter(({ workflowTaskStartedEventAttributes: begun }) => (begun ?? null) !== null);
  return events.flatMap(({ eventId, activityTaskCompletedEventAttributes: done }): ModelStep[] => {
    const asked = byId.get(Number(done?.scheduledEventId))?.activityTaskScheduledEventAttributes;
    if (asked?.activityType?.name !== activity) return [];
    const task = byId.get(Number(asked.workflowTaskCompletedEventId))?.workflowTaskCompletedEventAttributes;
    const begun = byId.get(Number(task?.startedEventId));
    const heard = begins.find((event) => Number(event.eventId) > Number(eventId));
    return begun === undefined || heard === undefined ? [] : [{ begunMs: msOf(begun), heardMs: msOf(heard) }];
  });
}

const msOf = ({ eventTime }: Events[number]): number =>
  Number(eventTime?.seconds ?? 0) * 1_000 + (eventTime?.nanos ?? 0) / 1_000_000;
