// Nothing of a conversation whose texts were deleted is delivered any more. What was delivered is known by the order of its
// items, and a Reset in Temporal, which does its turns again, gives what it says a new place in it. A migration that was
// released is never edited; what comes next is a new file.
import { type Kysely, type Migration, sql } from 'kysely';

export const deletedIsDelivered0022: Migration = {
  async up(db: Kysely<unknown>) {
    for (const part of [NEVER_AGAIN, DELETED_BEFORE]) await sql.raw(part).execute(db);
  },
};

// The last number there is. All replies up to there have reached the channel, or never will; nobody counts beyond.
const THE_LAST = '9223372036854775807';

// A trigger, so that no copy of what deletes is needed: `delete_texts` alone sets this column, and a late word unsets it.
const NEVER_AGAIN = `
  create function countersign.deleted_is_delivered() returns trigger
  language plpgsql security definer set search_path = countersign, pg_temp as $delivered$
    begin
      insert into delivered_replies (conversation_id, seq) values (new.id, ${THE_LAST})
        on conflict (conversation_id) do update set seq = ${THE_LAST};
      return null;
    end
  $delivered$;
  revoke all on function countersign.deleted_is_delivered() from public;
  create trigger deleted_is_delivered after update of texts_deleted_ms on countersign.conversations
    for each row when (old.texts_deleted_ms is null and new.texts_deleted_ms is not null)
    execute function countersign.deleted_is_delivered();`;

// What a late word has made due once more is among what the ledger names.
const DELETED_BEFORE = `
  insert into countersign.delivered_replies (conversation_id, seq)
    select id, ${THE_LAST} from countersign.conversations where texts_deleted_ms is not null
    union
    select json_array_elements_text(entry::json->'fact'->'conversationIds'), ${THE_LAST} from countersign.ledger
      where subject = 'maintenance' and kind = 'maintained' and entry::json->'fact'->>'task' = 'delete_texts'
    on conflict (conversation_id) do update set seq = ${THE_LAST};`;
