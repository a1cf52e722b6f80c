// The load generator: so many callers at once, each taking its turns one after the other in conversations of a few turns,
// for a stretch of time. What it says of a turn is what its caller saw.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Running } from './measure.ts';
import { isReplyTo } from './words.ts';

/** A stretch of load. */
export interface Level {
  readonly callers: number;
  /** In which callers begin, one after the other; all at once where it is left out. */
  readonly rampMs?: number;
  /** How long turns count, once each caller was answered or failed; it goes on until the last of them is answered. */
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

interface Window {
  readonly fromMs: number;
  readonly untilMs: number;
}

export interface Loaded {
  /** All that were answered, before the window and after it too. What the load costs is theirs. */
  readonly turns: readonly Turned[];
  /** By the clock of the turns. */
  readonly window: Window;
  /** What was not answered, or with another reply than its own. */
  readonly errors: readonly string[];
}

// 5: a conversation of people is short, and its first turn pays for its start.
export const TURNS_PER_CONVERSATION = 5;
// 20: a subject that fails is not loaded any further.
const MOST_ERRORS = 20;
// 20 s: fifty callers are answered within twelve on a slow machine. Whoever is slower is measured as it is.
const MOST_LEAD_MS = 20_000;

export const nowMs = (): number => performance.timeOrigin + performance.now();

export async function load(
  running: Pick<Running, 'turn'>,
  { callers, rampMs = 0, windowMs, tag }: Level,
): Promise<Loaded> {
  const turns: Turned[] = [];
  const errors: string[] = [];
  const begun = new Set<number>();
  const windowFrom = (fromMs: number) => ({ fromMs, untilMs: fromMs + windowMs });
  let window = windowFrom(nowMs() + MOST_LEAD_MS);
  let counted = 0;
  // As full as before until they are answered: else the last of them would have the machine to themselves.
  const isOver = () => (nowMs() >= window.untilMs && counted === 0) || errors.length >= MOST_ERRORS;
  const noteBegun = (caller: number): void => {
    if (begun.has(caller)) return;
    begun.add(caller);
    if (begun.size === callers) window = windowFrom(Math.min(nowMs(), window.fromMs));
  };

  async function take(conversation: string, n: number): Promise<void> {
    const sentMs = nowMs();
    const counts = isWithin(window, sentMs);
    if (counts) counted += 1;
    try {
      const reply = await running.turn(conversation, n);
      const repliedMs = nowMs();
      if (!isReplyTo(reply, conversation, n)) throw new Error(`another reply: ${reply}`);
      turns.push({ conversation, n, sentMs, repliedMs });
    } finally {
      if (counts) counted -= 1;
    }
  }
  async function call(caller: number): Promise<void> {
    if (rampMs > 0) await sleep((rampMs * caller) / callers);
    for (let nth = 0; !isOver(); nth++) {
      const conversation = `${tag}-${caller}-${nth}`;
      // Their first conversations are of several lengths, so that they do not all start the next one at once.
      const turnsOfIt = TURNS_PER_CONVERSATION - (nth === 0 ? caller % TURNS_PER_CONVERSATION : 0);
      for (let n = 0; n < turnsOfIt && !isOver(); n++) {
        const failed = await take(conversation, n).catch((error: unknown) => String(error));
        noteBegun(caller);
        if (failed === undefined) continue;
        errors.push(`${conversation}/${n}: ${failed}`);
        break;
      }
    }
  }
  await Promise.all(Array.from({ length: callers }, (_, caller) => call(caller)));
  return { turns, window, errors };
}

const isWithin = ({ fromMs, untilMs }: Window, ms: number): boolean => ms >= fromMs && ms < untilMs;

/** Those whose time counts: begun within the window, however long they took. */
export const begunWithin = ({ turns, window }: Loaded): readonly Turned[] =>
  turns.filter(({ sentMs }) => isWithin(window, sentMs));

/** How many were done a second in the window; of one at its edge, the part of its time that lies within. */
export function donePerS(loaded: readonly Loaded[]): number {
  let [done, seconds] = [0, 0];
  for (const { turns, window } of loaded) {
    seconds += (window.untilMs - window.fromMs) / 1_000;
    for (const { sentMs, repliedMs } of turns) {
      const withinMs = Math.min(repliedMs, window.untilMs) - Math.max(sentMs, window.fromMs);
      if (withinMs > 0) done += withinMs / (repliedMs - sentMs);
    }
  }
  return done / seconds;
}

/** The value below which that share of them lies; NaN of none. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}
