// What the intake of a conversation came to last: facts, priority and queue. A migration that was released is never edited;
// what comes next is a new file.
import { type Kysely, type Migration, sql } from 'kysely';

export const intake0012: Migration = {
  async up(db: Kysely<unknown>) {
    await sql.raw('alter table countersign.conversations add column intake json').execute(db);
  },
};
