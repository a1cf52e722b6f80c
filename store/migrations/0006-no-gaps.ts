// The ledger has no gaps, and nothing lies beside it that belongs to no entry, whoever writes past our code. A migration
// that was released is never edited; what comes next is a new file.
import { type Kysely, type Migration, sql } from 'kysely';

export const noGaps0006: Migration = {
  async up(db: Kysely<unknown>) {
    await sql.raw(NO_GAPS).execute(db);
    await sql.raw(SEALS).execute(db);
  },
};

// An entry in a far place would have every checkpoint, and every append after it, go on from there. Row by row: the rows of
// one statement see those before them.
const NO_GAPS = `
  create function countersign.refuse_gap() returns trigger language plpgsql as $$
  declare
    last bigint;
  begin
    select coalesce(max(seq), 0) into last from countersign.ledger;
    if new.seq is distinct from last + 1 then
      raise exception 'the ledger has no gaps: after entry % comes no entry %', last, new.seq
        using errcode = 'restrict_violation';
    end if;
    return new;
  end $$;

  create trigger ledger_has_no_gap before insert on countersign.ledger
    for each row execute function countersign.refuse_gap();
  alter table countersign.ledger enable always trigger ledger_has_no_gap;`;

// A seal without its entry says nothing, and kept the place of the seal of an entry to come, which could not be recorded.
const SEALS = `
  delete from countersign.ledger_seals as seal
    where not exists (select from countersign.ledger as entry where entry.seq = seal.seq);
  alter table countersign.ledger_seals
    add constraint ledger_seals_of_entry foreign key (seq) references countersign.ledger (seq);`;
