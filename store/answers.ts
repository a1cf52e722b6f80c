// Who waits for an answer hears of it when it is written: from this process at once, and from every other by PostgreSQL's
// own word (see migration 0023). A hint and no more: it may be missed, as through a pooler or a lost connection, so whoever
// waits looks by itself now and then. May import pg and Node built-ins. Nothing here ever throws.
import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import type { Answers } from './ports.ts';

/** What the trigger on `items` notifies; the payload is the hash of the conversation's id. */
const CHANNEL = 'countersign_answers';

// 1 s: how soon a lost connection is made anew. Meanwhile nobody waits longer for it than without.
const RECONNECT_MS = 1_000;
// 5 s to be let in, and for its one statement; after 10 s of silence the system asks whether the other end is there.
const PATIENCE = {
  connectionTimeoutMillis: 5_000,
  query_timeout: 5_000,
  keepAlive: true,
  keepAliveInitialDelayMillis: 10_000,
} as const;
// 1 s: what a healthy server takes to part is a millisecond.
const LEAVE_MS = 1_000;

interface LocalAnswers extends Answers {
  /** An answer was written in that conversation, by this process. */
  written(conversationId: string): void;
  close(): Promise<void>;
}

/** `config`: where to listen, on a connection of its own, from the first who waits on; undefined: this process only. */
export function createAnswers(config: pg.ClientConfig | undefined): LocalAnswers {
  const waiting = new Map<string, Set<() => void>>();
  const tell = (hash: string): void => waiting.get(hash)?.forEach((wake) => wake());
  const listening = config === undefined ? undefined : listen(config, tell);
  return {
    written: (conversationId) => tell(hashOf(conversationId)),
    in(conversationId) {
      listening?.begin();
      const hash = hashOf(conversationId);
      const waker = createWaker();
      const all = waiting.get(hash) ?? new Set();
      waiting.set(hash, all.add(waker.wake));
      return {
        next: waker.next,
        isSure: () => listening?.isOn() !== false,
        end() {
          all.delete(waker.wake);
          if (all.size === 0) waiting.delete(hash);
        },
      };
    },
    async close() {
      await listening?.end();
    },
  };
}

const hashOf = (conversationId: string): string => createHash('sha256').update(conversationId).digest('hex');

/** What is heard while nobody waits is kept for who waits next. */
function createWaker() {
  let heard = false;
  let resume: (() => void) | undefined;
  return {
    wake(): void {
      heard = true;
      resume?.();
    },
    next(limitMs: number, signal: AbortSignal): Promise<void> {
      return new Promise((resolve) => {
        const done = (): void => {
          clearTimeout(timer);
          signal.removeEventListener('abort', done);
          resume = undefined;
          heard = false;
          resolve();
        };
        const timer = setTimeout(done, limitMs);
        resume = done;
        signal.addEventListener('abort', done, { once: true });
        if (heard || signal.aborted) done();
      });
    },
  };
}

/** One connection, made when it is first needed and again whenever it is lost. */
function listen(config: pg.ClientConfig, tell: (hash: string) => void) {
  let client: pg.Client | undefined;
  let ended = false;
  /** Something was heard on it: a pooler may take a `listen` and pass on nothing. */
  let isOn = false;
  let again: NodeJS.Timeout | undefined;
  const connect = async (): Promise<void> => {
    const own = new pg.Client({ ...config, ...PATIENCE });
    client = own;
    own.on('error', () => undefined); // its end says the same
    own.on('notification', ({ payload = '' }) => {
      isOn = true;
      tell(payload);
    });
    own.once('end', retry);
    try {
      await own.connect();
      await own.query(`listen ${CHANNEL}`);
    } catch {
      await own.end().catch(() => undefined);
      retry();
    }
  };
  const retry = (): void => {
    isOn = false;
    if (ended || again !== undefined) return;
    again = setTimeout(() => {
      again = undefined;
      void connect();
    }, RECONNECT_MS);
    again.unref();
  };
  return {
    isOn: (): boolean => isOn,
    begin(): void {
      if (client === undefined && !ended) void connect();
    },
    async end(): Promise<void> {
      ended = true;
      clearTimeout(again);
      // A server that is not there any more takes no leave.
      await Promise.race([client?.end().catch(() => undefined), sleep(LEAVE_MS, undefined, { ref: false })]);
    },
  };
}
