// What lay readable where words are encrypted, or stayed where they were deleted: keys of remembered facts, amounts. And
// under which master keys none is made any more. A migration that was released is never edited; what comes next is a new
// file.
import { type Kysely, type Migration, sql } from 'kysely';

export const leftReadable0021: Migration = {
  async up(db: Kysely<unknown>) {
    for (const part of [KEYS_AS_JSON, RETIRED, ERASE_FACTS, DELETE_TEXTS, GONE_BEFORE, DUE_RESERVATIONS])
      await sql.raw(part).execute(db);
  },
};

// As JSON, like the value: no key can look like one that is encrypted.
const KEYS_AS_JSON = `update countersign.facts set key = to_json(key)::text where value is not null`;

const RETIRED = `
  -- Master keys that another has taken the place of; a name tells nothing of its key.
  create table countersign.retired_masters (
    name text primary key,
    replaced_by text not null,
    retired_ms bigint not null
  )`;

// As in migration 0016, but for what PostgreSQL cannot read in JSON, which `blanked` (0018) takes out: half a surrogate pair
// as well as a NUL.
const ERASE_FACTS = `
  create or replace function countersign.erase_facts(wanted text[]) returns bigint
  language sql security definer set search_path = countersign, pg_temp as $erase$
    with over as (
      select id, action_id, conversation_id from countersign.facts
      where id = any(wanted) and ended_ms is not null and value is not null
    ), gone as (
      update countersign.facts set key = '', value = null, salt = null where id in (select id from over) returning 1
    ), actions as (
      update countersign.actions set proposal = blanked(proposal, '{"args": ""}', '{provenance}')
      where id in (select action_id from over) returning 1
    ), asked as (
      update countersign.approvals set approval = blanked(approval, '{"args": ""}', '{provenance}')
      from over where approvals.conversation_id = over.conversation_id
        and blanked(approval, '{}', '{}') ->> 'actionId' = over.action_id
      returning 1
    ), unsealed as (
      delete from countersign.ledger_seals where seq in (
        select ledger.seq from countersign.ledger join over on subject = action_id where ledger.kind = 'proposed'
      ) returning 1
    )
    select count(*) from gone
  $erase$`;

const VERDICT = `verdict = countersign.blanked(verdict, '{"reason": "[erased]"}', '{amount,reserves}')`;
const APPROVAL = `approval = countersign.blanked(approval, '{"args": "{}", "summary": "[erased]", "forWhom": "[erased]",
          "howMuch": "[erased]", "reason": "[erased]", "evidence": null, "decisions": [],
          "amount": {"currency": "", "minorUnits": 0}}', '{provenance,asides}')`;

// As in migration 0018, with amounts.
const DELETE_TEXTS = `
  create or replace function countersign.delete_texts(whose text, at_ms bigint) returns boolean
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
        ${VERDICT},
        outcome = blanked(outcome, '{"result": "[erased]", "reason": "[erased]"}', '{}')
        where conversation_id = whose;
      -- By its key: claims are never dropped, and have no index by conversation.
      update claims set outcome = blanked(outcome, '{"result": "[erased]", "reason": "[erased]"}', '{}')
        where action_id in (select id from actions where conversation_id = whose);
      update approvals set
        ${APPROVAL}
        where conversation_id = whose;
      update conversations set
        principal = blanked(principal, '{"name": "[erased]"}', '{}'),
        intake = blanked(intake, '{"facts": []}', '{}'),
        texts_deleted_ms = at_ms
        where id = whose;
      return true;
    end
  $delete$`;

// Of conversations whose words are gone since before, by a deletion or with their key.
const OF_GONE = `conversation_id in (
    select talk.id from countersign.conversations as talk left join countersign.subject_keys as used on used.id = talk.key_id
    where texts_deleted_ms is not null or destroyed_ms is not null)`;
const GONE_BEFORE = `
  update countersign.actions set ${VERDICT} where ${OF_GONE};
  update countersign.approvals set ${APPROVAL} where ${OF_GONE}`;

// As in migration 0020, but due since its turn was over, and not since it was held: one that was paused for months is behind
// with nothing on the day of its answer.
const DAY_MS = 86_400_000;
const KEPT_DAYS = 60;
const SINCE = `(select countersign.kept_since(now_ms, ${KEPT_DAYS}))`;
const DUE_RESERVATIONS = `
  create or replace function countersign.due_reservations(now_ms bigint, most integer)
  returns table (id text, due_ms bigint)
  language sql stable security definer set search_path = countersign, pg_temp as $due$
    select call_id, greatest((reserved_ms / ${DAY_MS} + 1 + ${KEPT_DAYS}) * ${DAY_MS}, least(answered_ms, closed_ms)) as due_ms
    from (
      select call_id, reserved_ms, (
          select said.created_ms from items as said where said.conversation_id = call.conversation_id
            and said.turn >= call.turn and said.kind in ('reply', 'staff_reply') and (said.turn > call.turn
              or exists (select from ledger where ledger.subject = call.conversation_id and ledger.step = call.step))
          order by said.turn, said.seq limit 1
        ) as answered_ms, (
          select (talk.updated_ms / ${DAY_MS} + 1 + ${KEPT_DAYS}) * ${DAY_MS} from conversations as talk
          where talk.id = call.conversation_id and talk.phase = 'closed' and talk.updated_ms < ${SINCE}
        ) as closed_ms
      from reservations as call where used is not null and reserved_ms < ${SINCE}
    ) as old
    where answered_ms is not null or closed_ms is not null
    order by reserved_ms limit most
  $due$`;
