// Fencing of claims, switches that stop the actor, and what roles report about themselves. A migration that was
// released is never edited; what comes next is a new file.
import { type Kysely, type Migration, sql } from 'kysely';

export const fencingAndSwitches0002: Migration = {
  async up(db: Kysely<unknown>) {
    await sql.raw(TABLES).execute(db);
  },
};

const TABLES = `
  -- How often the claim was taken over, from 1, and when it was last taken: an older epoch cannot end it.
  alter table countersign.claims add column epoch integer not null default 1;
  alter table countersign.claims add column taken_ms bigint not null default 0;

  create table countersign.switches (
    scope text not null,
    name text not null,
    set_by text not null,
    reason text not null,
    set_ms bigint not null,
    primary key (scope, name)
  );

  create table countersign.notices (
    role text not null,
    position integer not null,
    sentence text not null,
    noted_ms bigint not null,
    primary key (role, position)
  );`;
