// Open approvals that no channel has shown anybody, as the ledger has it. One statement over a bounded number of open ones,
// each looked up by index. May import domain types.
import { sql } from 'kysely';
import type { Unshown } from '../domain/asks.ts';
import type { Db } from './schema.ts';
import { openRows } from './words.ts';

// 5,000 open ones, the oldest: several times what the busiest house lets wait; what is newer is looked at as they end.
const MAX_OPEN_LOOKED = 5_000;
// 200 of them: whoever has so many that nobody sees has one fault, and the first ones show it.
const MAX_UNSHOWN = 200;

/** Oldest first. */
export async function unshownIn(db: Db): Promise<readonly Unshown[]> {
  const { rows } = await sql<Pick<Unshown, 'approval'> & { readonly id: string; readonly refused_step: string | null }>`
    with open as materialized (
      select id from countersign.approvals where end_state = 'open' order by asked_ms limit ${MAX_OPEN_LOOKED}
    )
    select id, approval, (
      select step from countersign.ledger
      where subject = open.id and starts_with(step, 'card_not_shown:') and kind = 'card_not_shown'
      order by seq desc limit 1
    ) as refused_step
    from open join countersign.approvals using (id)
    where not exists (
      select from countersign.ledger
      where subject = open.id and starts_with(step, 'card_shown:') and kind = 'card_shown'
    )
    order by asked_ms, id limit ${MAX_UNSHOWN}`.execute(db);
  const opened = await openRows(db, 'approvals', rows);
  return opened.map(({ approval, refused_step: refusedStep }) => ({ approval, refusedStep }));
}
