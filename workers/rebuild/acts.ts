// What only the events of a history tell: whether a worker has taken an act; where the history does not replay, what was
// asked and answered; and in which channel a conversation stands. May import domain and the Temporal SDK.
import type { Client } from '@temporalio/client';
import { defaultPayloadConverter } from '@temporalio/common';
import { tsToMs } from '@temporalio/common/lib/time.js';
import type { ConversationChannel } from '../../domain/channel.ts';
import type { ConversationInput } from '../../domain/conversation.ts';
import type { Decoded } from './decoded.ts';
import type { Answer, Call } from './derive.ts';

type Handle = ReturnType<Client['workflow']['getHandle']>;
type Description = Awaited<ReturnType<Handle['describe']>>['raw'];
export type History = Awaited<ReturnType<Handle['fetchHistory']>>;
export type Events = NonNullable<History['events']>;
type Event = Events[number];
type Payload = Parameters<typeof defaultPayloadConverter.fromPayload>[0];

/** One run of a Workflow, as it was fetched. */
export interface Run extends Decoded {
  readonly workflowId: string;
  readonly runId: string;
}

/**
 * Whether a worker has taken the acts that have no result. Of what a run that has ended still waited for Temporal does not
 * say it.
 */
export async function tellTaken(client: Client, run: Run, calls: readonly Call[]): Promise<void> {
  const unfinished = calls.filter(({ name, answer: { kind } }) => name === 'act' && kind !== 'result');
  if (unfinished.length === 0) return;
  const { status, raw } = await client.workflow.getHandle(run.workflowId, run.runId).describe();
  const isTaken = takenOf(run.history.events ?? [], raw.pendingActivities ?? []);
  for (const call of unfinished) {
    const { answer } = call;
    if (answer.kind === 'failure') call.answer = { ...answer, isTaken: isTaken(call.activityId) };
    if (answer.kind === 'none' && status.name === 'RUNNING') {
      call.answer = { ...answer, isTaken: isTaken(call.activityId) };
    }
  }
}

function takenOf(events: Events, pending: NonNullable<Description['pendingActivities']>) {
  const started = new Set(events.map((one) => String(one.activityTaskStartedEventAttributes?.scheduledEventId ?? '')));
  // One that timed out between two tries says how the last of them failed.
  const tried = new Set(
    events.flatMap(({ activityTaskTimedOutEventAttributes: timedOut }) =>
      (timedOut?.failure?.cause ?? null) === null ? [] : [String(timedOut?.scheduledEventId)],
    ),
  );
  return (activityId: string): boolean => {
    const waits = pending.find((one) => one.activityId === activityId);
    if (waits !== undefined) return (waits.attempt ?? 0) > 1 || (waits.lastStartedTime ?? null) !== null;
    const asked = events.find((one) => one.activityTaskScheduledEventAttributes?.activityId === activityId);
    return started.has(String(asked?.eventId)) || tried.has(String(asked?.eventId));
  };
}

/** The calls of a history that does not replay, with what its events say of every act that can be read. */
export function withActsIn(events: Events, calls: readonly Call[]): readonly Call[] {
  const acts = new Map(actsIn(events).map((act) => [act.activityId, act]));
  const replayed = calls.map((call) => (call.name === 'act' ? (acts.get(call.activityId) ?? call) : call));
  const known = new Set(calls.flatMap(({ name, activityId }) => (name === 'act' ? [activityId] : [])));
  // `closeUnfinished` tells of the act before it, so what the replay has not come to stands last.
  return [...replayed, ...[...acts.values()].filter(({ activityId }) => !known.has(activityId))];
}

function actsIn(events: Events): readonly Call[] {
  const ends = new Map(events.flatMap((event) => endIn(event)));
  return events.flatMap((event): readonly Call[] => {
    const asked = event.activityTaskScheduledEventAttributes;
    if (asked?.activityType?.name !== 'act') return [];
    const atMs = tsToMs(event.eventTime);
    const [payload] = asked.input?.payloads ?? [];
    const input = readable(payload);
    if (input === undefined) return [];
    const answer: Answer<unknown> = ends.get(String(event.eventId)) ?? { kind: 'none', atMs, isTaken: null };
    return [{ name: 'act', activityId: asked.activityId ?? '', input, atMs, owner: '', answer }];
  });
}

function endIn(event: Event): readonly (readonly [scheduled: string, answer: Answer<unknown>])[] {
  const atMs = tsToMs(event.eventTime);
  const completed = event.activityTaskCompletedEventAttributes;
  if (completed) {
    const [payload] = completed.result?.payloads ?? [];
    const result = readable(payload);
    // Nobody can tell how it ended: as where nothing is known of its end.
    if (result === undefined) return [];
    return [[String(completed.scheduledEventId), { kind: 'result', result, atMs }]];
  }
  const failed = event.activityTaskFailedEventAttributes;
  const ended = failed ?? event.activityTaskTimedOutEventAttributes ?? event.activityTaskCanceledEventAttributes;
  if (!ended) return [];
  const { applicationFailureInfo, message } = failed?.failure ?? {};
  const answer = { kind: 'failure', type: applicationFailureInfo?.type ?? '', message: message ?? '', atMs } as const;
  return [[String(ended.scheduledEventId), { ...answer, isTaken: null }]];
}

/** The channel in which a conversation stands; undefined where it stands in none, or began before that was handed along. */
export function channelIn(events: Events): ConversationChannel | undefined {
  const [payload] = events[0]?.workflowExecutionStartedEventAttributes?.input?.payloads ?? [];
  const input = readable(payload) as Partial<ConversationInput> | null | undefined;
  const { name, address } = Object(input?.inChannel) as Partial<ConversationChannel>;
  const { to, thread } = Object(address) as Partial<ConversationChannel['address']>;
  if (typeof name !== 'string' || typeof to !== 'string' || typeof thread !== 'string') return undefined;
  return { name, address: { to, thread } };
}

/** Undefined: it holds nothing, or cannot be read, as what is encrypted still. */
function readable(payload: Payload | undefined): unknown {
  try {
    return payload && defaultPayloadConverter.fromPayload(payload);
  } catch {
    return undefined;
  }
}
