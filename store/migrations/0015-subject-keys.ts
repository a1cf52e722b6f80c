// The key under which what is said of a person lies in the store, and which of them a conversation has. A migration that
// was released is never edited; what comes next is a new file.
import { type Kysely, type Migration, sql } from 'kysely';

export const subjectKeys0015: Migration = {
  async up(db: Kysely<unknown>) {
    await sql.raw(TABLES).execute(db);
  },
};

const TABLES = `
  create table countersign.subject_keys (
    id text primary key,
    tenant text not null,
    subject text not null,
    -- Encrypted under the master key; null once it is destroyed.
    wrapped bytea,
    made_ms bigint not null,
    destroyed_ms bigint,
    check ((wrapped is null) = (destroyed_ms is not null))
  );
  -- One that is in use; any number that were destroyed.
  create unique index subject_keys_in_use on countersign.subject_keys (tenant, subject) where destroyed_ms is null;
  create index subject_keys_of on countersign.subject_keys (tenant, subject);

  -- null where it was opened before there were keys: its words lie there as they are.
  alter table countersign.conversations add column key_id text references countersign.subject_keys (id);
  create index conversations_of_key on countersign.conversations (key_id);
  -- What an encrypted body weighs as JSON; null: what it weighs as it lies there.
  alter table countersign.items add column body_bytes integer;`;
