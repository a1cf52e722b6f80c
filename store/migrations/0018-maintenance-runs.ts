// Deleting the texts of a conversation, which one function alone can do, and what maintenance has done. A migration that was
// released is never edited; what comes next is a new file.
import { type Kysely, type Migration, sql } from 'kysely';

export const maintenanceRuns0018: Migration = {
  async up(db: Kysely<unknown>) {
    for (const part of [TABLES, BLANKED, DELETE_TEXTS, LATE_WORDS, OWNERS_ONLY]) await sql.raw(part).execute(db);
  },
};

const TABLES = `
  alter table countersign.conversations add column texts_deleted_ms bigint;
  -- When maintenance last asked it whether it is idle.
  alter table countersign.conversations add column idle_asked_ms bigint;
  -- What is looked for, and none of what has long been closed or deleted.
  drop index countersign.conversations_by_age;
  create index conversations_to_close on countersign.conversations (agent, updated_ms) where phase in ('open', 'stopped');
  create index conversations_to_delete on countersign.conversations (agent, updated_ms)
    where phase = 'closed' and texts_deleted_ms is null;
  create table countersign.maintenance_runs (
    task text primary key,
    -- When it last came to its end without a failure.
    last_ms bigint,
    done bigint not null
  );`;

// Words by their paths (see WORDS in store/words.ts); what is encrypted stands in the member "~". PostgreSQL reads no JSON
// that holds a NUL or half a surrogate pair, which is what its escapes are looked for.
const BLANKED = String.raw`
  create function countersign.blanked(value json, fillers jsonb, dropped text[]) returns json
  language plpgsql immutable set search_path = countersign, pg_temp as $blanked$
    declare
      whole jsonb := regexp_replace(value::text, '\\u(0000|[dD][89a-fA-F][0-9a-fA-F]{2})', '\\ufffd', 'g')::jsonb;
      path text;
      filler jsonb;
    begin
      if whole is null or jsonb_typeof(whole) <> 'object' then return value; end if;
      for path, filler in select * from jsonb_each(fillers) loop
        whole := jsonb_set(whole, string_to_array(path, '.'), filler, false);
      end loop;
      return (whole - dropped - '~')::json;
    end
  $blanked$;`;

// Of a closed conversation in which nothing is open any more, so that whoever may call it can delete nothing else. What the
// ledger sealed goes; what it wrote, and what is needed so that nothing happens a second time, stays.
const DELETE_TEXTS = `
  create function countersign.delete_texts(whose text, at_ms bigint) returns boolean
  language plpgsql security definer set search_path = countersign, pg_temp as $delete$
    begin
      -- Two runs may be at it at once: whoever comes second finds that it is done.
      perform from conversations
        where id = whose and phase = 'closed' and texts_deleted_ms is null for update;
      if not found
        or exists (select from approvals where conversation_id = whose and end_state = 'open')
        or exists (select from actions where conversation_id = whose and (stage <> 'settled' or outcome_kind = 'unknown'))
        or exists (select from claims where conversation_id = whose and receipt_ms is null)
      then return false; end if;
      delete from ledger_seals where seq in (select seq from ledger where conversation_id = whose);
      delete from items where conversation_id = whose;
      update actions set
        proposal = blanked(proposal, '{"args": "{}", "summary": "[erased]", "forWhom": "[erased]", "howMuch": "[erased]",
          "principal.name": "[erased]"}', '{provenance}'),
        evidence = blanked(evidence, '{"record": {}, "subject": ""}', '{}'),
        verdict = blanked(verdict, '{"reason": "[erased]"}', '{}'),
        outcome = blanked(outcome, '{"result": "[erased]", "reason": "[erased]"}', '{}')
        where conversation_id = whose;
      -- By its key: claims are never dropped, and have no index by conversation.
      update claims set outcome = blanked(outcome, '{"result": "[erased]", "reason": "[erased]"}', '{}')
        where action_id in (select id from actions where conversation_id = whose);
      update approvals set
        approval = blanked(approval, '{"args": "{}", "summary": "[erased]", "forWhom": "[erased]", "howMuch": "[erased]",
          "reason": "[erased]", "evidence": null, "decisions": []}', '{provenance,asides}')
        where conversation_id = whose;
      update conversations set
        principal = blanked(principal, '{"name": "[erased]"}', '{}'),
        intake = blanked(intake, '{"facts": []}', '{}'),
        texts_deleted_ms = at_ms
        where id = whose;
      return true;
    end
  $delete$;`;

// Whatever is written of it afterwards, as after a Reset in Temporal, which does its turns again, makes it due once more.
const LATE_WORDS = `
  create function countersign.words_came_late() returns trigger
  language plpgsql security definer set search_path = countersign, pg_temp as $late$
    begin
      update conversations set texts_deleted_ms = null
        where id = new.conversation_id and texts_deleted_ms is not null;
      return null;
    end
  $late$;
  create trigger words_came_late after insert on countersign.items
    for each row execute function countersign.words_came_late();
  create trigger words_came_late after insert on countersign.ledger
    for each row when (new.conversation_id <> '') execute function countersign.words_came_late();`;

const OWNERS_ONLY = `
  revoke all on function countersign.words_came_late() from public;
  revoke all on function countersign.delete_texts(text, bigint) from public;
  revoke all on function countersign.blanked(json, jsonb, text[]) from public;`;
