// A clock that is ahead closes and deletes nothing early: whoever runs maintenance is compared with the database. May import
// domain.
import { sql } from 'kysely';
import { MAX_AHEAD_MS, type RunAt } from '../../domain/maintenance.ts';
import { DATABASE_MS } from '../claims.ts';
import type { Db } from '../schema.ts';

type Clock = Pick<RunAt, 'nowMs' | 'movedMs'>;

/** Throws where the caller's clock is further ahead of the database's than clocks differ. */
export async function requireClock(db: Db, at: Clock): Promise<void> {
  const ahead = await aheadMs(db, at);
  if (ahead > MAX_AHEAD_MS)
    throw new Error(
      `the clock of this process is ${Math.round(ahead / 60_000)} minutes ahead of the database's; ` +
        'set it right: until then nothing is closed, deleted or erased',
    );
}

export const isClockRight = async (db: Db, at: Clock): Promise<boolean> => (await aheadMs(db, at)) <= MAX_AHEAD_MS;

async function aheadMs(db: Db, { nowMs, movedMs }: Clock): Promise<number> {
  const { rows } = await sql<{ readonly ms: number }>`select ${DATABASE_MS} as ms`.execute(db);
  const [{ ms } = { ms: 0 }] = rows;
  return nowMs - movedMs - ms;
}
