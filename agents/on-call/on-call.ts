// The system of record "on_call": who is on the roster, services, alerts, restarts. `prepare` makes it in development;
// ON_CALL_DATABASE_URL names the real one. May import countersign and this folder.
import type { DatabaseSystem, Sql } from 'countersign';
import { ON_CALL_PROTECTION } from './protection.ts';

const MINUTE_MS = 60 * 1000;

export const onCall: DatabaseSystem = {
  kind: 'database',
  name: 'on_call',
  urlEnv: 'ON_CALL_DATABASE_URL',
  mintUrlEnv: 'ON_CALL_MINT_DATABASE_URL',
  protect: ON_CALL_PROTECTION,
  prepare: async (sql, nowMs) => {
    await sql.transaction(async (inside) => {
      for (const statement of TABLES) await inside.query(statement);
      const [seeded] = await inside.query<{ some: boolean }>('select exists (select 1 from on_call.roster) as some');
      if (!seeded?.some) await seed(inside, nowMs);
    });
  },
};

/** The on-call database, as the actor opened it for one action. */
export function onCallOf(context: { readonly access: { database(system: string): Sql } }): Sql {
  return context.access.database(onCall.name);
}

/** The principal when they are on the roster, else '': alerts and services belong to whoever is on call. */
export async function subjectOf(sql: Sql, principalId: string): Promise<string> {
  const rows = await sql.query('select 1 from on_call.roster where principal_id = $1', [principalId]);
  return rows.length === 0 ? '' : principalId;
}

const TABLES = [
  'create schema if not exists on_call',
  'create table if not exists on_call.roster (principal_id text primary key)',
  'create table if not exists on_call.services (name text primary key, state text not null)',
  `create table if not exists on_call.alerts (
     id text primary key, service text not null references on_call.services, title text not null,
     state text not null check (state in ('firing', 'acknowledged')), acknowledged_by text,
     acknowledged_key text unique, fired_at timestamptz not null)`,
  `create table if not exists on_call.restarts (
     idempotency_key text primary key, service text not null references on_call.services,
     requested_by text not null, reason text not null, created_at timestamptz not null)`,
];

async function seed(sql: Sql, nowMs: number): Promise<void> {
  for (const id of ['finn', 'olga']) await sql.query('insert into on_call.roster values ($1)', [id]);
  for (const service of [
    ['checkout', 'degraded'],
    ['search', 'healthy'],
  ]) {
    await sql.query('insert into on_call.services values ($1, $2)', service);
  }
  for (const [id, service, title, minutesAgo] of [
    ['7', 'checkout', 'p99 latency above 2 s for 10 minutes', 12],
    ['8', 'checkout', 'memory above 90 %', 4],
    ['9', 'search', 'index is 20 minutes behind', 31],
  ] as const) {
    await sql.query(
      `insert into on_call.alerts (id, service, title, state, fired_at)
       values ($1, $2, $3, 'firing', to_timestamp($4::float8 / 1000))`,
      [id, service, title, nowMs - minutesAgo * MINUTE_MS],
    );
  }
}
