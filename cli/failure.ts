// A failure of a command, in one sentence for people, with the exit code that says it to scripts. May import nothing.

export class CommandFailed extends Error {
  override readonly name = 'CommandFailed';
}

/** What the server answered, other than success. `type` and `status` are those of RFC 9457. */
export class Refused extends CommandFailed {
  readonly type: string;
  readonly status: number;
  readonly retryAfterMs: number;

  constructor(
    sentence: string,
    { type, status, retryAfterMs }: { type: string; status: number; retryAfterMs: number },
  ) {
    super(sentence);
    this.type = type;
    this.status = status;
    this.retryAfterMs = retryAfterMs;
  }
}

/** No answer at all. */
export class Unreachable extends CommandFailed {}

/**
 * Exit codes: 0 is done. 1 is refused, failed or not reachable. 2 is taken by the server, and not answered yet. 3 is done,
 * and what it found must not pass.
 */
export const EXIT = { done: 0, failed: 1, notAnswered: 2, changed: 3 } as const;
