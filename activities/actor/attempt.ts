// What an Activity of the actor knows of its own attempt. Works outside a Worker too, where there is none.
// May import @temporalio/activity.
import { Context } from '@temporalio/activity';

// 500 ms: four beats within the heartbeat time-out, so that one lost beat does not take the action over.
const HEARTBEAT_MS = 500;

/** Number of this attempt, from 1. */
export const attempt = (): number => Context.current().info.attempt;

/** Beat at once and then regularly while the work runs, so that a killed Worker's action is taken over in seconds. */
export async function heartbeating<T>(work: () => Promise<T>): Promise<T> {
  const context = Context.current();
  context.heartbeat();
  const beat = setInterval(() => context.heartbeat(), HEARTBEAT_MS);
  try {
    return await work();
  } finally {
    clearInterval(beat);
  }
}
