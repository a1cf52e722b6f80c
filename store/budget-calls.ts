// Model calls that have ended: what the ledger says that they used is counted in place of what was held for them. May import
// domain types only.
import type { Selectable } from 'kysely';
import { type Amounts, type Budget, boundOf, type CallBounds, HELD_AT_MOST_MS, minus } from '../domain/spending.ts';
import { plus, usedBy } from '../domain/spending.ts';
import type { Reserving } from './budget-port.ts';
import { readEntry } from './entry-text.ts';
import type { Tables, Tx } from './schema.ts';
import { openRow } from './words.ts';

// 20 calls that have ended since: each call counts up to so many others besides itself, so none are left behind for long.
const SETTLED_AT_ONCE = 20;

export type Reservation = Selectable<Tables['reservations']>;

/** With what the ledger says of it; null where it says nothing. */
export type Ended = Reservation & { readonly entry: string | null };

export const budgetsOf = (one: Reservation): readonly string[] => [
  one.conversation_budget,
  one.principal_budget,
  one.agent_budget,
];

/** Calls of the same agent, or conversation, that hold something still, and are on record or can no longer come. */
export async function endedCalls(
  tx: Tx,
  { conversationId, budgets, atMs, callId }: Reserving,
): Promise<readonly Ended[]> {
  return tx
    .selectFrom('reservations')
    .leftJoin('ledger', (join) =>
      join.onRef('ledger.subject', '=', 'reservations.conversation_id').onRef('ledger.step', '=', 'reservations.step'),
    )
    .selectAll('reservations')
    .select('ledger.entry')
    .where('used', 'is', null)
    .where('call_id', '!=', callId)
    .where((eb) =>
      eb.or([
        eb('agent_budget', '=', budgets.agent_day.budget.id),
        eb('reservations.conversation_id', '=', conversationId),
      ]),
    )
    .where((eb) => eb.or([eb('reserved_ms', '<', atMs - HELD_AT_MOST_MS), eb('ledger.seq', 'is not', null)]))
    .orderBy((eb) => eb('reservations.conversation_id', '=', conversationId), 'desc')
    .orderBy('reserved_ms')
    .limit(SETTLED_AT_ONCE)
    .execute();
}

/** Count what these calls have used in the place of what was held for them; what another has counted meanwhile is left. */
export async function settle(
  tx: Tx,
  ended: readonly Ended[],
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
async function usedByCall(tx: Tx, { entry, bounds }: Pick<Ended, 'entry' | 'bounds'>): Promise<Amounts> {
  const recorded = entry === null ? undefined : await useIn(tx, entry, bounds);
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
