// Bounded calls to Temporal: each ends in time, fails with a fault that callers understand, and is counted until it is
// really over. May import @temporalio.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { faultOf, GatewayError, wasUnprocessed } from './gateway-error.ts';
import { inTime } from './in-time.ts';

export interface Calls {
  /** Do it within `ms`. Throws GatewayError, or an error that is a bug of ours. */
  within<T>(ms: number, work: () => Promise<T>): Promise<T>;
  /** Wait for no answer any more: whoever waits learns at once that nothing is sure. */
  giveUp(): void;
  /** Resolves once no call is under way any more. */
  drain(): Promise<void>;
}

// 50 ms at first: what made the worker miss an Update is over with its next Workflow Task. 1 s at most: so that a bound
// of 10 s has several more tries in it, and a broken worker is not hammered.
const AGAIN_FIRST_MS = 50;
const AGAIN_MAX_MS = 1_000;

export function createCalls(client: Pick<Client, 'withDeadline'>): Calls {
  const underWay = new Set<Promise<unknown>>();
  const over = new AbortController();
  const unavailable = (why: string) => () => new GatewayError({ kind: 'unavailable' }, new Error(why));
  return {
    async within(ms, work) {
      // Without a worker the client would retry for ever. The deadline is gRPC's, on the real clock; the client looks
      // at it only between its tries, up to 5 s apart, so a timer of ours answers the caller in time.
      const endMs = Date.now() + ms;
      const call = client.withDeadline(endMs, () => untilProcessed(work, endMs));
      const settled: Promise<unknown> = call.catch(() => undefined).finally(() => underWay.delete(settled));
      underWay.add(settled);
      try {
        return await inTime(ms, call, unavailable(`no answer in ${ms} ms`), over.signal);
      } catch (error) {
        const fault = error instanceof GatewayError ? undefined : faultOf(error);
        throw fault === undefined ? error : new GatewayError(fault, error);
      }
    },
    giveUp: () => over.abort(),
    async drain() {
      await Promise.all(underWay);
    },
  };
}

/** Do it; again, as long as there is time, where no worker took notice of the Update in it. */
async function untilProcessed<T>(work: () => Promise<T>, endMs: number): Promise<T> {
  for (let pauseMs = AGAIN_FIRST_MS; ; pauseMs = Math.min(pauseMs * 2, AGAIN_MAX_MS)) {
    try {
      return await work();
    } catch (error) {
      if (!wasUnprocessed(error) || Date.now() + pauseMs >= endMs) throw error;
      await sleep(pauseMs);
    }
  }
}
