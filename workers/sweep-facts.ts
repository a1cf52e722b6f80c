// Remembered facts whose time is over: nobody is shown them from that moment on, and the next look erases their words.
import type { Logger } from 'pino';
import type { Store } from '../store/ports.ts';
import { regularly } from './regularly.ts';

// 60 s: nothing waits for it, and an export of the ledger should not be late by more.
const LOOK_EVERY_MS = 60_000;
// 200 at one look, which is some 300,000 a day.
const AT_ONCE = 200;
const WHAT = 'the words of remembered facts whose time is over could not be erased';

/** Begin to look. Returns how to stop. */
export function sweepFacts(deps: {
  readonly store: Pick<Store, 'facts'>;
  readonly nowMs: () => number;
  readonly log: Pick<Logger, 'warn'>;
}): () => void {
  const { store, nowMs, log } = deps;
  const sweep = () => store.facts.sweep({ nowMs: nowMs(), limit: AT_ONCE, dryRun: false });
  // What ended while nobody looked is over now.
  void sweep().catch((error: unknown) => log.warn({ err: error }, WHAT));
  return regularly(LOOK_EVERY_MS, WHAT, log, sweep);
}
