// What is due of an agent's conversations is found by index. A migration that was released is never edited; what comes next
// is a new file.
import { type Kysely, type Migration, sql } from 'kysely';

export const maintenance0017: Migration = {
  async up(db: Kysely<unknown>) {
    await sql.raw('create index conversations_by_age on countersign.conversations (agent, updated_ms)').execute(db);
  },
};
