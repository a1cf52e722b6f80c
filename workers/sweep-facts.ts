// Remembered facts whose time is over: nobody is shown them from that moment on, and their words are erased at the next look.
import type { Logger } from 'pino';
import type { Store } from '../store/ports.ts';
import { regularly } from './regularly.ts';

// 60 s: nothing waits for it, and an export of the ledger should not be late by more.
const LOOK_EVERY_MS = 60_000;
// 200 at one look, which is some 300,000 a day.
const AT_ONCE = 200;

/** Begin to look. Returns how to stop. */
export function sweepFacts(deps: {
  readonly store: Pick<Store, 'facts'>;
  readonly nowMs: () => number;
  readonly log: Pick<Logger, 'warn'>;
}): () => void {
  const { store, nowMs, log } = deps;
  const sweep = () => store.facts.sweep({ nowMs: nowMs(), limit: AT_ONCE, dryRun: false });
  return regularly(LOOK_EVERY_MS, 'remembered facts', log, sweep);
}
