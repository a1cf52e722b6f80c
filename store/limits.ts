// What was taken of limits per period. A claim takes, in its own transaction; an outcome that says that nothing happened
// gives it back. Sums are counted, never kept, so that none can differ from what was claimed. May import domain types only.
import { sql } from 'kysely';
import type { Outcome } from '../domain/action.ts';
import type { FactOf } from '../domain/entry.ts';
import type { Reserve, Sums } from '../domain/limit.ts';
import { reservesIn } from '../domain/verdict.ts';
import type { Counted, Taking } from './claim-port.ts';
import { readEntry } from './entry-text.ts';
import type { Db, Tx } from './schema.ts';

/** What was taken of it by all other actions that succeeded, go on, or may have happened. */
export async function usedOf(on: Db | Tx, counted: Counted): Promise<Sums> {
  const { actionId, agent, limit, per, period, tenant, principalId } = counted;
  const rows = await on
    .selectFrom('limit_takes')
    .select(['currency', sql<number>`sum(units)::bigint`.as('units')])
    .where('agent', '=', agent)
    .where('limit_name', '=', limit)
    .$if(per !== 'agent', (query) => query.where('tenant', '=', tenant))
    .$if(per === 'principal', (query) => query.where('principal_id', '=', principalId))
    .where('at_ms', '>=', period.fromMs)
    .where('at_ms', '<', period.toMs)
    .where('given_back_ms', 'is', null)
    .where('action_id', '!=', actionId)
    .groupBy('currency')
    .orderBy('currency')
    .execute();
  return Object.fromEntries(rows.map(({ currency, units }) => [currency, units]));
}

type Taker = Pick<Counted, 'actionId' | 'agent' | 'tenant'>;

/** The first limit of which there is not enough left; undefined where all fits. Whoever asks holds the ledger's lock. */
export async function whatDoesNotFit(
  tx: Tx,
  taker: Taker,
  { principalId, reserves }: Taking,
): Promise<Reserve | undefined> {
  for (const reserve of reserves) {
    const { currency, takes, most } = reserve;
    if (most === null) continue;
    const used = await usedOf(tx, { ...taker, ...reserve, principalId });
    if ((used[currency] ?? 0) + takes > most) return reserve;
  }
  return undefined;
}

/** Take it. Of an action that has taken it before nothing more is taken. */
export async function take(
  tx: Tx,
  { actionId, agent, tenant }: Taker,
  { principalId, reserves }: Taking,
): Promise<void> {
  if (reserves.length === 0) return;
  const rows = reserves.map(({ limit, currency, takes, atMs }) => ({
    ...{ action_id: actionId, limit_name: limit, agent, tenant, principal_id: principalId },
    ...{ currency, units: takes, at_ms: atMs },
  }));
  await tx
    .insertInto('limit_takes')
    .values(rows)
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}

/** Whether an action that ended so keeps what it took: what happened, or may have. */
const keeps = ({ kind }: Outcome): boolean => kind === 'succeeded' || kind === 'unknown';

/** Give back what the action took, where it ended so that nothing happened. */
export async function giveBack(tx: Tx, actionId: string, outcome: Outcome, nowMs: number): Promise<void> {
  if (keeps(outcome)) return;
  await tx
    .updateTable('limit_takes')
    .set({ given_back_ms: nowMs })
    .where('action_id', '=', actionId)
    .where('given_back_ms', 'is', null)
    .execute();
}

/** After a loss: take again what the ledger says that a claim took, and give it back where it ended so. */
export async function takeAgain(tx: Tx, actionId: string): Promise<void> {
  const claim = await tx
    .selectFrom('claims')
    .select(['outcome', 'receipt_ms'])
    .where('action_id', '=', actionId)
    .executeTakeFirst();
  if (claim === undefined) return;
  const taken = await takenOnRecord(tx, actionId);
  if (taken !== undefined) await take(tx, taken.taker, taken.taking);
  if (claim.outcome !== null) await giveBack(tx, actionId, claim.outcome, claim.receipt_ms ?? 0);
}

async function takenOnRecord(
  tx: Tx,
  actionId: string,
): Promise<{ readonly taker: Taker; readonly taking: Taking } | undefined> {
  const rows = await tx
    .selectFrom('ledger')
    .select(['step', 'kind', 'entry'])
    .where('subject', '=', actionId)
    .where('kind', 'in', ['proposed', 'ruled', 'claimed'])
    .orderBy('seq')
    .execute();
  const first = <K extends 'proposed' | 'ruled' | 'claimed'>(kind: K, step?: string) => {
    const row = rows.find((one) => one.kind === kind && (step === undefined || one.step === step));
    return row && (readEntry(row.entry, null).fact as FactOf<K>);
  };
  const [proposal, warrant] = [first('proposed')?.proposal, first('claimed')?.warrant ?? undefined];
  const ruling = warrant && first('ruled', warrant.verdictStep);
  if (proposal === undefined || ruling === undefined) return undefined;
  const { agent, tenant, principal } = proposal;
  return {
    taker: { actionId, agent, tenant },
    taking: { principalId: principal.id, reserves: reservesIn(ruling.verdict) },
  };
}
