// A time limit on a promise. What it waited for may still happen; only the waiting ends. May import nothing.

/** What `work` resolves to, if it does within `ms` and before the signal; else throws what `late` makes. */
export async function inTime<T>(ms: number, work: Promise<T>, late: () => Error, sooner?: AbortSignal): Promise<T> {
  let giveUp: () => void = () => undefined;
  const over = new Promise<never>((_resolve, reject) => (giveUp = () => reject(late())));
  const timer = setTimeout(giveUp, ms);
  sooner?.addEventListener('abort', giveUp);
  if (sooner?.aborted === true) giveUp();
  try {
    return await Promise.race([work, over]);
  } finally {
    clearTimeout(timer);
    sooner?.removeEventListener('abort', giveUp);
  }
}
