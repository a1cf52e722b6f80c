// Duties that a process looks at now and then, beside its work.
import type { Logger } from 'pino';

/** Look every so often. What goes wrong is logged, and tried again at the next look. Returns how to stop. */
export function regularly(
  everyMs: number,
  what: string,
  log: Pick<Logger, 'warn'>,
  look: () => Promise<unknown>,
): () => void {
  const timer = setInterval(() => void look().catch((error: unknown) => log.warn({ err: error }, what)), everyMs);
  timer.unref();
  return () => clearInterval(timer);
}
