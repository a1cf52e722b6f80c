// What a conversation of the proof `flat` has cost, and when: from Temporal's histories of all its runs, from the rows that
// the store keeps of it, and from what the kernel says of the roles' memory.
import type { Client } from '@temporalio/client';
import { conversationWorkflowId } from '../../../domain/ids.ts';
import { memoryOfRoles } from '../parked/measure.ts';
import type { Rig } from '../rig/rig.ts';
import { ask } from '../rig/truth.ts';

/** So much, at a moment. */
export interface Spent {
  readonly atMs: number;
  readonly amount: number;
}

export interface History {
  readonly runs: number;
  /** Of each event, its bytes: as JSON, with its payloads as they are. */
  readonly events: readonly Spent[];
}

export async function historyOf({ workflow }: Client, conversationId: string): Promise<History> {
  const id = conversationWorkflowId(conversationId);
  const found: Spent[] = [];
  let runs = 0;
  let runId: string | undefined = (await workflow.getHandle(id).describe()).runId;
  while (runId !== undefined) {
    const { events } = await workflow.getHandle(id, runId).fetchHistory();
    for (const event of events ?? []) {
      const { seconds, nanos } = event.eventTime ?? {};
      const atMs = Number(seconds ?? 0) * 1_000 + Math.floor((nanos ?? 0) / 1_000_000);
      found.push({ atMs, amount: JSON.stringify(event, plainBytes).length });
    }
    runs += 1;
    runId = events?.[0]?.workflowExecutionStartedEventAttributes?.continuedExecutionRunId || undefined;
  }
  return { runs, events: found };
}

/** As they are, and not as a list of numbers, which is what a Buffer makes of itself. */
function plainBytes(this: unknown, key: string, value: unknown): unknown {
  const bytes: unknown = Reflect.get(Object(this), key);
  return bytes instanceof Uint8Array ? new TextDecoder('latin1').decode(bytes) : value;
}

/** Each table that keeps rows of a conversation, and when a row was written. */
const TABLES = {
  items: 'created_ms',
  actions: 'created_ms',
  claims: 'claimed_ms',
  reservations: 'reserved_ms',
  ledger: 'at_ms',
} as const;

/** Bytes of each row of it, as PostgreSQL keeps them. */
export async function rowsOf(rig: Rig, conversationId: string): Promise<readonly Spent[]> {
  const own = Object.entries(TABLES).map(
    ([table, atMs]) =>
      `select ${atMs}::float8 as "atMs", pg_column_size(row_of.*)::float8 as amount
       from countersign.${table} as row_of where conversation_id = $1`,
  );
  const seals = `select at_ms::float8 as "atMs", pg_column_size(seal.*)::float8 as amount
    from countersign.ledger_seals as seal join countersign.ledger using (seq) where conversation_id = $1`;
  return ask<{ atMs: number; amount: number }>(rig, [...own, seals].join(' union all '), [conversationId]);
}

/** A model call, and how many tokens the system counted of what it showed; null where it has not said. */
export interface Called {
  readonly turn: number;
  readonly tokens: number | null;
}

export const modelCallsOf = (rig: Rig, conversationId: string): Promise<readonly Called[]> =>
  ask<Called>(
    rig,
    `select (entry::json->'fact'->>'turn')::int as turn,
       (entry::json->'fact'->'within'->>'countedTokens')::int as tokens
     from countersign.ledger where conversation_id = $1 and kind = 'model_call' order by seq`,
    [conversationId],
  );

/** An item of its transcript, in order. */
export interface Kept {
  readonly key: string;
  readonly kind: string;
  readonly turn: number;
  readonly atMs: number;
}

export const itemsOf = (rig: Rig, conversationId: string): Promise<readonly Kept[]> =>
  ask<Kept>(
    rig,
    `select key, kind, turn, created_ms::float8 as "atMs" from countersign.items where conversation_id = $1 order by seq`,
    [conversationId],
  );

// 1 s: some samples in each decile, and next to nothing of a processor.
const SAMPLE_MS = 1_000;

/** What the roles keep in memory, again and again, until `stop`. */
export function watchMemory(rig: Rig) {
  const samples: Spent[] = [];
  const sample = () => samples.push({ atMs: Date.now(), amount: memoryOfRoles(rig) });
  sample();
  const timer = setInterval(sample, SAMPLE_MS);
  return {
    samples,
    stop(): void {
      clearInterval(timer);
    },
  };
}
