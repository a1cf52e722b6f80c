// The groups that may decide on an approval after the first, each from its time on. A migration that was released is never
// edited; what comes next is a new file.
import { type Kysely, type Migration, sql } from 'kysely';

export const escalation0007: Migration = {
  async up(db: Kysely<unknown>) {
    await sql.raw(COLUMN).execute(db);
  },
};

// Beside the approval itself: PostgreSQL reads no field out of a json that holds a NUL somewhere.
const COLUMN = `
  alter table countersign.approvals add column escalation jsonb not null default '[]';`;
