// The first tables: conversations, items, actions, approvals, claims, ledger, API keys. A migration that was released
// is never edited; what comes next is a new file.
import { type Kysely, type Migration, sql } from 'kysely';

export const tables0001: Migration = {
  async up(db: Kysely<unknown>) {
    await sql.raw(TABLES).execute(db);
    await sql.raw(LEDGER).execute(db);
  },
};

const TABLES = `
  create schema if not exists countersign;

  create table countersign.conversations (
    id text primary key,
    agent text not null,
    tenant text not null,
    owner text not null,
    principal_id text not null,
    principal json not null,
    phase text not null,
    created_ms bigint not null,
    updated_ms bigint not null
  );
  create index conversations_newest on countersign.conversations (tenant, created_ms desc, id desc);
  create index conversations_of_principal
    on countersign.conversations (tenant, principal_id, created_ms desc, id desc);

  create table countersign.items (
    id text primary key,
    conversation_id text not null,
    key text not null,
    turn bigint not null,
    seq bigint generated always as identity,
    trust text not null,
    kind text not null,
    body json not null,
    salt text not null,
    created_ms bigint not null,
    unique (conversation_id, key)
  );
  create unique index items_in_order on countersign.items (conversation_id, seq);
  create index items_of_turn on countersign.items (conversation_id, turn);

  create table countersign.actions (
    id text primary key,
    conversation_id text not null,
    proposal json not null,
    evidence json,
    verdict json,
    approval_id text,
    stage text not null,
    outcome_kind text,
    outcome json,
    created_ms bigint not null,
    updated_ms bigint not null
  );
  create index actions_of_conversation on countersign.actions (conversation_id, created_ms desc, id desc);
  create index actions_by_outcome on countersign.actions (outcome_kind) where outcome_kind is not null;

  create table countersign.approvals (
    id text primary key,
    conversation_id text not null,
    group_name text not null,
    end_state text not null,
    asked_ms bigint not null,
    approval json not null
  );
  create index approvals_of_group on countersign.approvals (group_name, asked_ms desc, id desc);
  create index approvals_of_conversation on countersign.approvals (conversation_id);
  create index approvals_open on countersign.approvals (asked_ms) where end_state = 'open';

  create table countersign.claims (
    action_id text primary key,
    conversation_id text not null,
    digest text not null unique,
    tool text not null,
    claimed_ms bigint not null,
    outcome json,
    receipt_ms bigint
  );
  create index claims_without_receipt on countersign.claims (claimed_ms) where receipt_ms is null;

  create table countersign.api_keys (
    id text primary key,
    hash text not null unique,
    principal json not null,
    scopes json not null,
    created_ms bigint not null,
    revoked_ms bigint
  );`;

// ENABLE ALWAYS: the trigger also fires where session_replication_role would silence ordinary ones.
const LEDGER = `
  create table countersign.ledger (
    seq bigint primary key,
    subject text not null,
    step text not null,
    conversation_id text not null,
    at_ms bigint not null,
    kind text not null,
    fact json not null,
    unique (subject, step)
  );
  create index ledger_of_conversation on countersign.ledger (conversation_id, seq);

  create function countersign.refuse_change() returns trigger language plpgsql as $$
  begin
    raise exception 'the ledger is append-only: % is refused', tg_op using errcode = 'restrict_violation';
  end $$;

  create trigger ledger_is_append_only before update or delete or truncate on countersign.ledger
    for each statement execute function countersign.refuse_change();
  alter table countersign.ledger enable always trigger ledger_is_append_only;`;
