// What really happened, by the far sides' own records: the log of the one that speaks HTTP, and the books in PostgreSQL;
// and what the store itself says, asked as its owner.
import pg from 'pg';
import type { Rig } from './rig.ts';

type Sources = Pick<Rig, 'databaseUrl' | 'far'>;

export interface Truth {
  /** How often the effect of the action happened. */
  timesOf(actionId: string): Promise<number>;
  /** Every action with an effect in a conversation, and how often. */
  effectsOf(conversationId: string): Promise<Effects>;
}

/** By action id. */
export type Effects = ReadonlyMap<string, number>;

export function createTruth(rig: Sources): Truth {
  const effectsOf = async (conversationId: string): Promise<Effects> => {
    const mark = `${conversationId}:`;
    const booked = await ask<{ key: string }>(rig, 'select key from books.entries where starts_with(key, $1)', [mark]);
    const keys = [...rig.far.effects, ...booked].map(({ key }) => key).filter((key) => key.startsWith(mark));
    return new Map([...new Set(keys)].map((key) => [key, keys.filter((one) => one === key).length]));
  };
  return {
    effectsOf,
    timesOf: async (actionId) => (await effectsOf(actionId.split(':', 1).join(''))).get(actionId) ?? 0,
  };
}

// 20 s: longer than PostgreSQL is down in a soak.
const LOOK_LIMIT_MS = 20_000;
const PAUSE_MS = 200;

/** Ask the database as its owner. A connection for each look: a pool would have to be mended after every outage. */
export async function ask<Row extends object>(
  { databaseUrl }: Pick<Rig, 'databaseUrl'>,
  text: string,
  values: readonly unknown[] = [],
): Promise<readonly Row[]> {
  const untilMs = Date.now() + LOOK_LIMIT_MS;
  for (;;) {
    const client = new pg.Client({ connectionString: databaseUrl });
    client.on('error', () => undefined); // the query under way fails, and is made again
    try {
      await client.connect();
      return (await client.query<Row>(text, [...values])).rows;
    } catch (error) {
      if (Date.now() > untilMs) throw error;
      await new Promise((resume) => setTimeout(resume, PAUSE_MS));
    } finally {
      await client.end().catch(() => undefined);
    }
  }
}
