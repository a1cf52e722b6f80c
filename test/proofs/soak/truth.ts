// What really happened, by the far sides' own records: the log of the one that speaks HTTP, and the books in PostgreSQL.
import pg from 'pg';
import type { Rig } from '../rig/rig.ts';

export interface Truth {
  /** How often the effect of the action happened. */
  timesOf(actionId: string): Promise<number>;
  /** Every action with an effect in a conversation, and how often. */
  effectsOf(conversationId: string): Promise<ReadonlyMap<string, number>>;
}

// 20 s: longer than PostgreSQL is down in a soak.
const LOOK_LIMIT_MS = 20_000;

export function createTruth(rig: Rig): Truth {
  const effectsOf = async (conversationId: string) => {
    const booked = await rows(rig, conversationId);
    const keys = [...rig.far.effects.map(({ key }) => key), ...booked];
    const own = keys.filter((key) => key.startsWith(`${conversationId}:`));
    return new Map([...new Set(own)].map((key) => [key, own.filter((one) => one === key).length]));
  };
  return {
    effectsOf,
    timesOf: async (actionId) => (await effectsOf(actionId.split(':', 1).join(''))).get(actionId) ?? 0,
  };
}

/** A connection for each look: a pool would have to be mended after every outage. */
async function rows({ databaseUrl }: Rig, conversationId: string): Promise<readonly string[]> {
  const untilMs = Date.now() + LOOK_LIMIT_MS;
  for (;;) {
    const client = new pg.Client({ connectionString: databaseUrl });
    client.on('error', () => undefined); // the query under way fails, and is made again
    try {
      await client.connect();
      const like = `${conversationId}:%`;
      const found = await client.query<{ key: string }>('select key from books.entries where key like $1', [like]);
      return found.rows.map(({ key }) => key);
    } catch (error) {
      if (Date.now() > untilMs) throw error;
      await new Promise((resume) => setTimeout(resume, 200));
    } finally {
      await client.end().catch(() => undefined);
    }
  }
}
