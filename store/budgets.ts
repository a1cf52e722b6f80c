// Budgets of model use: what a call may use at most is held before it, and what the ledger says that it used is counted in
// its place. May import domain types only. Guarantees: of one budget no more is held and used than there is, whoever asks at
// once; one call is held and counted once. Locks are taken in the order of the ids, so that no two wait for each other.
import { type Selectable, sql } from 'kysely';
import { type Amounts, type Budget, boundOf, NOTHING_USED, plus, reachedOf } from '../domain/spending.ts';
import { budgetsOf, endedCalls, type Reservation, settle } from './budget-calls.ts';
import type { Budgets, LimitedBudget, Reserving, ReserveResult } from './budget-port.ts';
import { appendEntries, isRecorded, lockLedger } from './entries.ts';
import { later } from './later.ts';
import { LATER } from './pool.ts';
import type { Db, Tables, Tx } from './schema.ts';

export function createBudgets(db: Db): Budgets {
  const within = <T>(work: (tx: Tx) => Promise<T>): Promise<T> => db.transaction().execute(work);
  return {
    reserve: (reserving) => within((tx) => reserve(tx, reserving)),
    open: (opening) => within((tx) => open(tx, opening)),
    async waiting(budgetId, after, limit) {
      const rows = await db
        .selectFrom('budget_waits')
        .select('conversation_id')
        .where('budget_id', '=', budgetId)
        .where('conversation_id', '>', after)
        .orderBy('conversation_id')
        .limit(limit)
        .execute();
      return rows.map((row) => row.conversation_id);
    },
    async get(id) {
      const row = await db.selectFrom('budgets').selectAll().where('id', '=', id).executeTakeFirst();
      return row && fromRow(row);
    },
    async list({ tenant, agents, sinceMs, limit }) {
      const rows = await db
        .selectFrom('budgets')
        .selectAll()
        .where('updated_ms', '>=', sinceMs)
        .$if(tenant !== '', (query) => query.where('tenant', '=', tenant))
        .$if(agents.length > 0, (query) => query.where('agent', 'in', [...agents]))
        .orderBy('updated_ms', 'desc')
        .limit(limit)
        .execute();
      return rows.map(fromRow);
    },
  };
}

async function reserve(tx: Tx, reserving: Reserving): Promise<ReserveResult> {
  const { callId, conversationId, turn, step, bounds, budgets, atMs } = reserving;
  const own = [budgets.conversation, budgets.principal_day, budgets.agent_day];
  await insertMissing(tx, own, atMs);
  const ended = await endedCalls(tx, reserving);
  const ids = [...own.map(({ budget }) => budget.id), ...ended.flatMap(budgetsOf)];
  const rows = await lockBudgets(tx, ids);
  const standing = new Map(rows.map((row) => [row.id, fromRow(row)]));
  const changed = new Set<string>();
  await settle(tx, ended, standing, changed);
  const counted = await wasCounted(tx, reserving, rows);
  const result = counted ? ({ kind: 'held' } as const) : await find();
  if (result.kind === 'held' && !counted) {
    const asked = boundOf(bounds);
    const isNew = await insertReservation(tx, reserving);
    for (const { budget } of isNew ? own : []) {
      const now = standing.get(budget.id);
      if (now === undefined) throw new Error(`the budget ${budget.id} must be there: it was put there just now`);
      standing.set(budget.id, { ...now, held: plus(now.held, asked) });
      changed.add(budget.id);
    }
  }
  const changes = [...changed].toSorted().flatMap((id) => standing.get(id) ?? []);
  await writeBudgets(tx, changes, atMs);
  return result;

  async function find(): Promise<ReserveResult> {
    // Its own is among those of its turn.
    const ofTurn = await tx
      .selectFrom('reservations')
      .select(['call_id', 'step', 'bounds', 'used'])
      .where('conversation_id', '=', conversationId)
      .where('turn', '=', turn)
      .execute();
    const before = ofTurn.find((row) => row.call_id === callId);
    if (before !== undefined) {
      if (before.step !== step) throw new Error(`the call ${callId} was held for another step`);
      return { kind: 'held' };
    }
    const reachedInTurn = turnLimited(ofTurn, reserving);
    if (reachedInTurn !== undefined) return { kind: 'turn_limited', reached: reachedInTurn };
    const reached = reachedOf(
      own.flatMap(({ budget, limits }) => {
        const now = standing.get(budget.id);
        return now === undefined ? [] : [{ budget: now, limits }];
      }),
      boundOf(bounds),
    );
    if (reached === undefined) return { kind: 'held' };
    await tx
      .insertInto('budget_waits')
      .values({ budget_id: reached.id, conversation_id: conversationId, since_ms: atMs })
      .onConflict((conflict) => conflict.doNothing())
      .execute();
    return { kind: 'reached', reached };
  }
}

