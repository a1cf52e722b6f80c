// Of what the time of a turn is made, by Temporal's own history: from the message until a Workflow Task begins, the task and
// the local Activities in it, until its Activity begins, the Activity, and so on until the reply is written. Pure.
import type { History } from '@temporalio/common/lib/proto-utils.js';
import { z } from 'zod';

type Event = NonNullable<History['events']>[number];

/** One after the other, without a gap: they are as long together as the turn. */
export interface Step {
  readonly name: string;
  readonly ms: number;
}

/** Of the turn whose message was sent and whose reply was written then, ms since 1970. */
export function chainOf(
  events: readonly Event[],
  { sentMs, repliedMs }: { sentMs: number; repliedMs: number },
): Step[] {
  const byId = new Map(events.map((event) => [Number(event.eventId), event]));
  const steps: Step[] = [];
  let atMs = sentMs;
  let doing = 'message';
  const until = (endMs: number, name: string): void => {
    steps.push({ name, ms: endMs - atMs });
    atMs = endMs;
  };
  for (const event of events) {
    const ms = msOf(event);
    if (ms < sentMs) continue;
    if (ms > repliedMs) break;
    const begun = event.activityTaskStartedEventAttributes;
    const activity = byId.get(Number(begun?.scheduledEventId))?.activityTaskScheduledEventAttributes?.activityType
      ?.name;
    if (event.workflowTaskStartedEventAttributes) {
      until(ms, `${doing} until Workflow Task`.trimStart());
      doing = 'Workflow Task';
    } else if (event.workflowTaskCompletedEventAttributes) {
      const inIt = localActivitiesOf(events, Number(event.eventId), atMs);
      const localMs = inIt.reduce((sum, one) => sum + one.ms, 0);
      steps.push({ name: 'Workflow Task', ms: ms - atMs - localMs }, ...inIt);
      atMs = ms;
    } else if (activity !== undefined && activity !== null) {
      until(ms, `until ${activity}`);
      doing = activity;
    } else if (event.activityTaskCompletedEventAttributes) {
      until(ms, doing);
      doing = '';
    }
  }
  until(repliedMs, `${doing} until reply`);
  return steps;
}

const Clock = z.object({ seconds: z.number(), nanos: z.number() });
/**
 * What the SDK's core keeps of a local Activity in its marker. By the Workflow's own clock, which begins with the task, it
 * ends as long after its beginning as it has run (`try_resolve` in the core's local_activity_state_machine.rs).
 */
const Marker = z.object({ activity_type: z.string(), complete_time: Clock });

/** Those whose markers were recorded with that completion of a Workflow Task, which had begun then; one after the other. */
function localActivitiesOf(events: readonly Event[], completion: number, begunMs: number): Step[] {
  let clockMs = begunMs;
  return events.flatMap(({ markerRecordedEventAttributes: marker }) => {
    if (marker?.markerName !== 'core_local_activity' || Number(marker.workflowTaskCompletedEventId) !== completion)
      return [];
    const bytes = marker.details?.['data']?.payloads?.[0]?.data;
    const { activity_type: name, complete_time: end } = Marker.parse(
      JSON.parse(new TextDecoder().decode(bytes ?? undefined)),
    );
    const fromMs = clockMs;
    clockMs = end.seconds * 1_000 + end.nanos / 1_000_000;
    return [{ name, ms: clockMs - fromMs }];
  });
}

const msOf = ({ eventTime }: Event): number =>
  Number(eventTime?.seconds ?? 0) * 1_000 + (eventTime?.nanos ?? 0) / 1_000_000;
