// What only grows with use and is needed no more after a time: what of it is due, and functions that drop that and nothing
// else, whoever calls them. A migration that was released is never edited; what comes next is a new file.
import { type Kysely, type Migration, sql } from 'kysely';

export const whatGrows0020: Migration = {
  async up(db: Kysely<unknown>) {
    const parts = [TABLES, KEPT_SINCE, ...RESERVATIONS, ...BUDGETS, ...LIMIT_TAKES, ...CHECKPOINTS];
    for (const part of parts) await sql.raw(part).execute(db);
  },
};

// 60 days: twice as long as Temporal is told to keep what has ended (RETENTION_DAYS in workers/temporal.ts). Whatever is
// reset there until then finds what it held, and in which budget.
const MODEL_USE_KEPT_DAYS = 60;
// 62 days: no period is longer than a month (31 days), and as much again for clocks that differ and for who sleeps. A claim
// counts by a verdict of which no actor takes one that is older than a minute.
const LIMIT_TAKES_KEPT_DAYS = 62;
// 7 days of one a minute, 10 MB: the next one goes on from the last, and each was published. After that the last of a day:
// whoever compares with an old one reads the entries of a day besides, and not all.
const CHECKPOINTS_KEPT_DAYS = 7;

const DAY_MS = 86_400_000;

// As a query of its own it is looked up once, and an index can be asked by it.
const since = (days: number): string => `(select countersign.kept_since(now_ms, ${days}))`;
/** When what ended then is due: as the day begins that comes so many days after its own. */
const dueMs = (ended: string, days: number): string => `(${ended} / ${DAY_MS} + 1 + ${days}) * ${DAY_MS}`;

const TABLES = `
  -- Up to this turn of the conversation reservations may have been dropped: what is on record of such a turn was counted.
  alter table countersign.budgets add column dropped_turn integer not null default 0;
  create index reservations_by_age on countersign.reservations (reserved_ms) where used is not null;
  create index limit_takes_by_age on countersign.limit_takes (at_ms);
  create index checkpoints_by_age on countersign.checkpoints (made_ms);`;

// The caller's clock may keep things longer, never shorter: past the database's own it counts as that. So nobody empties a
// table by a clock that is ahead; where a proof has moved it, what was made under it stays for so much longer, and what is
// due says the same. In whole days: what is dropped goes on record, once a day and not every few minutes.
const KEPT_SINCE = `
  create function countersign.kept_since(now_ms bigint, days bigint) returns bigint
  language sql stable set search_path = pg_catalog, pg_temp as $since$
    select (least(now_ms, (extract(epoch from now()) * 1000)::bigint) / ${DAY_MS} - days) * ${DAY_MS}
  $since$;
  revoke all on function countersign.kept_since(bigint, bigint) from public;`;

interface Old {
  readonly name: string;
  /** Selects what is due, with the members that `id` and `dropped` name, and `due_ms`; the longest due first. */
  readonly old: string;
  readonly id: string;
  /** The table whose rows are locked before they go. */
  readonly of: string;
  /** What follows "with old as (…)", and ends in what counts them. */
  readonly dropped: string;
}

// Whoever is at work on a row goes first, and the row next time: nobody who drops waits for a lock, and so no two can wait
// for each other.
const functions = ({ name, old, id, of, dropped }: Old): readonly string[] => [
  `create function countersign.due_${name}(now_ms bigint, most integer) returns table (id text, due_ms bigint)
  language sql stable security definer set search_path = countersign, pg_temp as $due$
    select ${id}, old.due_ms from (${old}) as old
  $due$`,
  `create function countersign.drop_${name}(now_ms bigint, most integer) returns bigint
  language sql security definer set search_path = countersign, pg_temp as $drop$
    with old as (${old} for update of ${of} skip locked), ${dropped}
  $drop$`,
  `revoke all on function countersign.due_${name}(bigint, integer), countersign.drop_${name}(bigint, integer) from public`,
];

