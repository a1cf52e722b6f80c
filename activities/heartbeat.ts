// What an Activity knows of its own attempt, and how it stays alive. May import @temporalio/activity.
import { Context } from '@temporalio/activity';

// 500 ms: four beats within the heartbeat time-out of 2 s, so that one late beat is no death. The Workers pass beats on
// as fast (`maxHeartbeatThrottleInterval`); by default they would hold them back for 80 % of the time-out.
export const HEARTBEAT_MS = 500;

/** Number of this attempt, from 1. */
export const attempt = (): number => Context.current().info.attempt;

/** The Workflow that asked for it. */
export const sentBy = (): string => Context.current().info.workflowExecution?.workflowId ?? 'nobody';

// 200 ms: most work is done by then, and a process that is late itself has beaten long before the time-out.
const FIRST_BEAT_MS = 200;

/**
 * Beat regularly while the work runs: a killed Worker's work is taken over soon, a cancellation heard. Its start counts as
 * the first beat: each one costs the server a write, and most work is done before the next is due.
 */
export async function heartbeating<T>(work: (cancelled: AbortSignal) => Promise<T>): Promise<T> {
  const context = Context.current();
  let beat = setTimeout(() => {
    context.heartbeat();
    beat = setInterval(() => context.heartbeat(), HEARTBEAT_MS);
  }, FIRST_BEAT_MS);
  try {
    return await work(context.cancellationSignal);
  } finally {
    clearTimeout(beat);
  }
}
