// Of what the time of a turn is made, by Temporal's own history: from the message until a Workflow Task begins, the task and
// the local Activities in it, until its Activity begins, the Activity, and so on until the caller has the reply. Pure.
import { z } from 'zod';
import { type Event, msOf, spanMs } from '../history.ts';

/** One after the other, without a gap: they are as long together as the turn. */
export interface Step {
  readonly name: string;
  readonly ms: number;
}

/** ms since 1970: when the message was sent, the reply written, and read. */
interface Times {
  readonly sentMs: number;
  readonly repliedMs: number;
  readonly heardMs: number;
}

/** Of the turn of these times. Local Activities of a Workflow Task must have run one after the other. */
export function chainOf(events: readonly Event[], { sentMs, repliedMs, heardMs }: Times): Step[] {
  const byId = new Map(events.map((event) => [Number(event.eventId), event]));
  const steps: Step[] = [];
  let atMs = sentMs;
  let doing: string | undefined = 'message';
  const until = (endMs: number, name: string): void => {
    steps.push({ name, ms: endMs - atMs });
    atMs = endMs;
  };
  for (const event of events) {
    const ms = msOf(event);
    if (ms < sentMs) continue;
    if (ms > repliedMs) break;
    const begun = event.activityTaskStartedEventAttributes;
    if (event.workflowTaskStartedEventAttributes) {
      until(ms, doing === undefined ? 'until Workflow Task' : `${doing} until Workflow Task`);
      doing = 'Workflow Task';
    } else if (event.workflowTaskCompletedEventAttributes) {
      const inIt = localActivitiesOf(events, Number(event.eventId), atMs);
      const localMs = inIt.reduce((sum, one) => sum + one.ms, 0);
      steps.push({ name: 'Workflow Task', ms: ms - atMs - localMs }, ...inIt);
      atMs = ms;
    } else if (begun) {
      const asked = byId.get(Number(begun.scheduledEventId))?.activityTaskScheduledEventAttributes;
      doing = asked?.activityType?.name ?? 'Activity';
      until(ms, `until ${doing}`);
    } else if (event.activityTaskCompletedEventAttributes) {
      until(ms, doing ?? 'Activity');
      doing = undefined;
    }
  }
  until(repliedMs, `${doing ?? 'nothing'} until reply`);
  until(heardMs, 'reply on record and read');
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
    clockMs = spanMs(end);
    return [{ name, ms: clockMs - fromMs }];
  });
}
