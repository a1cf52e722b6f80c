// What a call to Temporal can come to besides success, and one function that reads it from the client's errors.
// May import domain and @temporalio.
import {
  isGrpcServiceError,
  ServiceError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from '@temporalio/client';
import {
  ApplicationFailure,
  NamespaceNotFoundError,
  WorkflowExecutionAlreadyStartedError,
  WorkflowNotFoundError,
} from '@temporalio/common';
import { FAILURES, type FailureType } from '../domain/failure.ts';

export type Fault =
  /** Temporal was not reached, or no worker answered in time. It may have been done all the same. */
  | { readonly kind: 'unavailable' }
  /** The Workflow has ended for good, or never was; nothing was done. */
  | { readonly kind: 'ended' }
  /** The Workflow said no; nothing was done. */
  | { readonly kind: 'refused'; readonly type: FailureType; readonly reason: string };

export class GatewayError extends Error {
  override readonly name = 'GatewayError';
  readonly fault: Fault;

  constructor(fault: Fault, cause: unknown) {
    super(fault.kind === 'refused' ? `${fault.type}: ${fault.reason}` : `the Workflow is ${fault.kind}`, { cause });
    this.fault = fault;
  }
}

/** An accepted Update that its run did not live to answer: after Continue-As-New the same id finds its answer. */
export function wasCut(error: unknown): boolean {
  return error instanceof WorkflowUpdateFailedError && typeOf(error.cause) === 'AcceptedUpdateCompletedWorkflow';
}

/**
 * An Update that the server gave to a worker whose answer did not mention it, as happens when many come at once. It was
 * neither accepted nor kept, so nothing was done, and the same id may be sent again.
 */
export function wasUnprocessed(error: unknown): boolean {
  return error instanceof WorkflowUpdateFailedError && typeOf(error.cause) === 'UnprocessedUpdate';
}

// What is wrong with the call itself; no later try will be better, so it is a bug here and not an outage.
// 3 INVALID_ARGUMENT, 12 UNIMPLEMENTED.
const OWN_FAULT_CODES: ReadonlySet<number> = new Set([3, 12]);

/** The fault in an error of Temporal's client; undefined when it is a bug of ours. */
export function faultOf(error: unknown): Fault | undefined {
  if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError) return { kind: 'unavailable' };
  if (error instanceof WorkflowNotFoundError || error instanceof WorkflowExecutionAlreadyStartedError)
    return { kind: 'ended' };
  if (error instanceof WorkflowUpdateFailedError) {
    if (wasCut(error)) return { kind: 'ended' };
    if (wasUnprocessed(error)) return { kind: 'unavailable' };
    const type = typeOf(error.cause);
    return type !== undefined && isFailureType(type)
      ? { kind: 'refused', type, reason: error.cause?.message ?? type }
      : undefined;
  }
  if (error instanceof NamespaceNotFoundError) return { kind: 'unavailable' };
  if (error instanceof ServiceError || isGrpcServiceError(error)) {
    const grpc = isGrpcServiceError(error) ? error : error.cause;
    return isGrpcServiceError(grpc) && OWN_FAULT_CODES.has(grpc.code) ? undefined : { kind: 'unavailable' };
  }
  return undefined;
}

const typeOf = (cause: unknown): string | undefined =>
  cause instanceof ApplicationFailure ? (cause.type ?? undefined) : undefined;

const isFailureType = (type: string): type is FailureType => Object.hasOwn(FAILURES, type);
