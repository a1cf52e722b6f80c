// How soon a call to Temporal that was turned away is made again. Guarantees: what a limit of the server turns away keeps
// the client's own, longer pause.
import { type BackoffOptions, defaultGrpcRetryOptions, makeGrpcRetryInterceptor } from '@temporalio/client';
import protos from '@temporalio/proto';

type Status = Parameters<BackoffOptions['initialIntervalMs']>[0];
type Details = ReturnType<typeof protos.google.rpc.Status.decode>['details'];

const { MultiOperationExecutionFailure, ResourceExhaustedFailure } = protos.temporal.api.errordetails.v1;
const { RESOURCE_EXHAUSTED_CAUSE_BUSY_WORKFLOW } = protos.temporal.api.enums.v1.ResourceExhaustedCause;
const RESOURCE_EXHAUSTED = 8;
// The client's own.
const PAUSE_MS = 100;
const EXHAUSTED_PAUSE_MS = 1_000;
// 30 ms, of which the client's formula makes 50, 90, 150 and so on, 9 s together: a run has ended and the next begun in 20.
const BUSY_PAUSE_MS = 30;

/**
 * The client's tries, but for a Workflow that is about to go on in a new run. Temporal turns away what comes just then with
 * the code of an overloaded server (`ErrWorkflowClosing` in service/history/consts), upon which the client waits 1.4 to 2 s.
 */
export const retriesOfCalls = (): ReturnType<typeof makeGrpcRetryInterceptor> =>
  makeGrpcRetryInterceptor(defaultGrpcRetryOptions({ initialIntervalMs: pauseMs }));

/** What the pauses between tries grow from, in ms. */
export function pauseMs(status: Status): number {
  if (status.code !== RESOURCE_EXHAUSTED) return PAUSE_MS;
  return isBusyWorkflow(status) ? BUSY_PAUSE_MS : EXHAUSTED_PAUSE_MS;
}

function isBusyWorkflow({ metadata }: Status): boolean {
  const [bytes] = metadata.get('grpc-status-details-bin');
  if (!(bytes instanceof Uint8Array)) return false;
  try {
    return reasonsIn(protos.google.rpc.Status.decode(bytes).details).some(
      ({ type_url: type, value }) =>
        type?.endsWith('.ResourceExhaustedFailure') === true &&
        ResourceExhaustedFailure.decode(value ?? new Uint8Array()).cause === RESOURCE_EXHAUSTED_CAUSE_BUSY_WORKFLOW,
    );
  } catch {
    // What cannot be read gives no reason for haste.
    return false;
  }
}

/** Those of both operations, where an Update was to start its Workflow. */
const reasonsIn = (details: Details): Details =>
  details.flatMap((one) =>
    one.type_url?.endsWith('.MultiOperationExecutionFailure') === true
      ? MultiOperationExecutionFailure.decode(one.value ?? new Uint8Array()).statuses.flatMap(
          (status) => status.details ?? [],
        )
      : [one],
  );
