// The load generator: so many callers at once, each taking its turns one after the other in conversations of a few turns,
// for a stretch of time. What it says of a turn is what its caller saw.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Running } from './measure.ts';
import { isReplyTo } from './words.ts';

/** A stretch of load. */
export interface Level {
  readonly callers: number;
  /** Before the window; callers begin one after the other in it, and its turns do not count. None where it is left out. */
  readonly leadMs?: number;
  /** In which turns count. */
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
  /** All that were answered: of the lead too, and those that ended after the window. What the load costs is theirs. */
  readonly turns: readonly Turned[];
  /** By the clock of the turns. */
  readonly window: { readonly fromMs: number; readonly untilMs: number };
  /** What was not answered, or with another reply than its own. */
  readonly errors: readonly string[];
}

// 5: a conversation of people is short, and its first turn pays for its start.
export const TURNS_PER_CONVERSATION = 5;
// 20: a subject that fails is not loaded any further.
const MOST_ERRORS = 20;

export const nowMs = (): number => performance.timeOrigin + performance.now();

export async function load(
  running: Pick<Running, 'turn'>,
  { callers, leadMs = 0, windowMs, tag }: Level,
): Promise<Loaded> {
  const turns: Turned[] = [];
  const errors: string[] = [];
  const fromMs = nowMs() + leadMs;
  const window = { fromMs, untilMs: fromMs + windowMs };
  const isOver = () => nowMs() >= window.untilMs || errors.length >= MOST_ERRORS;

  async function take(conversation: string, n: number): Promise<void> {
    const sentMs = nowMs();
    const reply = await running.turn(conversation, n);
    const repliedMs = nowMs();
    if (!isReplyTo(reply, conversation, n)) throw new Error(`another reply: ${reply}`);
    turns.push({ conversation, n, sentMs, repliedMs });
  }
  async function call(caller: number): Promise<void> {
    if (leadMs > 0) await sleep((leadMs * caller) / callers);
    for (let nth = 0; !isOver(); nth++) {
      const conversation = `${tag}-${caller}-${nth}`;
      // Their first conversations are of several lengths, so that they do not all start the next one at once.
      const turnsOfIt = TURNS_PER_CONVERSATION - (nth === 0 ? caller % TURNS_PER_CONVERSATION : 0);
      for (let n = 0; n < turnsOfIt && !isOver(); n++) {
        const failed = await take(conversation, n).catch((error: unknown) => String(error));
        if (failed === undefined) continue;
        errors.push(`${conversation}/${n}: ${failed}`);
        break;
      }
    }
  }
  await Promise.all(Array.from({ length: callers }, (_, caller) => call(caller)));
  return { turns, window, errors };
}

/** Those whose time counts: begun within the window, however long they took. */
export const begunWithin = ({ turns, window: { fromMs, untilMs } }: Loaded): readonly Turned[] =>
  turns.filter(({ sentMs }) => sentMs >= fromMs && sentMs < untilMs);

/** How many were answered within the window, whenever they had begun. */
export const answeredWithin = ({ turns, window: { fromMs, untilMs } }: Loaded): number =>
  turns.filter(({ repliedMs }) => repliedMs >= fromMs && repliedMs < untilMs).length;

export const secondsOf = ({ window: { fromMs, untilMs } }: Loaded): number => (untilMs - fromMs) / 1_000;

/** The value below which that share of them lies; NaN of none. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}
