// What stands in channels, what is still to be told there, and where conversations stand. A migration that was released is
// never edited; what comes next is a new file.
import { type Kysely, type Migration, sql } from 'kysely';

export const channels0008: Migration = {
  async up(db: Kysely<unknown>) {
    await sql.raw(TABLES).execute(db);
  },
};

const TABLES = `
  alter table countersign.conversations add column channel json;

  create table countersign.deliveries (
    key text primary key,
    channel text not null,
    -- The message as its platform names it; null where it was refused for good.
    ref json,
    digest text not null,
    at_ms bigint not null
  );

  create table countersign.notes (
    id text primary key,
    channel text not null,
    way json not null,
    note json not null,
    made_ms bigint not null,
    due_ms bigint not null,
    tries integer not null default 0,
    is_over boolean not null default false
  );
  create index notes_due on countersign.notes (due_ms) where not is_over;
  create index notes_made on countersign.notes (made_ms);`;
