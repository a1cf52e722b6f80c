// What ledger entries seal lies beside them, where it can be erased while the ledger still verifies. A migration that was
// released is never edited; what comes next is a new file.
import { type Kysely, type Migration, sql } from 'kysely';

export const sealedParts0004: Migration = {
  async up(db: Kysely<unknown>) {
    await sql.raw(TABLES).execute(db);
  },
};

const TABLES = `
  create table countersign.ledger_seals (
    seq bigint primary key,
    salt text not null,
    -- The exact canonical text, as it was sealed.
    body text not null
  );
  create index ledger_of_kind on countersign.ledger (kind, seq);`;
