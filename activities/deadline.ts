// A signal that is aborted at a time limit, and before it when something else is given up. Our own timer holds it: Node 20
// may collect the one of AbortSignal.timeout inside AbortSignal.any, and then it never fires.

export interface Deadline {
  readonly signal: AbortSignal;
  /** Forget the limit. Call it when the work is done. */
  end(): void;
}

export function deadline(limitMs: number, sooner?: AbortSignal): Deadline {
  const controller = new AbortController();
  const give = () => controller.abort(sooner?.reason);
  const late = () => controller.abort(new DOMException(`it took longer than ${limitMs} ms`, 'TimeoutError'));
  const timer = setTimeout(late, limitMs);
  if (sooner?.aborted === true) give();
  sooner?.addEventListener('abort', give, { once: true });
  return {
    signal: controller.signal,
    end() {
      clearTimeout(timer);
      sooner?.removeEventListener('abort', give);
    },
  };
}
