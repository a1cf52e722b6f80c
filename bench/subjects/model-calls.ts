// When a Workflow asked for each of its model calls, and when it heard of it, by Temporal's own history.
import { Client, Connection } from '@temporalio/client';
import { conversationWorkflowId } from '../../domain/ids.ts';
import { type Event, msOf } from '../history.ts';
import type { ModelCall } from '../measure.ts';

/** Of each conversation, its model calls in order: those are Activities of that name, one after the other. */
export async function modelCallsOf(
  address: string,
  activity: string,
  conversations: readonly string[],
): Promise<ReadonlyMap<string, readonly ModelCall[]>> {
  const connection = await Connection.connect({ address });
  try {
    const { workflow } = new Client({ connection });
    const all = new Map<string, readonly ModelCall[]>();
    for (const conversation of conversations) {
      const { events } = await workflow.getHandle(conversationWorkflowId(conversation)).fetchHistory();
      all.set(conversation, callsIn(events ?? [], activity));
    }
    return all;
  } finally {
    await connection.close();
  }
}

export function callsIn(events: readonly Event[], activity: string): readonly ModelCall[] {
  const byId = new Map(events.map((event) => [Number(event.eventId), event]));
  const begins = events.filter(({ workflowTaskStartedEventAttributes: begun }) => (begun ?? null) !== null);
  return events.flatMap(({ eventId, activityTaskCompletedEventAttributes: done }): ModelCall[] => {
    const asked = byId.get(Number(done?.scheduledEventId))?.activityTaskScheduledEventAttributes;
    if (asked?.activityType?.name !== activity) return [];
    const task = byId.get(Number(asked.workflowTaskCompletedEventId))?.workflowTaskCompletedEventAttributes;
    const begun = byId.get(Number(task?.startedEventId));
    const heard = begins.find((event) => Number(event.eventId) > Number(eventId));
    return begun === undefined || heard === undefined ? [] : [{ begunMs: msOf(begun), heardMs: msOf(heard) }];
  });
}
