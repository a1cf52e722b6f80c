// For what a recovery waited, by what Temporal has on record of the conversation: each stretch between the return of the
// killed role and the reply is one of these, or work.
import type { Client } from '@temporalio/client';
import { conversationWorkflowId } from '../../domain/ids.ts';
import { type Event, spanMs } from '../history.ts';

export const PARTS = [
  /** A Workflow Task in the queue of the worker that is gone. */
  'sticky_queue',
  /** A Workflow Task that the killed worker had taken. */
  'workflow_task_timeout',
  /** An Activity that the killed worker had taken: until it is told from one that works. */
  'heartbeat_timeout',
  /** The pause before its next attempt. */
  'retry',
  'work',
] as const;
export type Part = (typeof PARTS)[number];

/** Milliseconds of each. */
export type Parts = Readonly<Record<Part, number>>;

interface Stretch {
  readonly killMs: number;
  /** The stretch that is told apart. */
  readonly fromMs: number;
  readonly toMs: number;
}

interface Wait {
  readonly part: Part;
  readonly fromMs: number;
  readonly toMs: number;
}

/** Of the present run, in which a conversation so young still is. */
export async function partsOf(client: Client, conversationId: string, stretch: Stretch): Promise<Parts> {
  const { events } = await client.workflow.getHandle(conversationWorkflowId(conversationId)).fetchHistory();
  return partsIn(events ?? [], stretch);
}

/** Pure. */
export function partsIn(events: readonly Event[], { killMs, fromMs, toMs }: Stretch): Parts {
  const parts: Record<Part, number> = {
    sticky_queue: 0,
    workflow_task_timeout: 0,
    heartbeat_timeout: 0,
    retry: 0,
    work: 0,
  };
  for (const wait of waitsIn(events, killMs)) {
    parts[wait.part] += Math.max(0, Math.min(wait.toMs, toMs) - Math.max(wait.fromMs, fromMs));
  }
  const waited = Object.values(parts).reduce((sum, ms) => sum + ms, 0);
  return { ...parts, work: Math.max(0, toMs - fromMs - waited) };
}

// As Temporal numbers them.
const SCHEDULE_TO_START = 2;

function waitsIn(events: readonly Event[], killMs: number): readonly Wait[] {
  const at = (id: unknown): number => atMs(events.find(({ eventId }) => String(eventId) === String(id)));
  // The task of an Update is on record only once a worker has taken it: what it waited before stands nowhere else.
  const next = events.find((event) => atMs(event) > killMs);
  const unrecorded: readonly Wait[] = next?.workflowTaskScheduledEventAttributes
    ? [{ part: 'sticky_queue', fromMs: killMs, toMs: atMs(next) }]
    : [];
  const recorded = events.flatMap((event): readonly Wait[] => {
    const toMs = atMs(event);
    const task = event.workflowTaskTimedOutEventAttributes;
    if (task) {
      return task.timeoutType === SCHEDULE_TO_START
        ? [{ part: 'sticky_queue', fromMs: at(task.scheduledEventId), toMs }]
        : [{ part: 'workflow_task_timeout', fromMs: at(task.startedEventId), toMs }];
    }
    const started = event.activityTaskStartedEventAttributes;
    if (!started || (started.attempt ?? 1) <= 1 || toMs < killMs) return [];
    const scheduled = events.find(({ eventId }) => String(eventId) === String(started.scheduledEventId));
    const policy = scheduled?.activityTaskScheduledEventAttributes?.retryPolicy;
    const pauseMs = spanMs(policy?.initialInterval) * (policy?.backoffCoefficient ?? 1) ** ((started.attempt ?? 2) - 2);
    // An attempt begins when its pause is over; before that its forerunner was waited for.
    return [
      { part: 'heartbeat_timeout', fromMs: killMs, toMs: toMs - pauseMs },
      { part: 'retry', fromMs: toMs - pauseMs, toMs },
    ];
  });
  return [...unrecorded, ...recorded];
}

const atMs = (event: Event | undefined): number => spanMs(event?.eventTime);
