// The load generator: so many callers at once, each taking its turns one after the other in conversations of a few turns,
// for a stretch of time. What it says of a turn is what its caller saw.
import type { Running } from './measure.ts';
import { isReplyTo } from './words.ts';

/** A stretch of load. */
export interface Level {
  readonly callers: number;
  /** How long callers begin turns. */
  readonly windowMs: number;
  /** Begins the ids of its conversations. */
  readonly tag: string;
}

/** A turn that was answered, by the clock that all processes of the machine share: ms since 1970, in parts of one. */
export interface Turned {
  readonly conversation: string;
  readonly n: number;
  readonly sentMs: number;
  readonly repliedMs: number;
}

export interface Loaded {
  /** All that were answered, those too that ended after the window. */
  readonly turns: readonly Turned[];
  /** Until nobody waited any more: the window, and what the turns that began in it took beyond it. */
  readonly tookMs: number;
  /** What was not answered, or with another reply than its own. */
  readonly errors: readonly string[];
}

// 5: a conversation of people is short, and its first turn pays for its start.
export const TURNS_PER_CONVERSATION = 5;
// 20: a subject that fails is not loaded any further.
const MOST_ERRORS = 20;

export const nowMs = (): number => performance.timeOrigin + performance.now();

export async function load(running: Pick<Running, 'turn'>, { callers, windowMs, tag }: Level): Promise<Loaded> {
  const turns: Turned[] = [];
  const errors: string[] = [];
  const begunMs = nowMs();
  const isOver = () => nowMs() >= begunMs + windowMs || errors.length >= MOST_ERRORS;

  async function take(conversation: string, n: number): Promise<void> {
    const sentMs = nowMs();
    const reply = await running.turn(conversation, n);
    const repliedMs = nowMs();
    if (!isReplyTo(reply, conversation, n)) throw new Error(`another reply: ${reply}`);
    turns.push({ conversation, n, sentMs, repliedMs });
  }
  async function call(caller: number): Promise<void> {
    for (let nth = 0; !isOver(); nth++) {
      const conversation = `${tag}-${caller}-${nth}`;
      for (let n = 0; n < TURNS_PER_CONVERSATION && !isOver(); n++) {
        const failed = await take(conversation, n).catch((error: unknown) => String(error));
        if (failed === undefined) continue;
        errors.push(`${conversation}/${n}: ${failed}`);
        break;
      }
    }
  }
  await Promise.all(Array.from({ length: callers }, (_, caller) => call(caller)));
  return { turns, tookMs: nowMs() - begunMs, errors };
}

/** The value below which that share of them lies; NaN of none. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}