function turnLimited(ofTurn: readonly Pick<Reservation, 'bounds' | 'used'>[], { turnLimits }: Reserving) {
  const sum = ofTurn.map((row) => row.used ?? boundOf(row.bounds)).reduce(plus, NOTHING_USED);
  const { tokensPerTurn, microUsdPerTurn } = turnLimits;
  if (sum.tokens >= tokensPerTurn) return { limit: 'turn_tokens', most: tokensPerTurn } as const;
  return sum.microUsd >= microUsdPerTurn ? ({ limit: 'turn_money', most: microUsdPerTurn } as const) : undefined;
}

/** It is on record, and so old that what it had held was dropped: after a Reset it is asked for once more. */
async function wasCounted(
  tx: Tx,
  { conversationId, turn, step, budgets }: Reserving,
  locked: readonly BudgetRow[],
): Promise<boolean> {
  const row = locked.find(({ id }) => id === budgets.conversation.budget.id);
  return row !== undefined && row.dropped_turn >= turn && (await isRecorded(tx, conversationId, step, 'model_call'));
}

/** In the order of their ids, as they are locked. */
async function insertMissing(tx: Tx, budgets: readonly LimitedBudget[], atMs: number): Promise<void> {
  const nothing = JSON.stringify(NOTHING_USED);
  const rows = budgets.map(({ budget: { id, scope, tenant, agent, of: whose, day, endsMs } }) => ({
    ...{ id, scope, tenant, agent, whose, day, ends_ms: endsMs, updated_ms: atMs },
    ...{ used: nothing, held: nothing, opened: nothing, openings: nothing },
  }));
  const inOrder = rows.toSorted((one, other) => (one.id < other.id ? -1 : 1));
  const insert = tx.insertInto('budgets').values(inOrder);
  await later(
    tx,
    insert.onConflict((conflict) => conflict.doNothing()),
  );
}

async function insertReservation(tx: Tx, reserving: Reserving): Promise<boolean> {
  const { callId, conversationId, turn, step, bounds, budgets, atMs } = reserving;
  const inserted = await tx
    .insertInto('reservations')
    .values({
      ...{ call_id: callId, conversation_id: conversationId, turn, step, bounds: JSON.stringify(bounds) },
      conversation_budget: budgets.conversation.budget.id,
      principal_budget: budgets.principal_day.budget.id,
      agent_budget: budgets.agent_day.budget.id,
      reserved_ms: atMs,
    })
    .onConflict((conflict) => conflict.doNothing())
    .returning('call_id')
    .executeTakeFirst();
  return inserted !== undefined;
}

async function lockBudgets(tx: Tx, ids: readonly string[]): Promise<readonly BudgetRow[]> {
  return tx
    .selectFrom('budgets')
    .selectAll()
    .where('id', 'in', [...new Set(ids)])
    .orderBy('id')
    .forUpdate()
    .execute();
}

async function open(tx: Tx, opening: Parameters<Budgets['open']>[0]): Promise<boolean> {
  const { reached, questionId, conversationId, decisionId, by, atMs } = opening;
  const { id, measure, amount } = reached;
  await lockLedger(tx);
  if (await isRecorded(tx, questionId, 'budget_opened', 'budget_opened')) return false;
  const [row] = await lockBudgets(tx, [id]);
  const now = row && fromRow(row);
  if (now === undefined) return false; // a yes that came to it after its time: nobody waits for it any more
  const more: Amounts = { ...NOTHING_USED, [measure]: amount };
  const once: Amounts = { ...NOTHING_USED, [measure]: 1 };
  const opened = { ...now, opened: plus(now.opened, more), openings: plus(now.openings, once) };
  await writeBudgets(tx, [opened], atMs);
  const { scope, tenant, agent, of, day, endsMs } = reached;
  const what = { id, scope, tenant, agent, of, day, endsMs, measure, amount };
  const fact = { kind: 'budget_opened', questionId, decisionId, by, ...what } as const;
  await appendEntries(tx, [{ subject: questionId, step: 'budget_opened', conversationId, atMs, fact }]);
  return true;
}

/** All of them in one statement. */
async function writeBudgets(tx: Tx, budgets: readonly Budget[], atMs: number): Promise<void> {
  if (budgets.length === 0) return;
  const texts = (of: 'used' | 'held' | 'opened' | 'openings') => budgets.map((budget) => JSON.stringify(budget[of]));
  await sql`
    update countersign.budgets as budget
    set used = fresh.used::jsonb, held = fresh.held::jsonb, opened = fresh.opened::jsonb,
      openings = fresh.openings::jsonb,
      updated_ms = greatest(updated_ms, ${atMs}::bigint)
    from unnest(${budgets.map(({ id }) => id)}::text[], ${texts('used')}::text[], ${texts('held')}::text[],
      ${texts('opened')}::text[], ${texts('openings')}::text[]) as fresh (id, used, held, opened, openings)
    where budget.id = fresh.id${sql.raw(LATER)}`.execute(tx);
}

type BudgetRow = Selectable<Tables['budgets']>;

function fromRow(row: BudgetRow): Budget {
  const { id, scope, tenant, agent, whose: of, day, ends_ms: endsMs, used, held, opened, openings } = row;
  return { id, scope, tenant, agent, of, day, endsMs, used, held, opened, openings };
}