// What is counted, of a turn that is over: it was answered and the call is on record, or a later one was answered, or the
// conversation is closed. A call that is held still is somebody's yet; one of a turn that goes on, were it paused for
// months, counts towards the limits of that turn, and its reservation may be asked for again.
const RESERVATIONS = functions({
  name: 'reservations',
  old: `
    select call_id, conversation_budget, turn, ${dueMs('reserved_ms', MODEL_USE_KEPT_DAYS)} as due_ms
    from reservations as call
    where used is not null and reserved_ms < ${since(MODEL_USE_KEPT_DAYS)} and (
      exists (
        select from items as said where said.conversation_id = call.conversation_id and said.turn >= call.turn
          and said.kind in ('reply', 'staff_reply') and (said.turn > call.turn
            or exists (select from ledger where ledger.subject = call.conversation_id and ledger.step = call.step)))
      or exists (
        select from conversations as talk where talk.id = call.conversation_id and talk.phase = 'closed'
          and talk.updated_ms < ${since(MODEL_USE_KEPT_DAYS)}))
    order by reserved_ms limit most`,
  id: 'call_id',
  of: 'call',
  dropped: `
    free as (
      select budgets.id from budgets where budgets.id in (select conversation_budget from old) for update skip locked
    ), marked as (
      update budgets set dropped_turn = greatest(dropped_turn,
        (select max(turn) from old where conversation_budget = budgets.id))
      where budgets.id in (select free.id from free) returning 1
    ), dropped as (
      delete from reservations using old where reservations.call_id = old.call_id and (
        old.conversation_budget in (select free.id from free)
        or not exists (select from budgets where budgets.id = old.conversation_budget)) returning 1
    )
    select count(*) from dropped`,
});

// Of a day, once it is over; of a conversation, once it is closed and what was counted of it is gone. With it goes the list
// of who waited for it, and what a closed conversation holds still, which nobody will ever count.
const BUDGETS = functions({
  name: 'budgets',
  old: `
    select budgets.id, whose, scope,
      ${dueMs('coalesce(ends_ms, greatest(budgets.updated_ms, talk.updated_ms))', MODEL_USE_KEPT_DAYS)} as due_ms
    from budgets left join conversations as talk on scope = 'conversation' and talk.id = whose and talk.phase = 'closed'
    where budgets.updated_ms < ${since(MODEL_USE_KEPT_DAYS)} and (
      ends_ms < ${since(MODEL_USE_KEPT_DAYS)}
      or talk.updated_ms < ${since(MODEL_USE_KEPT_DAYS)} and not exists (
        select from reservations where conversation_id = whose and used is not null))
    order by budgets.updated_ms limit most`,
  id: 'old.id',
  of: 'budgets',
  dropped: `
    held as (
      delete from reservations where conversation_id in (select whose from old where scope = 'conversation') returning 1
    ), waits as (
      delete from budget_waits where budget_id in (select old.id from old) returning 1
    ), dropped as (
      delete from budgets where budgets.id in (select old.id from old) returning 1
    )
    select count(*) from dropped`,
});

const LIMIT_TAKES = functions({
  name: 'limit_takes',
  old: `
    select action_id, limit_name, ${dueMs('at_ms', LIMIT_TAKES_KEPT_DAYS)} as due_ms
    from limit_takes as taken where at_ms < ${since(LIMIT_TAKES_KEPT_DAYS)} order by at_ms limit most`,
  id: "action_id || ' ' || limit_name",
  of: 'taken',
  dropped: `
    dropped as (
      delete from limit_takes as taken using old
      where taken.action_id = old.action_id and taken.limit_name = old.limit_name returning 1
    )
    select count(*) from dropped`,
});

// Published, and not the last of its day that was: so it is neither the one from which the next goes on, nor the one that
// was published last.
const CHECKPOINTS = functions({
  name: 'checkpoints',
  old: `
    select size, ${dueMs('made_ms', CHECKPOINTS_KEPT_DAYS)} as due_ms
    from checkpoints as made
    where made_ms < ${since(CHECKPOINTS_KEPT_DAYS)} and published_ms is not null and exists (
      select from checkpoints as later where later.size > made.size and later.published_ms is not null
        and later.made_ms >= made.made_ms / ${DAY_MS} * ${DAY_MS}
        and later.made_ms < (made.made_ms / ${DAY_MS} + 1) * ${DAY_MS})
    order by made_ms limit most`,
  id: 'size::text',
  of: 'made',
  dropped: `
    dropped as (delete from checkpoints using old where checkpoints.size = old.size returning 1)
    select count(*) from dropped`,
});
