// Budgets of model use: what a call may use at most is held before it, and what the ledger says that it used is counted in
// its place. May import domain types only. Guarantees: of one budget no more is held and used than there is, whoever asks at
// once; one call is held and counted once. Locks are taken in the order of the ids, so that no two wait for each other.
import { type Selectable, sql } from 'kysely';
import { type Amounts, type Budget, boundOf, HELD_AT_MOST_MS, minus, NOTHING_USED } from '../domain/spending.ts';
import { type CallBounds, plus, reachedOf, usedBy } from '../domain/spending.ts';
import type { Budgets, LimitedBudget, Reserving, ReserveResult } from './budget-port.ts';
import { appendEntries, isRecorded, lockLedger } from './entries.ts';
import { readEntry } from './entry-text.ts';
import type { Db, Tables, Tx } from './schema.ts';
import { openRow } from './words.ts';

// 20 calls that have ended since: each call counts up to so many others besides itself, so none are left behind for long.
const SETTLED_AT_ONCE = 20;

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
  const standing = await lockBudgets(tx, ids);
  const changed = new Set<string>();
  await settle(tx, ended, standing, changed);
  const counted = await wasCounted(tx, reserving);
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
  for (const id of [...changed].toSorted()) await writeBudget(tx, standing.get(id), atMs);
  return result;

  async function find(): Promise<ReserveResult> {
    const before = await tx.selectFrom('reservations').select('step').where('call_id', '=', callId).executeTakeFirst();
    if (before !== undefined) {
      if (before.step !== step) throw new Error(`the call ${callId} was held for another step`);
      return { kind: 'held' };
    }
    const reachedInTurn = await turnLimited(tx, reserving);
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

  async function turnLimited(of: Tx, { turnLimits }: Reserving) {
    const rows = await of
      .selectFrom('reservations')
      .select(['bounds', 'used'])
      .where('conversation_id', '=', conversationId)
      .where('turn', '=', turn)
      .execute();
    const sum = rows.map((row) => row.used ?? boundOf(row.bounds)).reduce(plus, NOTHING_USED);
    const { tokensPerTurn, microUsdPerTurn } = turnLimits;
    if (sum.tokens >= tokensPerTurn) return { limit: 'turn_tokens', most: tokensPerTurn } as const;
    return sum.microUsd >= microUsdPerTurn ? ({ limit: 'turn_money', most: microUsdPerTurn } as const) : undefined;
  }
}

/** It is on record, and so old that what it had held was dropped: after a Reset it is asked for once more. */
async function wasCounted(tx: Tx, { conversationId, turn, step, budgets }: Reserving): Promise<boolean> {
  const row = await tx
    .selectFrom('budgets')
    .select('dropped_turn')
    .where('id', '=', budgets.conversation.budget.id)
    .executeTakeFirst();
  return row !== undefined && row.dropped_turn >= turn && (await isRecorded(tx, conversationId, step, 'model_call'));
}

