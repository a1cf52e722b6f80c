// The SQL port that tools get, over a pool of one system of record. May import domain types and the pool.
// A transaction's port runs on its one connection; a transaction inside it is a savepoint.
import type pg from 'pg';
import type { Sql } from '../domain/tool.ts';
import { connectGuarded, type GuardedClient } from './pool.ts';

/** The port over a pool; the pool stays its maker's to end. Failures of the connection are StoreUnavailable. */
export function createSql(pool: pg.Pool): Sql {
  const withClient = async <T>(work: (client: GuardedClient) => Promise<T>): Promise<T> => {
    const client = await connectGuarded(pool);
    try {
      return await work(client);
    } finally {
      client.release();
    }
  };
  return {
    query: <Row extends object>(text: string, values?: readonly unknown[]) =>
      withClient(async (client) => (await client.query<Row>(text, values)).rows as Row[]),
    transaction: (work) =>
      withClient((client) =>
        bracketed(client, { begin: 'begin', commit: 'commit', rollback: 'rollback' }, () => work(portOf(client, 1))),
      ),
  };
}

function portOf(client: GuardedClient, depth: number): Sql {
  const name = `nested_${depth}`;
  const savepoint = {
    begin: `savepoint ${name}`,
    commit: `release savepoint ${name}`,
    rollback: `rollback to savepoint ${name}`,
  };
  return {
    query: async <Row extends object>(text: string, values?: readonly unknown[]) =>
      (await client.query<Row>(text, values)).rows as Row[],
    transaction: (work) => bracketed(client, savepoint, () => work(portOf(client, depth + 1))),
  };
}

interface Bracket {
  readonly begin: string;
  readonly commit: string;
  readonly rollback: string;
}

async function bracketed<T>(client: GuardedClient, bracket: Bracket, work: () => Promise<T>): Promise<T> {
  await client.query(bracket.begin);
  try {
    const result = await work();
    const { command } = await client.query(bracket.commit);
    // PostgreSQL answers a commit after a failed statement with a silent rollback.
    if (command === 'ROLLBACK') throw new Error('nothing was written: a statement of the transaction had failed');
    return result;
  } catch (error) {
    // On a lost connection the server rolls back by itself; what failed first is what the caller must see.
    await client.query(bracket.rollback).catch(() => undefined);
    throw error;
  }
}
