// Who is let in when more comes than is answered. The signal is what was taken in here and is not answered yet, and the pace
// at which that goes: both are counted, neither is guessed. What is refused was not begun. Decisions, stops, pauses and all
// that only reads never ask here. May import domain and store types.
import { messageKey } from '../domain/ids.ts';
import type { Store } from '../store/ports.ts';
import {
  ANSWERED_WITHIN_S,
  type ApiLimits,
  MOST_TURNS,
  PACE_WINDOW_MS,
  RETRY_AFTER_BUSY_S,
  RETRY_SPREAD_S,
  SHARE_OF_FREE,
  TURN_MS,
  TURNS_FRESH_MS,
  UNSURE_MS,
} from './limits.ts';
import { Problem } from './problem.ts';

/** A place among what is under way. */
export interface Place {
  /** The same id is the same place, however often it comes. */
  readonly id: string;
  readonly principal: { readonly tenant: string; readonly id: string };
  /** Of a message: where its reply will stand. */
  readonly conversationId?: string;
}

export interface Admission {
  /**
   * Do it, if there is room; the place is kept afterwards where `goesOn` says that a turn is under way. Throws a Problem,
   * `overloaded`, where nothing was begun.
   */
  enter<T>(place: Place, work: () => Promise<T>, goesOn: (result: T) => boolean): Promise<T>;
  /** The turn that took this message has its reply: somebody has seen it. */
  answered(id: string): void;
  /** As they are now. */
  counts(): Promise<AdmissionCounts>;
}

export interface AdmissionCounts {
  readonly underWay: number;
  readonly limit: number;
  /** Since the start of this process. */
  readonly refused: number;
}

interface Held {
  readonly whose: string;
  readonly conversationId: string | undefined;
  /** By then it works no more, whatever became of it. */
  readonly untilMs: number;
}

/** How many may be under way: as many as are answered in time at the pace of the last seconds, and `least` in any case. */
export function limitOf(answeredInWindow: number, least: number): number {
  const perSecond = answeredInWindow / (PACE_WINDOW_MS / 1_000);
  return Math.max(least, Math.min(MOST_TURNS, Math.floor(perSecond * ANSWERED_WITHIN_S)));
}

/** Whether somebody who has `own` of the `total` places may have one more: the more is free, the more may one have. */
export const hasRoom = (own: number, total: number, limit: number): boolean => own < SHARE_OF_FREE * (limit - total);

/** What is under way, and how quickly it goes. */
function createPlaces(items: Pick<Store['items'], 'overOf'>, turnsAtOnce: number, now: () => number) {
  const held = new Map<string, Held>();
  /** When each of the last ones was seen to be answered, oldest first. */
  const answers: number[] = [];
  const limit = (): number => {
    const fromMs = now() - PACE_WINDOW_MS;
    while (answers[0] !== undefined && answers[0] < fromMs) answers.shift();
    return limitOf(answers.length, turnsAtOnce);
  };
  const answered = (id: string): void => {
    if (held.delete(id)) answers.push(now());
  };

  /** Lets go of what is over. A store that does not answer lets go of nothing. */
  const letGo = async (): Promise<void> => {
    const messages = [...held].flatMap(([messageId, { conversationId }]) =>
      conversationId === undefined ? [] : [{ conversationId, messageId }],
    );
    // What nobody works on any more without having answered tells nothing of the pace.
    for (const { messageId, isAnswered } of await items.overOf(messages).catch(() => []))
      if (isAnswered) answered(messageId);
      else held.delete(messageId);
    for (const [id, { untilMs }] of held) if (untilMs < now()) held.delete(id);
  };
  let lookedMs = -Infinity;
  let looking: Promise<void> | undefined;
  /** One look at a time, for all who want one. */
  const look = async (): Promise<void> => {
    if (now() - lookedMs < TURNS_FRESH_MS) return;
    looking ??= letGo().finally(() => {
      lookedMs = now();
      looking = undefined;
    });
    await looking;
  };

  const ownOf = (whose: string): number => [...held.values()].filter((one) => one.whose === whose).length;
  return { held, limit, answered, look, ownOf };
}

export function createAdmission(
  items: Pick<Store['items'], 'overOf' | 'byKey'>,
  { turnsAtOnce }: Pick<ApiLimits, 'turnsAtOnce'>,
  now: () => number = () => performance.now(),
): Admission {
  const { held, limit, answered, look, ownOf } = createPlaces(items, turnsAtOnce, now);
  let refused = 0;
  return {
    answered,
    async counts() {
      await look();
      return { underWay: held.size, limit: limit(), refused };
    },
    async enter({ id, principal, conversationId }, work, goesOn) {
      // What comes a second time has its place; refused, its sender would think that it was never taken.
      if (held.has(id)) return work();
      // While half of it is free nobody has to know.
      if (held.size >= turnsAtOnce / 2) await look();
      const whose = JSON.stringify([principal.tenant, principal.id]);
      if (!hasRoom(ownOf(whose), held.size, limit())) {
        // Taken by another process, or answered since: what is on record is not refused afterwards.
        if (await isTaken(items, conversationId, id)) return work();
        refused += 1;
        throw overloaded();
      }
      const place = { whose, conversationId, untilMs: now() + TURN_MS };
      held.set(id, place);
      try {
        const result = await work();
        if (!goesOn(result)) held.delete(id);
        return result;
      } catch (error) {
        // It may have been taken all the same, and is under way then.
        if (isUnsure(error)) held.set(id, { ...place, untilMs: now() + UNSURE_MS });
        else held.delete(id);
        throw error;
      }
    },
  };
}

const isTaken = async (
  items: Pick<Store['items'], 'byKey'>,
  conversationId: string | undefined,
  messageId: string,
): Promise<boolean> =>
  conversationId !== undefined && (await items.byKey(conversationId, messageKey(messageId))) !== undefined;

const isUnsure = (error: unknown): boolean => error instanceof Problem && error.type === 'unavailable';

function overloaded(): Problem {
  const retryAfterS = RETRY_AFTER_BUSY_S + Math.floor(Math.random() * (RETRY_SPREAD_S + 1));
  const detail = `More is under way here than is answered in time, so this was not begun; send it again in ${retryAfterS} seconds, under its Idempotency-Key if it has one.`;
  return new Problem('overloaded', detail, { retryAfterS });
}
