// What agents remember of whom they speak with. A migration that was released is never edited; what comes next is a new
// file.
import { type Kysely, type Migration, sql } from 'kysely';

export const facts0016: Migration = {
  async up(db: Kysely<unknown>) {
    for (const part of [TABLE, ERASE, OWNERS_ONLY]) await sql.raw(part).execute(db);
  },
};

const TABLE = `
  create table countersign.facts (
    id text primary key,
    -- The action that remembered it: once.
    action_id text not null unique,
    conversation_id text not null,
    tenant text not null,
    agent text not null,
    subject text not null,
    kind text not null,
    key text not null,
    -- As JSON. Both are null once its words are erased; what is left says that there was one, and when.
    value text,
    salt text,
    digest text not null,
    items json not null,
    trust text not null,
    owner text not null,
    from_ms bigint not null,
    expires_ms bigint not null,
    fresh_until_ms bigint not null,
    history_ms bigint not null,
    ended_ms bigint,
    ended_as text
  );
  create index facts_of on countersign.facts (tenant, subject, agent, from_ms desc);
  create index facts_with_words on countersign.facts (expires_ms) where value is not null;`;

// Of what has ended alone, so that whoever may call it can erase nothing else: the words of the fact, and those of the
// action that remembered it, in its read models and under the seals of the ledger. PostgreSQL reads no JSON that holds a
// NUL, so each becomes a blank. What is encrypted stands in a member of its own.
const ERASE = String.raw`
  create function countersign.erase_facts(wanted text[]) returns bigint
  language sql security definer set search_path = countersign, pg_temp as $erase$
    with over as (
      select id, action_id, conversation_id from countersign.facts
      where id = any(wanted) and ended_ms is not null and value is not null
    ), blanked as (
      update countersign.facts set key = '', value = null, salt = null where id in (select id from over) returning 1
    ), actions as (
      update countersign.actions set proposal = (
        select json_object_agg(part.key, case part.key when 'args' then '""'::json else part.value end)
        from json_each(replace(proposal::text, '\u0000', '\u0020')::json) as part
        where part.key not in ('provenance', '~')
      ) where id in (select action_id from over) returning 1
    ), asked as (
      update countersign.approvals set approval = (
        select json_object_agg(part.key, case part.key when 'args' then '""'::json else part.value end)
        from json_each(replace(approval::text, '\u0000', '\u0020')::json) as part
        where part.key not in ('provenance', '~')
      ) from over where approvals.conversation_id = over.conversation_id
        and replace(approval::text, '\u0000', '\u0020')::json ->> 'actionId' = over.action_id
      returning 1
    ), unsealed as (
      delete from countersign.ledger_seals where seq in (
        select ledger.seq from countersign.ledger join over on subject = action_id where ledger.kind = 'proposed'
      ) returning 1
    )
    select count(*) from blanked
  $erase$;`;

const OWNERS_ONLY = 'revoke all on function countersign.erase_facts(text[]) from public';
