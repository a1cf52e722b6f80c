// Rules whose asks name no amount, so that nobody's own limit binds there: told from what they asked last. One statement
// over a bounded number of approvals. May import domain types.
import { sql } from 'kysely';
import type { AskedWithoutAmount } from '../domain/asks.ts';
import type { Db } from './schema.ts';

// 2,000 asks, the newest: what a rule asks it asks again and again, and each has its text of up to 32 KB read once.
const MAX_ASKS_LOOKED = 2_000;
// 100: of rules and tools; whoever has more without an amount has read the first hundred before.
const MAX_RULES = 100;

export async function askedWithoutAmountIn(
  db: Db,
  { fromMs }: { readonly fromMs: number },
): Promise<readonly AskedWithoutAmount[]> {
  // PostgreSQL reads no JSON that holds a NUL or half a surrogate pair anywhere; what a far side has sent may.
  const read = sql.raw(
    String.raw`regexp_replace(approval::text, '\\u(0000|[dD][89a-fA-F][0-9a-fA-F]{2})', '\\ufffd', 'g')::json`,
  );
  const { rows } = await sql<AskedWithoutAmount>`
    with asked as materialized (
      select agent, rule_id, group_name, escalation, asked_ms, ${read} as read from countersign.approvals
      where rule_id is not null and asked_ms >= ${fromMs} order by asked_ms desc, id desc limit ${MAX_ASKS_LOOKED}
    ),
    last as (
      select distinct on (agent, rule_id, read ->> 'tool') *, read ->> 'tool' as tool from asked
      order by agent, rule_id, read ->> 'tool', asked_ms desc
    )
    select agent, rule_id as "ruleId", tool, group_name as "group", escalation from last
    where read -> 'amount' is null order by agent, rule_id, tool limit ${MAX_RULES}`.execute(db);
  return rows;
}
