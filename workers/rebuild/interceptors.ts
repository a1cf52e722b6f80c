// Runs beside Workflow code while its history is replayed, and tells what it asks of Activities and what it was answered.
// Only `countersign rebuild` bundles this. May import domain and @temporalio/workflow.
// Guarantees: changes nothing of the replay: the promises of the Workflow are handed on as they are.
import { proxySinks, type Sinks, type WorkflowInterceptors } from '@temporalio/workflow';
import type { Answer, Call } from './derive.ts';

/** What one run asked and was answered, in its order; `nth` tells which answer belongs to what. */
export interface CallSinks extends Sinks {
  calls: {
    asked(nth: number, call: Pick<Call, 'name' | 'activityId' | 'input' | 'atMs'>): void;
    answered(nth: number, answer: Answer<unknown>): void;
  };
}

const { calls } = proxySinks<CallSinks>();

interface Scheduled {
  readonly activityType: string;
  readonly args: readonly unknown[];
  /** The SDK makes the id of the Activity of it. */
  readonly seq: number;
}

export const interceptors = (): WorkflowInterceptors => {
  let asked = 0;
  const told = <T>({ activityType: name, args, seq }: Scheduled, answer: Promise<T>): Promise<T> => {
    const nth = asked++;
    calls.asked(nth, { name, activityId: `${seq}`, input: args[0], atMs: Date.now() });
    void answer.then(
      (result) => calls.answered(nth, { kind: 'result', result, atMs: Date.now() }),
      (error: unknown) => calls.answered(nth, failed(error)),
    );
    return answer;
  };
  return {
    outbound: [
      {
        scheduleActivity: (input, next) => told(input, next(input)),
        scheduleLocalActivity: (input, next) => told(input, next(input)),
      },
    ],
  };
};

/** An Activity's own words are in the cause of its failure. */
function failed(error: unknown): Answer<unknown> {
  const { cause } = error as { readonly cause?: { readonly type?: string; readonly message?: string } };
  const what = { type: cause?.type ?? '', message: cause?.message ?? '', atMs: Date.now() };
  return { kind: 'failure', ...what, isTaken: null };
}