/** In the order of their ids, as they are locked. */
async function insertMissing(tx: Tx, budgets: readonly LimitedBudget[], atMs: number): Promise<void> {
  const nothing = JSON.stringify(NOTHING_USED);
  const rows = budgets.map(({ budget: { id, scope, tenant, agent, of: whose, day, endsMs } }) => ({
    ...{ id, scope, tenant, agent, whose, day, ends_ms: endsMs, updated_ms: atMs },
    ...{ used: nothing, held: nothing, opened: nothing, openings: nothing },
  }));
  await tx
    .insertInto('budgets')
    .values(rows.toSorted((one, other) => (one.id < other.id ? -1 : 1)))
    .onConflict((conflict) => conflict.doNothing())
    .execute();
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

type Reservation = Selectable<Tables['reservations']>;

const budgetsOf = (one: Reservation): readonly string[] => [
  one.conversation_budget,
  one.principal_budget,
  one.agent_budget,
];

/** Calls of the same agent, or conversation, that hold something still, and are on record or can no longer come. */
async function endedCalls(
  tx: Tx,
  { conversationId, budgets, atMs, callId }: Reserving,
): Promise<readonly Reservation[]> {
  return tx
    .selectFrom('reservations')
    .selectAll()
    .where('used', 'is', null)
    .where('call_id', '!=', callId)
    .where((eb) =>
      eb.or([eb('agent_budget', '=', budgets.agent_day.budget.id), eb('conversation_id', '=', conversationId)]),
    )
    .where((eb) =>
      eb.or([
        eb('reserved_ms', '<', atMs - HELD_AT_MOST_MS),
        eb.exists(
          eb
            .selectFrom('ledger')
            .select('ledger.seq')
            .whereRef('ledger.subject', '=', 'reservations.conversation_id')
            .whereRef('ledger.step', '=', 'reservations.step'),
        ),
      ]),
    )
    .orderBy((eb) => eb('conversation_id', '=', conversationId), 'desc')
    .orderBy('reserved_ms')
    .limit(SETTLED_AT_ONCE)
    .execute();
}

async function lockBudgets(tx: Tx, ids: readonly string[]): Promise<Map<string, Budget>> {
  const rows = await tx
    .selectFrom('budgets')
    .selectAll()
    .where('id', 'in', [...new Set(ids)])
    .orderBy('id')
    .forUpdate()
    .execute();
  return new Map(rows.map((row) => [row.id, fromRow(row)]));
}

/** Count what these calls have used in the place of what was held for them; what another has counted meanwhile is left. */
async function settle(
  tx: Tx,
  ended: readonly Reservation[],
  standing: Map<string, Budget>,
  changed: Set<string>,
): Promise<void> {
  for (const one of ended) {
    const used = await usedByCall(tx, one);
    const settled = await tx
      .updateTable('reservations')
      .set({ used: JSON.stringify(used) })
      .where('call_id', '=', one.call_id)
      .where('used', 'is', null)
      .returning('call_id')
      .executeTakeFirst();
    if (settled === undefined) continue;
    for (const id of budgetsOf(one)) {
      const now = standing.get(id);
      if (now === undefined) continue; // its day is long over
      standing.set(id, { ...now, held: minus(now.held, boundOf(one.bounds)), used: plus(now.used, used) });
      changed.add(id);
    }
  }
}

/** What the assistant's record says of a call, as far as that can be; all that was held where there is none. */
async function usedByCall(
  tx: Tx,
  { conversation_id, step, bounds }: Pick<Reservation, 'conversation_id' | 'step' | 'bounds'>,
): Promise<Amounts> {
  const row = await tx
    .selectFrom('ledger')
    .select('entry')
    .where('subject', '=', conversation_id)
    .where('step', '=', step)
    .executeTakeFirst();
  const recorded = row === undefined ? undefined : await useIn(tx, row.entry, bounds);
  return recorded === undefined ? boundOf(bounds) : usedBy(bounds, recorded);
}

async function useIn(tx: Tx, text: string, { toolCalls: most }: CallBounds) {
  try {
    const { fact } = readEntry(text, null);
    if (fact.kind !== 'model_call') return undefined;
    const row = await tx.selectFrom('items').select(['id', 'body']).where('id', '=', fact.itemId).executeTakeFirst();
    const item = row && (await openRow(tx, 'items', row));
    const toolCalls = item === undefined ? most : item.body.kind === 'calls' ? item.body.calls.length : 0;
    return { promptTokens: fact.promptTokens, completionTokens: fact.completionTokens, toolCalls };
  } catch {
    return undefined; // it was altered: it says nothing
  }
}

async function open(tx: Tx, opening: Parameters<Budgets['open']>[0]): Promise<boolean> {
  const { reached, questionId, conversationId, decisionId, by, atMs } = opening;
  const { id, measure, amount } = reached;
  await lockLedger(tx);
  if (await isRecorded(tx, questionId, 'budget_opened', 'budget_opened')) return false;
  const now = (await lockBudgets(tx, [id])).get(id);
  if (now === undefined) return false; // a yes that came to it after its time: nobody waits for it any more
  const more: Amounts = { ...NOTHING_USED, [measure]: amount };
  const once: Amounts = { ...NOTHING_USED, [measure]: 1 };
  const opened = { ...now, opened: plus(now.opened, more), openings: plus(now.openings, once) };
  await writeBudget(tx, opened, atMs);
  const { scope, tenant, agent, of, day, endsMs } = reached;
  const what = { id, scope, tenant, agent, of, day, endsMs, measure, amount };
  const fact = { kind: 'budget_opened', questionId, decisionId, by, ...what } as const;
  await appendEntries(tx, [{ subject: questionId, step: 'budget_opened', conversationId, atMs, fact }]);
  return true;
}

async function writeBudget(tx: Tx, budget: Budget | undefined, atMs: number): Promise<void> {
  if (budget === undefined) return;
  const { id, used, held, opened, openings } = budget;
  await tx
    .updateTable('budgets')
    .set({
      used: JSON.stringify(used),
      held: JSON.stringify(held),
      opened: JSON.stringify(opened),
      openings: JSON.stringify(openings),
      updated_ms: sql<number>`greatest(updated_ms, ${atMs})`,
    })
    .where('id', '=', id)
    .execute();
}

function fromRow(row: Selectable<Tables['budgets']>): Budget {
  const { id, scope, tenant, agent, whose: of, day, ends_ms: endsMs, used, held, opened, openings } = row;
  return { id, scope, tenant, agent, of, day, endsMs, used, held, opened, openings };
}
