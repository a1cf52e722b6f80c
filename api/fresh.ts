// An answer that may be a little old: asked at most once per time span, however many callers want it at once.
// May import nothing.

/** The answer of `ask`, renewed when it is older than `freshMs`. A failure is not kept. */
export function fresh<T>(freshMs: number, ask: () => Promise<T>): () => Promise<T> {
  let kept: Promise<T> | undefined;
  let askedMs = 0;
  return () => {
    if (kept === undefined || performance.now() - askedMs > freshMs) {
      askedMs = performance.now();
      const asked = ask();
      kept = asked;
      asked.catch(() => {
        if (kept === asked) kept = undefined;
      });
    }
    return kept;
  };
}
