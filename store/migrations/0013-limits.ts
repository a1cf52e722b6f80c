// What claimed actions took of limits per period. Whose, how much and when stands here, and no sums: those are counted when
// they are asked for. A migration that was released is never edited; what comes next is a new file.
import { type Kysely, type Migration, sql } from 'kysely';

export const limits0013: Migration = {
  async up(db: Kysely<unknown>) {
    await sql.raw(TABLE).execute(db);
  },
};

// A claim of a month of a busy shop looks at its hundred thousand takes in an index, and at no row.
const TABLE = `
  create table countersign.limit_takes (
    action_id text not null,
    limit_name text not null,
    agent text not null,
    tenant text not null,
    principal_id text not null,
    currency text not null,
    units bigint not null check (units >= 0),
    at_ms bigint not null,
    given_back_ms bigint,
    primary key (action_id, limit_name)
  );
  create index limit_takes_of_principal
    on countersign.limit_takes (agent, limit_name, tenant, principal_id, at_ms)
    include (currency, units, action_id) where given_back_ms is null;
  create index limit_takes_of_period
    on countersign.limit_takes (agent, limit_name, at_ms)
    include (tenant, currency, units, action_id) where given_back_ms is null;`;
