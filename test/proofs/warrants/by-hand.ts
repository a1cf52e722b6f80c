// The Workflow by which the proof puts tasks on the actor's Task Queue by hand, as anybody could who may write to Temporal.
// Runs in a Worker of the proof's own. May import @temporalio/workflow.
import { ActivityFailure, ApplicationFailure, proxyActivities } from '@temporalio/workflow';

/** A task for the actor, with any input. */
export interface Task {
  readonly activity: 'act' | 'inspect';
  readonly input: unknown;
}

/** What came of it. */
export type Came =
  | { readonly kind: 'returned'; readonly value: unknown }
  | { readonly kind: 'failed'; readonly type: string; readonly message: string };

const actor = proxyActivities<Record<Task['activity'], (input: unknown) => Promise<unknown>>>({
  taskQueue: 'countersign-actor',
  // 60 s: far above what a refusal takes on a busy machine.
  scheduleToCloseTimeout: '60s',
  heartbeatTimeout: '10s',
  // What is refused for good must say so by itself, at the first attempt.
  retry: { maximumAttempts: 1 },
});

export function byHand(tasks: readonly Task[]): Promise<readonly Came[]> {
  return Promise.all(tasks.map(put));
}

async function put({ activity, input }: Task): Promise<Came> {
  try {
    return { kind: 'returned', value: await actor[activity](input) };
  } catch (error) {
    const cause = error instanceof ActivityFailure ? error.cause : error;
    const type = cause instanceof ApplicationFailure ? (cause.type ?? '') : String(cause);
    return { kind: 'failed', type, message: cause instanceof Error ? cause.message : '' };
  }
}
