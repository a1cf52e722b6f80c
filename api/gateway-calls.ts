// Bounded calls to Temporal: each ends in time, fails with a fault that callers understand, and is counted until it is
// really over. May import @temporalio.
import type { Client } from '@temporalio/client';
import { faultOf, GatewayError } from './gateway-error.ts';
import { inTime } from './in-time.ts';

export interface Calls {
  /** Do it within `ms`. Throws GatewayError, or an error that is a bug of ours. */
  within<T>(ms: number, work: () => Promise<T>): Promise<T>;
  /** Resolves once no call is under way any more. */
  drain(): Promise<void>;
}

export function createCalls(client: Pick<Client, 'withDeadline'>): Calls {
  const underWay = new Set<Promise<unknown>>();
  return {
    async within(ms, work) {
      // Without a worker the client would retry for ever. The deadline is gRPC's, on the real clock; the client looks
      // at it only between its tries, up to 5 s apart, so a timer of ours answers the caller in time.
      const call = client.withDeadline(Date.now() + ms, work);
      const settled: Promise<unknown> = call.catch(() => undefined).finally(() => underWay.delete(settled));
      underWay.add(settled);
      try {
        return await inTime(
          ms,
          call,
          () => new GatewayError({ kind: 'unavailable' }, new Error(`no answer in ${ms} ms`)),
        );
      } catch (error) {
        const fault = error instanceof GatewayError ? undefined : faultOf(error);
        throw fault === undefined ? error : new GatewayError(fault, error);
      }
    },
    async drain() {
      await Promise.all(underWay);
    },
  };
}
