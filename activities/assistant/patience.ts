// Waiting for the store within an attempt. The attempts of a model call are few, and are the model's: an outage of the
// store must neither use them up nor throw away an answer that was paid for. May import the error of the store.
import { setTimeout as sleep } from 'node:timers/promises';
import { isStoreUnavailable } from '../../store/unavailable.ts';

// 200 ms at first: another transaction won, or a connection was cut. 2 s at most: a reply that waits is late by as much.
const AGAIN_FIRST_MS = 200;
const AGAIN_MAX_MS = 2_000;

/**
 * Do it, and again while the store is away. Throws StoreUnavailable when it still is at `endMs` (of performance.now()),
 * what else is thrown at once, and the reason of `cancelled` once nobody waits any more.
 */
export async function patiently<T>(work: () => Promise<T>, endMs: number, cancelled: AbortSignal): Promise<T> {
  for (let pauseMs = AGAIN_FIRST_MS; ; pauseMs = Math.min(pauseMs * 2, AGAIN_MAX_MS)) {
    try {
      return await work();
    } catch (error) {
      if (!isStoreUnavailable(error) || performance.now() + pauseMs > endMs) throw error;
      await sleep(pauseMs, undefined, { signal: cancelled }).catch(() => {
        throw cancelled.reason;
      });
    }
  }
}
