// What tests of what grows write, and ask of maintenance.
import { equal } from 'node:assert/strict';
import type { Amounts, CallBounds } from '../../domain/spending.ts';
import type { Reserving } from '../../store/budget-port.ts';
import { ada, aConversationId, anEntry, aReply, BY_ITSELF } from './builders.ts';
import type { Subject } from './contract.test.ts';

export const DAY_MS = 86_400_000;
// In the middle of a day, and behind the clock of the database.
export const NOW_MS = Date.parse('2024-06-15T12:00:00Z');
export const daysAgo = (days: number): number => NOW_MS - days * DAY_MS;
const LIMIT = 100_000;

const PLENTY: Amounts = { modelCalls: 1_000, toolCalls: 100_000, tokens: 1_000_000, microUsd: 1_000_000 };
const BOUNDS: CallBounds = {
  ...{ promptTokens: 100, completionTokens: 10, toolCalls: 4 },
  price: { promptMicroUsd: 1, completionMicroUsd: 2 },
};

/** A call of a conversation and a principal of their own, on the day of that moment. */
export function aCall(conversationId: string, turn: number, atMs: number, tokens = 1_000_000): Reserving {
  const endsMs = (Math.floor(atMs / DAY_MS) + 1) * DAY_MS;
  const day = new Date(atMs).toISOString().slice(0, 10);
  const limited = (scope: keyof Reserving['budgets'], when: { day: string; endsMs: number | null }) => ({
    budget: {
      ...{ id: [scope, conversationId, when.day].join(' '), scope, tenant: 'default', agent: `a-${conversationId}` },
      ...{ of: scope === 'conversation' ? conversationId : `of-${conversationId}`, ...when },
    },
    limits: PLENTY,
  });
  return {
    ...{ callId: `${conversationId}:${turn}:0`, conversationId, turn, step: `model:${turn}:0`, bounds: BOUNDS, atMs },
    budgets: {
      conversation: limited('conversation', { day: '', endsMs: null }),
      principal_day: limited('principal_day', { day, endsMs }),
      agent_day: limited('agent_day', { day, endsMs }),
    },
    turnLimits: { tokensPerTurn: tokens, microUsdPerTurn: 1_000_000 },
  };
}

/** Held, and on record as the assistant writes it; with the reply that ends its turn. */
export async function makeCall({ store, sql }: Subject, call: Reserving, ends = true): Promise<Reserving> {
  const { conversationId, turn, step, atMs } = call;
  equal((await store.budgets.reserve(call)).kind, 'held');
  const body = { kind: 'calls', text: '', calls: [], opaque: '' } as const;
  await store.items.append([{ key: step, conversationId, turn, trust: 'model', body }], (items) =>
    items.map(({ id }) =>
      anEntry(
        conversationId,
        conversationId,
        step,
        {
          ...({ kind: 'model_call', turn, model: 'm', requestId: 'r', shown: [], itemId: id, itemDigest: '' } as const),
          ...{ promptTokens: 40, completionTokens: 5, cost: null },
        },
        atMs,
      ),
    ),
  );
  if (ends) await answer({ store, sql }, call, atMs);
  return call;
}

/** The reply that ends its turn, given at that moment. */
export async function answer(
  { store, sql }: Pick<Subject, 'store' | 'sql'>,
  { conversationId, turn }: Reserving,
  atMs: number,
) {
  const [reply] = await store.items.append([aReply(conversationId, turn)]);
  await sql.query('update countersign.items set created_ms = $1 where id = $2', [Math.floor(atMs), reply?.id]);
}

export async function aTalk({ store }: Subject, atMs: number, closedMs?: number): Promise<string> {
  const id = aConversationId();
  const whose = { agent: `a-${id}`, tenant: 'default', owner: 'per_olga', principal: ada };
  await store.record([anEntry(id, id, 'opened', { kind: 'conversation_opened', ...whose }, atMs)]);
  if (closedMs !== undefined) {
    const closed = { kind: 'phase', phase: 'closed', by: 'olga', reason: 'a test' } as const;
    await store.record([anEntry(id, id, 'closed', closed, closedMs)]);
  }
  return id;
}

export async function dueOf({ store }: Subject, task: string, nowMs = NOW_MS, limit = LIMIT) {
  const works = await store.maintenance.due({ agents: [], nowMs, limit });
  const work = works.find((one) => one.task === task);
  if (work === undefined) throw new Error(`there is no task ${task}`);
  return { ...work, ids: work.due.map(({ id }) => id) };
}

export async function run({ store }: Subject, nowMs = NOW_MS, rows = LIMIT) {
  // As where a proof has moved the clock.
  const moved = { ...BY_ITSELF, movedMs: Math.max(0, nowMs - Date.now()) };
  const works = await store.maintenance.run({ agents: [], nowMs, limit: LIMIT, ...moved, rows });
  for (const { task, failed } of works) equal(failed, undefined, task);
  return Object.fromEntries(works.map(({ task, done }) => [task, done]));
}

export async function reservedIn({ sql }: Subject, conversationId: string): Promise<readonly string[]> {
  const rows = await sql.query<{ readonly id: string }>(
    'select call_id as id from countersign.reservations where conversation_id = $1 order by call_id',
    [conversationId],
  );
  return rows.map(({ id }) => id);
}

export const standing = ({ store }: Subject, { budgets }: Reserving) =>
  Promise.all(Object.values(budgets).map(({ budget }) => store.budgets.get(budget.id)));
