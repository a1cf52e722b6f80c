// Cards are found by the message that they stand in. A migration that was released is never edited; what comes next is a
// new file.
import { type Kysely, type Migration, sql } from 'kysely';

export const foundCards0011: Migration = {
  async up(db: Kysely<unknown>) {
    await sql.raw(INDEX).execute(db);
  },
};

const INDEX = `create index deliveries_ref on countersign.deliveries ((ref ->> 'to'), (ref ->> 'id'));`;
