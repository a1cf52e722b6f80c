// How much the rules ask of people, counted from the approvals of a period and what the ledger has of each: decisions, looks
// at its page, cards. One statement, over a bounded number of approvals, each looked up by index. May import domain.
import { sql } from 'kysely';
import {
  type Burden,
  BURDEN_BUCKETS_S,
  MAX_ASKS_COUNTED,
  MAX_BURDEN_RULES,
  type RuleBurden,
  type Times,
} from '../domain/burden.ts';
import type { Db } from './schema.ts';

interface Period {
  readonly fromMs: number;
  readonly toMs: number;
}

interface Row {
  readonly agent: string;
  readonly rule_id: string;
  readonly asked: number;
  readonly expired: number;
  readonly open: number;
  readonly answers: Partial<RuleBurden['answers']> | null;
  readonly decided: Times | null;
  readonly page: Times | null;
  readonly card: Times | null;
  /** Of all rules: how many there are, how many asks, and when the first of these was. */
  readonly rules: number;
  readonly all_asked: number;
  readonly first_ms: number;
}

export async function burdenIn(db: Db, period: Period, maxAsks = MAX_ASKS_COUNTED): Promise<Burden> {
  const { rows } = await sql<Row>`
    with asked as materialized (
      select id, agent, rule_id, end_state, asked_ms from countersign.approvals
      where rule_id is not null and asked_ms >= ${period.fromMs} and asked_ms < ${period.toMs}
      order by asked_ms desc, id desc
      -- One more than is counted tells that there are more.
      limit ${maxAsks + 1}
    ),
    counted as (select * from asked order by asked_ms desc, id desc limit ${maxAsks}),
    said as (${saidOn('counted')}),
    by_rule as (
      select agent, rule_id, count(*) as asked,
        count(*) filter (where end_state = 'expired') as expired,
        count(*) filter (where end_state = 'open') as open
      from counted group by agent, rule_id
    ),
    by_answer as (
      select agent, rule_id, json_object_agg(answer, times) as answers
      from (select agent, rule_id, answer, count(*) as times from said group by agent, rule_id, answer) as each
      group by agent, rule_id
    ),
    timed as (
      select agent, rule_id, ${timesOf('after_ms')} as decided, ${timesOf('page_ms')} as page,
        ${timesOf('card_ms')} as card
      from said where answer in ('approve', 'deny', 'edit') group by agent, rule_id
    )
    select by_rule.*, answers, decided, page, card, count(*) over () as rules,
      (select count(*) from asked) as all_asked, (select min(asked_ms) from counted) as first_ms
    from by_rule left join by_answer using (agent, rule_id) left join timed using (agent, rule_id)
    order by asked desc, agent, rule_id limit ${MAX_BURDEN_RULES}`.execute(db);
  const { rules = 0, all_asked: asks = 0, first_ms: firstMs = 0 } = rows[0] ?? {};
  const isShort = asks > maxAsks;
  const fromMs = isShort ? firstMs : period.fromMs;
  return { fromMs, toMs: period.toMs, rules: rows.map(fromRow), isCut: isShort || rules > rows.length };
}

/**
 * Each counted decision: how long after the ask, after the person's look at the page, or else after the card it was. Each
 * "offset 0" keeps a look-up by the index of the ledger, and its text read once, however large the ledger has grown.
 */
function saidOn(asks: string) {
  // PostgreSQL reads no JSON that holds a NUL anywhere; an id or a word of a decision holds none.
  const fact = sql.raw(String.raw`replace(entry, '\u0000', '\u0020')::json -> 'fact'`);
  return sql`
    select ask.agent, ask.rule_id, fact ->> 'answer' as answer,
      greatest(0, told.at_ms - ask.asked_ms) as after_ms,
      told.at_ms - page.at_ms as page_ms,
      case when page.at_ms is null then told.at_ms - card.at_ms end as card_ms
    from ${sql.raw(asks)} as ask
    cross join lateral (
      select at_ms, ${fact} as fact from countersign.ledger
      where subject = ask.id and starts_with(step, 'decided:') and kind = 'decided' offset 0
    ) as told
    left join lateral (
      select at_ms from countersign.ledger
      where subject = ask.id and step = 'seen:' || (fact ->> 'personId') and kind = 'approval_seen'
        and at_ms <= told.at_ms offset 0
    ) as page on true
    left join lateral (
      select min(at_ms) as at_ms from countersign.ledger
      where subject = ask.id and starts_with(step, 'card_shown:' || (fact ->> 'method') || ' ')
        and kind = 'card_shown' and at_ms <= told.at_ms
    ) as card on true`;
}

/** As JSON, so that each kind of time is one column. */
function timesOf(column: string) {
  const ms = sql.ref(column);
  const within = BURDEN_BUCKETS_S.map((s) => sql`count(*) filter (where ${ms} <= ${sql.lit(s * 1000)})`);
  return sql`json_build_object(
    'count', count(${ms}), 'sumMs', coalesce(sum(${ms}), 0),
    'medianMs', round(percentile_cont(0.5) within group (order by ${ms})),
    'p10Ms', round(percentile_cont(0.1) within group (order by ${ms})),
    'buckets', json_build_array(${sql.join(within)}))`;
}

const NONE: Times = { count: 0, sumMs: 0, medianMs: null, p10Ms: null, buckets: BURDEN_BUCKETS_S.map(() => 0) };
const NOTHING_SAID: RuleBurden['answers'] = { approve: 0, deny: 0, edit: 0, withdraw: 0, ask_back: 0 };

const fromRow = ({ agent, rule_id: ruleId, asked, expired, open, answers, decided, page, card }: Row): RuleBurden => ({
  ...{ agent, ruleId, asked, expired, open, answers: { ...NOTHING_SAID, ...answers } },
  ...{ decided: decided ?? NONE, page: page ?? NONE, card: card ?? NONE },
});
