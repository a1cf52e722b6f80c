// Builders for the tests of the agents: a real PostgreSQL in memory, and calls as the actor would make them. Only here
// is the brand of a verified warrant cast; everywhere else the verifier makes it.
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PGlite, Transaction } from '@electric-sql/pglite';
import type { Authorized, Call, Sql, ToolContext } from 'countersign';

// A fixed day, so that "12 days ago" is the same in every run.
export const NOW_MS = Date.UTC(2026, 2, 15, 10, 0, 0);
export const ADA = { id: 'customer-ada', name: 'Ada Brandt', tenant: 'default' };
export const BEN = { id: 'customer-ben', name: 'Ben Okafor', tenant: 'default' };
export const FINN = { id: 'finn', name: 'Finn Berger', tenant: 'default' };

/** A port over an embedded PostgreSQL; it refuses a query of the outer port while a transaction is open. */
export function sqlOver(db: PGlite): Sql {
  return {
    query: async <Row extends object>(text: string, values: readonly unknown[] = []) =>
      (await db.query<Row>(text, [...values])).rows,
    transaction: (work) => db.transaction((open) => work(sqlWithin(open))),
  };
}

function sqlWithin(open: Transaction): Sql {
  return {
    query: async <Row extends object>(text: string, values: readonly unknown[] = []) =>
      (await open.query<Row>(text, [...values])).rows,
    transaction: () => Promise.reject(new Error('a transaction within a transaction')),
  };
}

export interface World {
  readonly sql: Sql;
  readonly outbox: string;
  /** Secrets that the actor would find in its environment. */
  readonly secrets: Map<string, string>;
  context(idempotencyKey?: string, nowMs?: number): ToolContext;
}

export function aWorld(sql: Sql): World {
  const home = mkdtempSync(join(tmpdir(), 'countersign-agents-'));
  const secrets = new Map<string, string>();
  return {
    sql,
    outbox: home,
    secrets,
    context: (idempotencyKey = 'c-1:1:0', nowMs = NOW_MS) => ({
      access: { database: () => sql, secret: (name) => secrets.get(name), folder: () => home },
      idempotencyKey,
      signal: new AbortController().signal,
      nowMs,
      assertHeld: async () => undefined,
    }),
  };
}

export function aCall<Input>(input: Input, principal = ADA): Authorized<Call<Input>> {
  const call: Call<Input> = { actionId: 'c-1:1:0', conversationId: 'c-1', input, principal };
  return call as Authorized<Call<Input>>;
}
