// Under which master key the key of a person lies, so that it is known what a change of the master key has left. A migration
// that was released is never edited; what comes next is a new file.
import { type Kysely, type Migration, sql } from 'kysely';

export const masterKeys0019: Migration = {
  async up(db: Kysely<unknown>) {
    await sql.raw(COLUMN).execute(db);
  },
};

const COLUMN = `
  -- Its name (see trust/encrypting.ts); '' where it was wrapped before that was written down.
  alter table countersign.subject_keys add column master text not null default '';
  create index subject_keys_master on countersign.subject_keys (master) where wrapped is not null;`;
