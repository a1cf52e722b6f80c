// What an owner's agents did in a period, counted from the read models and the ledger; and who is gone of those who own
// what is still open. May import domain types only.
import { sql } from 'kysely';
import type { Outcome } from '../domain/action.ts';
import { QUESTION } from '../domain/ids.ts';
import { askedWithoutAmountIn } from './amounts.ts';
import { burdenIn } from './burden.ts';
import type { Store } from './ports.ts';
import type { Db } from './schema.ts';
import { unshownIn } from './unshown.ts';

// 100: orphans by agent and owner; more would be a directory that was lost, which the first hundred show.
const MAX_ORPHANS = 100;

interface Period {
  readonly owner: string;
  readonly fromMs: number;
  readonly toMs: number;
}

export function createReports(db: Db): Store['reports'] {
  return {
    async ofOwner(period) {
      const [outcomes, asked, spent] = await Promise.all([
        outcomesIn(db, period),
        askedIn(db, period),
        spentIn(db, period),
      ]);
      return { outcomes, ...asked, ...spent };
    },
    burden: (period) => burdenIn(db, period),
    unshown: () => unshownIn(db),
    askedWithoutAmount: (period) => askedWithoutAmountIn(db, period),
    async orphans({ agents, people }) {
      const rows = await db
        .selectFrom('conversations')
        .select(['agent', 'owner', (eb) => eb.fn.countAll<number>().as('count')])
        .where('phase', '!=', 'closed')
        .where((eb) => eb.not(eb.and([eb('agent', 'in', atLeastOne(agents)), eb('owner', 'in', atLeastOne(people))])))
        .groupBy(['agent', 'owner'])
        .orderBy('agent')
        .orderBy('owner')
        .limit(MAX_ORPHANS)
        .execute();
      return rows.map(({ agent, owner, count }) => ({ agent, owner, count }));
    },
  };
}

/** SQL has no empty list; '' is nobody's name. */
const atLeastOne = (names: readonly string[]): string[] => (names.length === 0 ? [''] : [...names]);

async function outcomesIn(db: Db, { owner, fromMs, toMs }: Period): Promise<Readonly<Record<string, number>>> {
  const rows = await db
    .selectFrom('actions')
    .innerJoin('conversations', 'conversations.id', 'actions.conversation_id')
    .select(['outcome_kind', (eb) => eb.fn.countAll<number>().as('count')])
    .where('owner', '=', owner)
    .where('actions.created_ms', '>=', fromMs)
    .where('actions.created_ms', '<', toMs)
    .groupBy('outcome_kind')
    .execute();
  const counted = new Map<Outcome['kind'] | 'open', number>();
  for (const { outcome_kind: kind, count } of rows) counted.set(kind ?? 'open', count);
  return Object.fromEntries(counted);
}

async function askedIn(db: Db, { owner, fromMs, toMs }: Period) {
  const row = await db
    .selectFrom('approvals')
    .innerJoin('conversations', 'conversations.id', 'approvals.conversation_id')
    .select([
      sql<number>`count(*) filter (where approvals.id not like ${`%${QUESTION}.%`})`.as('asks'),
      sql<number>`count(*) filter (where approvals.id like ${`%${QUESTION}.%`})`.as('questions'),
    ])
    .where('owner', '=', owner)
    .where('asked_ms', '>=', fromMs)
    .where('asked_ms', '<', toMs)
    .executeTakeFirstOrThrow();
  return { asks: row.asks, questions: row.questions };
}

/** From the entries of model calls, whose text holds nothing of people, and so no NUL that PostgreSQL could not read. */
async function spentIn(db: Db, { owner, fromMs, toMs }: Period) {
  const fact = (member: string) => sql`entry::json #>> ${`{fact,${member}}`}::text[]`;
  const rows = await db
    .selectFrom('ledger')
    .innerJoin('conversations', 'conversations.id', 'ledger.conversation_id')
    .select([
      sql<string | null>`${fact('cost,currency')}`.as('currency'),
      sql<number>`count(*)`.as('calls'),
      sql<number>`coalesce(sum((${fact('promptTokens')})::bigint), 0)::bigint`.as('prompt'),
      sql<number>`coalesce(sum((${fact('completionTokens')})::bigint), 0)::bigint`.as('completion'),
      sql<number>`coalesce(sum((${fact('cost,micros')})::bigint), 0)::bigint`.as('micros'),
    ])
    .where('kind', '=', 'model_call')
    .where('owner', '=', owner)
    .where('at_ms', '>=', fromMs)
    .where('at_ms', '<', toMs)
    .groupBy(sql`1`)
    .orderBy(sql`1`)
    .execute();
  const sum = (of: (row: (typeof rows)[number]) => number) => rows.reduce((total, row) => total + of(row), 0);
  return {
    modelCalls: sum(({ calls }) => calls),
    promptTokens: sum(({ prompt }) => prompt),
    completionTokens: sum(({ completion }) => completion),
    cost: rows.flatMap(({ currency, micros }) => (currency === null ? [] : [{ currency, micros }])),
    unpriced: rows.filter(({ currency }) => currency === null).reduce((total, { calls }) => total + calls, 0),
  };
}
