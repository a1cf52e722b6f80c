// Budgets of model use, what is held of them for calls under way, and which conversations wait for one that is shut. A
// migration that was released is never edited; what comes next is a new file.
import { type Kysely, type Migration, sql } from 'kysely';

export const budgets0014: Migration = {
  async up(db: Kysely<unknown>) {
    await sql.raw(TABLES).execute(db);
  },
};

const TABLES = `
  create table countersign.budgets (
    id text primary key,
    scope text not null,
    tenant text not null,
    agent text not null,
    -- The id of the conversation, the principal or the agent.
    whose text not null,
    -- '' where it is no day's.
    day text not null,
    ends_ms bigint,
    used json not null,
    held json not null,
    opened json not null,
    openings json not null,
    updated_ms bigint not null
  );
  create index budgets_updated on countersign.budgets (updated_ms);

  -- One for each model call. The three budgets that it is held of are columns, so that each is found by an index.
  create table countersign.reservations (
    call_id text primary key,
    conversation_id text not null,
    turn integer not null,
    -- The step of the ledger under which the assistant records the call.
    step text not null,
    conversation_budget text not null,
    principal_budget text not null,
    agent_budget text not null,
    bounds json not null,
    reserved_ms bigint not null,
    -- What it counts; null while it may still come.
    used json
  );
  create index reservations_of_turn on countersign.reservations (conversation_id, turn);
  create index reservations_open on countersign.reservations (agent_budget, reserved_ms) where used is null;
  create index reservations_open_in on countersign.reservations (conversation_id) where used is null;

  create table countersign.budget_waits (
    budget_id text not null,
    conversation_id text not null,
    since_ms bigint not null,
    primary key (budget_id, conversation_id)
  );`;
