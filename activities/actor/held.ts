// What one process says in a channel is held by it meanwhile, on record, so that no other says it too. May import nothing.

// 3 s, renewed every second while a call is under way: what a killed process had begun is another's by the time that it is
// up again; a process that only waits for its platform keeps it.
export const HELD_MS = 3_000;
const RENEWED_MS = 1_000;

/**
 * Do it, and renew the hold as long as it takes. What cannot be renewed just now lapses, and may be said twice: a store that
 * is away stops everybody else as well.
 */
export async function whileHeld<T>(renew: () => Promise<unknown>, work: () => Promise<T>): Promise<T> {
  const renewing = setInterval(() => void renew().catch(() => undefined), RENEWED_MS);
  try {
    return await work();
  } finally {
    clearInterval(renewing);
  }
}
