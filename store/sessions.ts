// Who else is connected to the store. May import Kysely.
import { sql } from 'kysely';
import { RIGHTS } from './grants.ts';
import { APPLICATION } from './pool.ts';
import type { Db } from './schema.ts';

/** By their logins; where all share that of the owner, by the name that our connections give themselves. */
export async function otherSessions(db: Db): Promise<readonly string[]> {
  const { rows } = await sql<{ who: string }>`
    select distinct case when usename = any(${Object.keys(RIGHTS)}) then usename else application_name end as who
    from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid()
      and (usename = any(${Object.keys(RIGHTS)}) or application_name = ${APPLICATION})
    order by who`.execute(db);
  return rows.map(({ who }) => who);
}
