// Whoever waits for the answer to a message is told when it is written (see answers.ts), in place of looking again and
// again. A migration that was released is never edited; what comes next is a new file.
import { type Kysely, type Migration, sql } from 'kysely';

export const answers0023: Migration = {
  async up(db: Kysely<unknown>) {
    for (const part of [NOTIFY, TRIGGER]) await sql.raw(part).execute(db);
  },
};

// Anybody in the database may listen, so it tells the hash of the conversation's id, and nothing of what was said.
const NOTIFY = `
  create function countersign.notify_answer() returns trigger
  language plpgsql set search_path = pg_catalog, pg_temp as $notify$
    begin
      perform pg_notify('countersign_answers', encode(sha256(convert_to(new.conversation_id, 'UTF8')), 'hex'));
      return null;
    end
  $notify$;
  revoke all on function countersign.notify_answer() from public;`;

const TRIGGER = `
  create trigger items_answer after insert on countersign.items
  for each row when (new.kind in ('reply', 'staff_reply')) execute function countersign.notify_answer();`;
